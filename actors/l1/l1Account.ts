/**
 * An account on L1 that sends transactions and sees them through: nonces, fee bumps, lost answers, receipts.
 *
 * Guarantees: a transaction's hash is in the journal before it is sent; an answer that got lost does no harm, since
 * only receipts count; of several versions of one transaction (one nonce) at most one is mined.
 */
import type { BaseWallet, JsonRpcProvider, TransactionReceipt } from "ethers";

import type { ActorJournal } from "../journal/actorJournal.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import { Mutex } from "../support/mutex.ts";
import { sleep } from "../support/sleep.ts";
import { type BlobSidecar, type BlobWrapperVersion, makeBlobSidecar } from "./blobSidecar.ts";
import { type SignedTransaction, signTransaction } from "./blobTransaction.ts";
import type { ContractError, ContractErrorDecoder } from "./contractErrors.ts";
import { type L1Fees, bumpFees, suggestFees } from "./fees.ts";

/** Parameters of {@link L1Account}. */
export interface L1AccountOptions {
  provider: JsonRpcProvider;
  signer: BaseWallet;
  chainId: number;
  logger: Logger;
  errors: ContractErrorDecoder;
  journal?: ActorJournal;
  /** Milliseconds between questions for a receipt. */
  pollInterval: number;
  /** L1 blocks without the transaction after which its fees are bumped. Default 3. */
  bumpAfterBlocks?: number;
  /** Default: 1, and 0 when the chain refuses that. */
  blobWrapper?: BlobWrapperVersion;
}

/** A transaction to send. */
export interface SendRequest {
  /** What it is for, in one word; goes to journal and log. */
  purpose: string;
  to: string;
  data: string;
  value?: bigint;
  /** Absent: estimated, with a quarter to spare. Blob transactions need it, since chains estimate without blobs. */
  gasLimit?: bigint;
  blobs?: readonly Uint8Array[];
  /** Ends the wait; the transaction may still be mined. */
  signal?: AbortSignal;
}

/** A mined transaction that did not revert. */
export interface SendResult {
  hash: string;
  receipt: TransactionReceipt;
  /** Versions sent, 1 without replacement. */
  attempts: number;
}

/** A transaction was mined and reverted, or would revert if sent. */
export class RevertError extends ActorError {
  override readonly name = "RevertError";
  readonly contractError: ContractError | undefined;

  constructor(
    code: "TRANSACTION_REVERTED" | "TRANSACTION_REFUSED",
    purpose: string,
    error: ContractError | undefined,
    cause?: unknown,
  ) {
    const what = code === "TRANSACTION_REVERTED" ? "reverted" : "would revert";
    super(
      code,
      `${purpose} ${what}: ${error?.text ?? messageOf(cause ?? "no reason given")}`,
      "derive the state again and retry",
      cause,
    );
    this.contractError = error;
  }
}

const MAX_ATTEMPTS = 8;

export class L1Account {
  readonly #options: L1AccountOptions;
  readonly #order = new Mutex();
  readonly #sidecars = new WeakMap<Uint8Array, BlobSidecar>();
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
   * was ended, its nonce went to another transaction, or the fees were bumped eight times in vain
   */
  async send(request: SendRequest): Promise<SendResult> {
    const gasLimit = request.gasLimit ?? (await this.#estimate(request));
    // Versions of one transaction go out in the order of nonces; the waits overlap.
    const first = await this.#order.run(async () => {
      const nonce = await this.#takeNonce();
      this.#inFlight++;
      try {
        return await this.#broadcastFirst(request, gasLimit, nonce);
      } catch (error) {
        this.#inFlight--;
        throw error;
      }
    });
    try {
      return await this.#seeThrough(request, gasLimit, first);
    } finally {
      this.#inFlight--;
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
      const gas = await this.#options.provider.estimateGas({ from: this.address, to, data, value });
      return (gas * 5n) / 4n;
    } catch (error) {
      throw new RevertError("TRANSACTION_REFUSED", purpose, this.#options.errors.decodeThrown(error), error);
    }
  }

