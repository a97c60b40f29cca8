/**
 * An account on L1 that sends transactions and sees them through: nonces, fee bumps, lost answers, receipts.
 *
 * Guarantees: a transaction's hash is in the journal before it is sent; an answer that got lost does no harm, since
 * only receipts count; of several versions of one transaction (one nonce) at most one is mined.
 *
 * What is given up is *left behind*: its last version may lie in the pools for long and hold its nonce. The next
 * transaction takes that nonce over with fees that replace it, and `release` does so with a transfer of nothing to
 * itself. Pools replace a blob transaction by a blob transaction only, at twice its fees, and an ordinary one by an
 * ordinary one: what is of the other kind is released first.
 */
import type { BaseWallet, JsonRpcProvider, TransactionReceipt } from "ethers";

import type { ActorJournal } from "../journal/actorJournal.ts";
import { ActorError, isActorError, messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import { Mutex } from "../support/mutex.ts";
import { sleep } from "../support/sleep.ts";
import { type BlobSidecar, type BlobWrapperVersion, makeBlobSidecar } from "./blobSidecar.ts";
import { type SignedTransaction, signTransaction } from "./blobTransaction.ts";
import type { ContractError, ContractErrorDecoder } from "./contractErrors.ts";
import {
  type FeeCeiling,
  type L1Fees,
  bumpFees,
  isOutbid,
  isOverCeiling,
  isUnderCeiling,
  offerOf,
  readMarket,
  takeoverCeiling,
} from "./fees.ts";
import { type LeftBehind, readLeftBehind } from "./leftBehind.ts";
import {
  type Refusal,
  RevertError,
  isLost,
  notAsked,
  notMined,
  overCeiling,
  refusalOf,
} from "./sendErrors.ts";
import { revertReason, simulateCall } from "./simulation.ts";

export { RevertError } from "./sendErrors.ts";

/** Parameters of {@link L1Account}. */
export interface L1AccountOptions {
  provider: JsonRpcProvider;
  signer: BaseWallet;
  chainId: number;
  logger: Logger;
  errors: ContractErrorDecoder;
  journal?: Pick<ActorJournal, "entries" | "append">;
  /** Milliseconds between questions for a receipt. */
  pollInterval: number;
  /** L1 blocks without the transaction after which its fees are bumped; at once when L1 asks for more. Default 3. */
  bumpAfterBlocks?: number;
  /** Default: 1, and 0 when the chain refuses that. */
  blobWrapper?: BlobWrapperVersion;
}

/** A transaction to send. */
export interface SendRequest {
  /** What it is for, in one word; goes to journal and log. */
  purpose: string;
  /** Absent: `data` is init code, and creates a contract. */
  to?: string;
  data: string;
  value?: bigint;
  /** Absent: estimated, with a quarter to spare. Blob transactions need it, since chains estimate without blobs. */
  gasLimit?: bigint;
  blobs?: readonly Uint8Array[];
  /**
   * The nonce it must have, that of an earlier transaction for the same: at most one of the two is mined. Absent: the
   * account's next.
   */
  nonce?: number;
  /** Most that it offers, asked for before each version. Absent: no limit. */
  ceiling?: (() => FeeCeiling) | undefined;
  /** Ends the wait when the transaction has become useless; its nonce is left behind to be taken over. */
  expires?: AbortSignal | undefined;
  /** Ends the wait; the transaction may still be mined. */
  signal?: AbortSignal | undefined;
}

/** A mined transaction that did not revert. */
export interface SendResult {
  hash: string;
  receipt: TransactionReceipt;
  /** Versions sent, 1 without replacement. */
  attempts: number;
}

/** Parameters of {@link L1Account.simulate}. */
export interface SimulateRequest extends Pick<SendRequest, "data" | "value" | "gasLimit" | "blobs"> {
  to: string;
  /** Time of the L1 block it would stand in, in seconds since 1970. */
  timestamp: number;
}

/** Parameters of {@link L1Account.release}. */
export type ReleaseRequest = Pick<SendRequest, "ceiling" | "expires" | "signal">;

const MAX_ATTEMPTS = 8;

/** Questions for the receipt of a nonce that is mined: with a poll each half second, an L1 block's time. */
const RECEIPT_POLLS = 20;

/** A transfer to an account without code. */
const TRANSFER_GAS = 21_000n;

const EMPTY_BLOB = new Uint8Array(131_072);

export class L1Account {
  readonly #options: L1AccountOptions;
  readonly #order = new Mutex();
  readonly #sidecars = new WeakMap<Uint8Array, BlobSidecar>();
  /** By nonce; undefined until the first look at journal and pool. */
  #left: Map<number, LeftBehind> | undefined;
  #nextNonce = 0;
  #inFlight = 0;
  #wrapper: BlobWrapperVersion;

  constructor(options: L1AccountOptions) {
    this.#options = options;
    this.#wrapper = options.blobWrapper ?? 1;
  }

  get address(): string {
    return this.#options.signer.address;
  }

  /**
   * Sends a transaction and waits for its receipt.
   * @throws RevertError when it reverts (mined) or would (estimate); ActorError TRANSACTION_NOT_MINED when the wait
   * was ended, its nonce went to another transaction, or the fees were bumped eight times in vain; FEE_CEILING when
   * nothing was sent, because L1 asks for more than the ceiling; L1_UNREACHABLE when nothing was sent, because L1 did not
   * answer
   */
  async send(request: SendRequest): Promise<SendResult> {
    const gasLimit = request.gasLimit ?? (await this.#estimate(request));
    await this.#releaseOtherKind(request);
    // Versions of one transaction go out in the order of nonces; the waits overlap.
    const first = await this.#order.run(() => this.#begin(request, gasLimit));
    try {
      return await this.#seeThrough(request, gasLimit, first);
    } catch (error) {
      // Whatever ended the wait: versions that no block has may still lie in a pool.
      if (isActorError(error, "TRANSACTION_NOT_MINED")) this.#left!.set(first.nonce, first);
      throw error;
    } finally {
      this.#inFlight--;
    }
  }

  /**
   * Whether the transaction would revert at the end of L1's head, in a block of the given time. Undefined when it would
   * not, and when the node cannot tell: some refuse blobs or another time in `eth_call`.
   */
  async simulate(request: SimulateRequest): Promise<ContractError | undefined> {
    const { provider, errors, logger } = this.#options;
    const { blobs, ...call } = request;
    const blobVersionedHashes = blobs?.map((blob) => this.#sidecarOf(blob).versionedHash);
    return simulateCall({
      provider,
      errors,
      logger,
      call: { ...call, from: this.address, blobVersionedHashes },
    });
  }

  /** Whether a transaction that was given up may hold a nonce, one of an earlier run included. */
  async hasLeftBehind(): Promise<boolean> {
    if (this.#left?.size === 0) return false;
    return this.#order.run(async () => (await this.#mined()).left.size > 0);
  }

  /**
   * Frees every nonce that was left behind, with transfers of nothing to itself.
   * @throws ActorError as {@link send}
   */
  async release(request: ReleaseRequest = {}): Promise<void> {
    for (;;) {
      const { left } = await this.#order.run(() => this.#mined());
      const [oldest] = [...left].sort(([a], [b]) => a - b);
      if (!oldest) return;
      const [nonce, { blob }] = oldest;
      try {
        await this.#sendToItself({ ...request, nonce, blob });
      } catch (error) {
        // The earlier version may have been faster, which frees the nonce as well.
        const { left: now } = await this.#order.run(() => this.#mined());
        if (now.has(nonce) || !isActorError(error, "TRANSACTION_NOT_MINED")) throw error;
      }
    }
  }

  /** Computes the proofs of blobs that will be sent soon: it takes a third of a second each, best before a deadline. */
  prepare(blobs: readonly Uint8Array[]): void {
    for (const blob of blobs) this.#sidecarOf(blob);
  }

  #sidecarOf(blob: Uint8Array): BlobSidecar {
    const known = this.#sidecars.get(blob);
    if (known?.wrapper === this.#wrapper) return known;
    const sidecar = makeBlobSidecar({ blob, wrapper: this.#wrapper });
    this.#sidecars.set(blob, sidecar);
    return sidecar;
  }

  async #estimate({ purpose, to, data, value = 0n }: SendRequest): Promise<bigint> {
    try {
      const gas = await this.#options.provider.estimateGas({
        from: this.address,
        to: to ?? null,
        data,
        value,
      });
      return (gas * 5n) / 4n;
    } catch (error) {
      if (isLost(error)) throw notAsked(purpose, error);
      throw new RevertError("TRANSACTION_REFUSED", purpose, this.#options.errors.decodeThrown(error), error);
    }
  }

  #sendToItself({
    nonce,
    blob,
    ...request
  }: ReleaseRequest & { nonce: number; blob: boolean }): Promise<SendResult> {
    return this.send({
      ...request,
      purpose: `release-${nonce}`,
      to: this.address,
      data: "0x",
      gasLimit: TRANSFER_GAS,
      nonce,
      ...(blob ? { blobs: [EMPTY_BLOB] } : {}),
    });
  }

  /** A pool takes no transaction of one kind from an account with a pending one of the other. */
  async #releaseOtherKind({ blobs, nonce, ceiling, expires, signal }: SendRequest): Promise<void> {
    if (nonce !== undefined || this.#left?.size === 0) return;
    const { left } = await this.#order.run(() => this.#mined());
    const other = [...left.values()].some(({ blob }) => blob !== (blobs !== undefined));
    if (other) await this.release({ ceiling, expires, signal });
  }

  /** The chain's count of mined transactions, and what was left behind from there on. */
  async #mined(): Promise<{ mined: number; left: Map<number, LeftBehind> }> {
    const { provider, journal } = this.#options;
    const mined = await provider.getTransactionCount(this.address, "latest");
    this.#left ??= await readLeftBehind({
      provider,
      sends: journal?.entries ?? [],
      from: this.address,
      mined,
    });
    for (const nonce of this.#left.keys()) if (nonce < mined) this.#left.delete(nonce);
    return { mined, left: this.#left };
  }

  /** Takes a nonce and sends the first version. A refusal gives the nonce back, so that it leaves no gap. */
  async #begin(request: SendRequest, gasLimit: bigint): Promise<Versions> {
    const { mined, left } = await this.#mined();
    const nonce = request.nonce ?? this.#takeNonce(mined, left);
    if (nonce < mined) throw notMined(request.purpose, `nonce ${nonce} went to another transaction`);
    const earlier = left.get(nonce);
    left.delete(nonce);
    this.#inFlight++;
    try {
      return await this.#broadcastFirst(request, gasLimit, nonce, earlier);
    } catch (error) {
      this.#inFlight--;
      if (earlier) left.set(nonce, earlier);
      if (!earlier && this.#nextNonce === nonce + 1) this.#nextNonce = nonce;
      throw error;
    }
  }

  /** The lowest that was left behind; otherwise the chain's count, or the next of ours while some are under way. */
  #takeNonce(mined: number, left: ReadonlyMap<number, LeftBehind>): number {
    const lowest = Math.min(...left.keys());
    const next = this.#inFlight > 0 ? Math.max(mined, this.#nextNonce) : mined;
    const nonce = Math.min(lowest, next);
    const behindAll = Math.max(nonce, ...left.keys()) + 1;
    this.#nextNonce = this.#inFlight > 0 ? Math.max(this.#nextNonce, behindAll) : behindAll;
    return nonce;
  }

  async #broadcastFirst(
    request: SendRequest,
    gasLimit: bigint,
    nonce: number,
    earlier: LeftBehind | undefined,
  ): Promise<Versions> {
    const { purpose } = request;
    const blob = request.blobs !== undefined;
    let fees = await this.#firstOffer(request, blob, earlier?.fees);
    const versions: Versions = { nonce, blob, fees, hashes: [], sentAt: 0, takesOver: earlier !== undefined };
    for (let attempt = 0; attempt < 2 * MAX_ATTEMPTS; attempt++) {
      versions.fees = fees;
      const refusal = await this.#broadcast(request, gasLimit, versions);
      if (refusal === undefined) return versions;
      if (refusal === "underpriced" && versions.hashes.length < MAX_ATTEMPTS) {
        // A transaction that nobody remembers sits on this nonce.
        versions.takesOver = true;
        fees = await this.#firstOffer(request, blob, fees);
      } else if (refusal === "outbid") {
        fees = await this.#firstOffer(request, blob, undefined);
      } else if (refusal === "nonce") {
        const { mined, left } = await this.#mined();
        if (request.nonce !== undefined)
          throw notMined(purpose, `nonce ${nonce} went to another transaction`);
        // A refusal says more than a count that another server, one behind, may have given.
        versions.nonce = this.#takeNonce(Math.max(mined, versions.nonce + 1), left);
        left.delete(versions.nonce);
        versions.hashes = [];
      } else if (refusal === "wrapper" && this.#options.blobWrapper === undefined && this.#wrapper === 1) {
        this.#wrapper = 0;
        versions.sidecars = undefined;
      } else {
        throw refused(purpose, refusal);
      }
    }
    throw refused(purpose, "underpriced");
  }

  /** What a first version offers, over what it replaces. @throws ActorError FEE_CEILING */
  async #firstOffer(request: SendRequest, blob: boolean, earlier: L1Fees | undefined): Promise<L1Fees> {
    const market = await readMarket(this.#options.provider);
    const ceiling = request.ceiling?.();
    if (isOverCeiling({ market, ceiling, blob })) {
      throw overCeiling(
        request.purpose,
        `L1 asks ${market.baseFeePerGas + market.tip} wei for gas and ${market.baseFeePerBlobGas} for blob gas, ` +
          `over the ceiling of ${ceiling!.maxFeePerGas} and ${ceiling!.maxFeePerBlobGas}`,
      );
    }
    const offer = offerOf(market, ceiling);
    if (!earlier) return offer;
    const bumped = bumpFees({ earlier, market: offer, blob });
    if (isUnderCeiling({ offer: bumped, ceiling: takeoverCeiling(ceiling), blob })) return bumped;
    throw overCeiling(request.purpose, "a transaction before it waits in the pools with fees at the ceiling");
  }

  /** Sends one version; undefined when it is in the pool or the answer got lost, otherwise the kind of refusal. */
  async #broadcast(request: SendRequest, gasLimit: bigint, versions: Versions): Promise<Refusal | undefined> {
    const { provider, signer, chainId, journal, logger } = this.#options;
    const { purpose } = request;
    if (request.blobs) {
      versions.sidecars ??= request.blobs.map((blob) => this.#sidecarOf(blob));
    }
    const signed: SignedTransaction = signTransaction({
      signer,
      chainId,
      nonce: versions.nonce,
      to: request.to ?? null,
      data: request.data,
      value: request.value ?? 0n,
      gasLimit,
      fees: versions.fees,
      ...(versions.sidecars ? { sidecars: versions.sidecars } : {}),
    });
    const attempt = versions.hashes.length;
    journal?.append({
      type: "send",
      purpose,
      from: this.address,
      nonce: versions.nonce,
      hash: signed.hash,
      attempt,
    });
    versions.hashes.push(signed.hash);
    versions.raw = signed.raw;
    versions.isLost = false;
    try {
      versions.sentAt = await provider.getBlockNumber();
      await provider.send("eth_sendRawTransaction", [signed.raw]);
      logger.debug({ purpose, hash: signed.hash, nonce: versions.nonce, attempt }, "sent");
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error);
      versions.isLost = isLost(error);
      logger.warn(
        { purpose, hash: signed.hash, refusal, error: messageOf(error).slice(0, 300) },
        "L1's answer to a transaction",
      );
      return refusal;
    }
  }

  async #seeThrough(request: SendRequest, gasLimit: bigint, versions: Versions): Promise<SendResult> {
    const { provider, journal, errors, pollInterval } = this.#options;
    const { purpose, signal, expires } = request;
    const either = AbortSignal.any([signal, expires].filter((s) => s !== undefined));
    let overtaken = 0;
    for (;;) {
      try {
        const receipt = await this.#receipt(versions);
        if (receipt) {
          const success = receipt.status === 1;
          journal?.append({
            type: "mined",
            purpose,
            hash: receipt.hash,
            block: receipt.blockNumber,
            success,
          });
          if (!success) {
            const reason = await revertReason({ provider, errors, receipt, request });
            throw new RevertError("TRANSACTION_REVERTED", purpose, reason);
          }
          return { hash: receipt.hash, receipt, attempts: versions.hashes.length };
        }
        const mined = await provider.getTransactionCount(this.address, "latest");
        // Asked again and again: the receipt may come from a server that is a block behind the count's.
        if (mined > versions.nonce && ++overtaken > RECEIPT_POLLS) {
          throw notMined(purpose, `nonce ${versions.nonce} went to another transaction`);
        }
        if (expires?.aborted) throw notMined(purpose, "its time is over");
        if (signal?.aborted) throw notMined(purpose, "the wait was ended");
        if (mined <= versions.nonce) await this.#bumpIfDue(request, gasLimit, versions);
      } catch (error) {
        if (error instanceof ActorError) throw error;
        this.#options.logger.warn({ purpose, error: messageOf(error) }, "L1 does not answer; asking again");
        if (either.aborted) throw notMined(purpose, "the wait was ended while L1 did not answer");
      }
      await sleep(pollInterval, either);
    }
  }

  /** Replaces the last version when it waits for long, or at once when L1 asks for more than it offers. */
  async #bumpIfDue(request: SendRequest, gasLimit: bigint, versions: Versions): Promise<void> {
    const { provider, bumpAfterBlocks = 3 } = this.#options;
    const { blob } = versions;
    const head = await provider.getBlockNumber();
    // Nobody may ever have received it, and a chain that mines on demand has no block to wait for.
    if (versions.isLost) await this.#sendAgain(versions, head);
    if (head <= versions.sentAt) return;
    const market = await readMarket(provider);
    const wasOutbid = versions.outbid;
    versions.outbid = isOutbid({ market, offer: versions.fees, blob });
    if (head < versions.sentAt + bumpAfterBlocks && !versions.outbid && !wasOutbid) return;

    const limit = request.ceiling?.();
    const ceiling = versions.takesOver ? takeoverCeiling(limit) : limit;
    const fees = bumpFees({ earlier: versions.fees, market: offerOf(market, ceiling), blob });
    // At the ceiling it waits for lower prices, or for its end: an offer that L1 outbids as well changes nothing.
    if (!isUnderCeiling({ offer: fees, ceiling, blob }) || isOutbid({ market, offer: fees, blob })) {
      if (!versions.outbid) await this.#sendAgain(versions, head);
      return;
    }
    if (versions.hashes.length >= MAX_ATTEMPTS)
      throw notMined(request.purpose, "its fees were bumped in vain");
    const before = versions.fees;
    versions.fees = fees;
    const refusal = await this.#broadcast(request, gasLimit, versions);
    if (refusal !== undefined && refusal !== "underpriced") versions.fees = before;
  }

  /** Pools drop what they cannot mine for a while; prices that fall do not bring it back. */
  async #sendAgain(versions: Versions, head: number): Promise<void> {
    versions.sentAt = head;
    try {
      await this.#options.provider.send("eth_sendRawTransaction", [versions.raw]);
      versions.isLost = false;
    } catch (error) {
      // Known already, or refused: either way the last version is the best there is.
      versions.isLost = isLost(error);
    }
  }

  async #receipt(versions: Versions): Promise<TransactionReceipt | undefined> {
    for (const hash of versions.hashes) {
      const receipt = await this.#options.provider.getTransactionReceipt(hash);
      if (receipt) return receipt;
    }
    return undefined;
  }
}

/** The versions of one transaction: same nonce, rising fees. */
interface Versions extends LeftBehind {
  nonce: number;
  hashes: string[];
  sidecars?: BlobSidecar[] | undefined;
  /** L1 height at the last broadcast. */
  sentAt: number;
  /** The last one, signed. */
  raw?: string;
  /** Whether L1 asked for more than the last one offers, when it was last looked at. */
  outbid?: boolean;
  /** Whether nobody answered to the last one. */
  isLost?: boolean;
  /** Whether they replace what was left behind. */
  takesOver: boolean;
}

function refused(purpose: string, refusal: Refusal): ActorError {
  return new ActorError(
    "TRANSACTION_REFUSED",
    `L1 refuses ${purpose} (${refusal})`,
    "see the log for its reason",
  );
}