  /** The chain's count, or the next of ours while some are under way. */
  async #takeNonce(): Promise<number> {
    const mined = await this.#options.provider.getTransactionCount(this.address, "latest");
    const nonce = this.#inFlight > 0 ? Math.max(mined, this.#nextNonce) : mined;
    this.#nextNonce = nonce + 1;
    return nonce;
  }

  async #broadcastFirst(request: SendRequest, gasLimit: bigint, nonce: number): Promise<Versions> {
    const fees = await suggestFees(this.#options.provider);
    const versions: Versions = { nonce, fees, hashes: [], sentAt: 0 };
    for (;;) {
      const refusal = await this.#broadcast(request, gasLimit, versions);
      if (refusal === undefined) return versions;
      if (refusal === "underpriced" && versions.hashes.length < MAX_ATTEMPTS) {
        // A transaction of an earlier run sits on this nonce.
        versions.fees = bumpFees({ earlier: versions.fees, market: fees, blob: request.blobs !== undefined });
        continue;
      }
      if (refusal === "nonce") {
        versions.nonce = await this.#takeNonce();
        versions.hashes = [];
        continue;
      }
      if (refusal === "wrapper" && this.#options.blobWrapper === undefined && this.#wrapper === 1) {
        this.#wrapper = 0;
        versions.sidecars = undefined;
        continue;
      }
      throw new ActorError(
        "TRANSACTION_REFUSED",
        `L1 refuses ${request.purpose} (${refusal})`,
        "see the log for its reason",
      );
    }
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
      to: request.to,
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
    try {
      versions.sentAt = await provider.getBlockNumber();
      await provider.send("eth_sendRawTransaction", [signed.raw]);
      logger.debug({ purpose, hash: signed.hash, nonce: versions.nonce, attempt }, "sent");
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error);
      logger.warn(
        { purpose, hash: signed.hash, refusal, error: messageOf(error).slice(0, 300) },
        "L1's answer to a transaction",
      );
      return refusal;
    }
  }

  async #seeThrough(request: SendRequest, gasLimit: bigint, versions: Versions): Promise<SendResult> {
    const { provider, journal, pollInterval, bumpAfterBlocks = 3 } = this.#options;
    const { purpose, signal } = request;
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
          if (!success)
            throw new RevertError("TRANSACTION_REVERTED", purpose, await this.#reason(request, receipt));
          return { hash: receipt.hash, receipt, attempts: versions.hashes.length };
        }
        const mined = await provider.getTransactionCount(this.address, "latest");
        // Asked twice, because the receipt may lag behind the count.
        if (mined > versions.nonce && ++overtaken > 2) {
          throw notMined(purpose, `nonce ${versions.nonce} went to another transaction`);
        }
        const head = await provider.getBlockNumber();
        if (mined <= versions.nonce && head >= versions.sentAt + bumpAfterBlocks) {
          if (versions.hashes.length >= MAX_ATTEMPTS) throw notMined(purpose, "its fees were bumped in vain");
          const market = await suggestFees(provider);
          versions.fees = bumpFees({ earlier: versions.fees, market, blob: request.blobs !== undefined });
          await this.#broadcast(request, gasLimit, versions);
        }
      } catch (error) {
        if (error instanceof ActorError) throw error;
        this.#options.logger.warn({ purpose, error: messageOf(error) }, "L1 does not answer; asking again");
      }
      if (signal?.aborted) throw notMined(purpose, "the wait was ended");
      await sleep(pollInterval, signal);
    }
  }

  async #receipt(versions: Versions): Promise<TransactionReceipt | undefined> {
    for (const hash of versions.hashes) {
      const receipt = await this.#options.provider.getTransactionReceipt(hash);
      if (receipt) return receipt;
    }
    return undefined;
  }

  /** Replays a reverted call on the state before its block; exact unless another transaction of the block matters. */
  async #reason(
    { to, data, value = 0n }: SendRequest,
    receipt: TransactionReceipt,
  ): Promise<ContractError | undefined> {
    const transaction = (await this.#options.provider.send("eth_getTransactionByHash", [
      receipt.hash,
    ])) as Record<string, unknown>;
    const blobVersionedHashes = transaction["blobVersionedHashes"];
    const call = {
      from: this.address,
      to,
      data,
      value: `0x${value.toString(16)}`,
      ...(blobVersionedHashes ? { blobVersionedHashes } : {}),
    };
    try {
      await this.#options.provider.send("eth_call", [call, `0x${receipt.blockNumber.toString(16)}`]);
      return undefined;
    } catch (error) {
      return this.#options.errors.decodeThrown(error);
    }
  }
}

/** The versions of one transaction: same nonce, rising fees. */
interface Versions {
  nonce: number;
  fees: L1Fees;
  hashes: string[];
  sidecars?: BlobSidecar[] | undefined;
  /** L1 height at the last broadcast. */
  sentAt: number;
}

type Refusal = "underpriced" | "nonce" | "wrapper" | "funds" | "other";

/** Undefined for what is no refusal: the pool has it already, or nobody knows whether the message arrived. */
function refusalOf(error: unknown): Refusal | undefined {
  const code = (error as { code?: unknown }).code;
  const text = `${messageOf(error)} ${JSON.stringify((error as { error?: unknown }).error ?? "")}`;
  if (/already known|already imported|known transaction/i.test(text)) return undefined;
  if (/underpriced|replacement/i.test(text)) return "underpriced";
  if (/nonce too low|nonce has already|nonce is too low|nonce expired/i.test(text)) return "nonce";
  if (/insufficient funds/i.test(text)) return "funds";
  if (
    /wrapper|sidecar|cell proof|rlp|decode|blob.*proof|EIP-?7594|unexpected list|Failed to decode/i.test(text)
  )
    return "wrapper";
  if (code === "TIMEOUT" || code === "NETWORK_ERROR" || code === "SERVER_ERROR") return undefined;
  return /ECONN|socket|fetch failed|timeout/i.test(text) ? undefined : "other";
}

function notMined(purpose: string, reason: string): ActorError {
  return new ActorError(
    "TRANSACTION_NOT_MINED",
    `${purpose} was not mined: ${reason}`,
    "derive the state again and retry",
  );
}
