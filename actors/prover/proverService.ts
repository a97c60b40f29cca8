/**
 * Proves every epoch as soon as it is complete, and submits the oldest one.
 *
 * Two duties run side by side, both derived from the chain each time anew: making proofs, a few epochs ahead of the
 * proven tip, and bringing the oldest to L1. A proof belongs to its public inputs: when a reorg or a prune changes the
 * epoch, the old proof is simply not asked for again. A lost answer, or another prover who was faster, shows in the
 * proven tip.
 */
import type { EpochInputs } from "../../protocol/epochInputs.ts";
import { toTimestamp } from "../../protocol/time.ts";
import type { FeeCeiling } from "../l1/fees.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import type { Node } from "../node/node.ts";
import { ActorError, isActorError, messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { sleep } from "../support/sleep.ts";
import type { Committees } from "../validator/committees.ts";
import { attestationOpening } from "./attestationOpening.ts";
import { encodeSubmission, inputsOf } from "./epochSubmission.ts";
import { type EpochWork, completeEpochs } from "./epochWork.ts";
import { type CeilingRange, DEFAULT_PROOF_CEILING, proofCeiling } from "./proofCeiling.ts";
import type { ProofMaker } from "./proofMaker.ts";
import type { ProofStore } from "./proofStore.ts";

/** What a prover did. */
export type ProverEvent =
  | { type: "proving"; epoch: number; blocks: number }
  | { type: "proved"; epoch: number; blocks: number; seconds: number; bytes: number }
  | { type: "submitted"; epoch: number; gasUsed: bigint; hash: string }
  | { type: "failed"; epoch: number; reason: string };

/** Parameters of {@link ProverService}. */
export interface ProverOptions {
  node: Node;
  heads: HeadFollower;
  account: Pick<L1Account, "address" | "send" | "hasLeftBehind" | "release">;
  maker: ProofMaker;
  logger: Logger;
  /** Is paid; bound by the proof. Default: the account. */
  prover?: string;
  store?: ProofStore;
  /** Whose keys a proof shows while its last block is young. Default: those of the deposits on L1 are not known. */
  committees?: Pick<Committees, "of">;
  /** Epochs proven before the oldest is on L1. Default 4. */
  ahead?: number;
  /** Most that a submission pays on L1: rises from the epoch's end to the time it is due. */
  feeCeiling?: CeilingRange;
  /** Chooses epochs, as a prover in the market does. Default: proves every epoch, and submits the oldest. */
  selection?: EpochSelection;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
}

/** Which epochs a prover works on. Asked anew each time: it answers from the chain. */
export interface EpochSelection {
  /** Those to prove, the most urgent first. */
  toProve(works: readonly EpochWork[]): readonly EpochWork[];
  /** Whether the proof of the oldest unproven epoch is to be submitted now. */
  maySubmit(work: EpochWork): boolean;
  /** First second at which its proof would be late, in L1 seconds; undefined: the proof deadline. */
  dueBy(work: EpochWork): number | undefined;
  /** What to send instead of the submission itself, for one that is to be made only if it is paid. Undefined: nothing. */
  guard?(work: EpochWork, submission: string): Promise<{ to: string; data: string } | undefined>;
  /** Calls `listener` when answers may be others than before. The result removes it. */
  onChange(listener: () => void): () => void;
}

interface Proof {
  inputs: EpochInputs;
  proof: Uint8Array;
}

/** Attempts with another blinding point before an epoch is left for a while. */
const ATTEMPTS = 3;

/** Milliseconds until an epoch that could not be proven is tried again. */
const RETRY_AFTER = 30_000;

export class ProverService implements Service {
  readonly #options: ProverOptions;
  readonly #events: Emitter<ProverEvent>;
  /** By chain hash after the epoch, which stands for all its blocks. */
  readonly #proofs = new Map<bigint, Proof>();
  #abort: AbortController | undefined;
  #wake = new AbortController();
  #stopListening: () => void = () => undefined;
  #running: Promise<unknown> = Promise.resolve();
  /** Looked at when the node has synced, and when a proof is ready. */
  readonly #conditions = new Set<() => void>();
  /** Epoch whose submission waits for lower fees: said once. */
  #waitsForFees = -1;

  constructor(options: ProverOptions) {
    this.#options = options;
    this.#events = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a prover listener failed"),
    );
  }

  on(listener: (event: ProverEvent) => void): () => void {
    return this.#events.on(listener);
  }

  start(): Promise<void> {
    if (this.#abort) return Promise.resolve();
    const { signal } = (this.#abort = new AbortController());
    let synced: string | undefined;
    const stops = [
      this.#options.heads.onHead(() => this.wake()),
      this.#options.node.on((event) => {
        if (event.type !== "synced") return;
        for (const look of this.#conditions) look();
        // The duties sync by themselves: only what is new to the node is news, or they would wake each other for ever.
        if (event.head.hash === synced) return;
        synced = event.head.hash;
        this.wake();
      }),
      this.#options.selection?.onChange(() => this.wake()) ?? (() => undefined),
    ];
    this.#stopListening = () => stops.forEach((stop) => stop());
    this.#running = Promise.all([
      this.#repeat(signal, () => this.#proveNext(signal)),
      this.#repeat(signal, () => this.#submitOldest(signal)),
    ]);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#abort?.abort();
    this.#wake.abort();
    this.#abort = undefined;
    await this.#running;
  }

  /** Looks again for something to do, because a selection may answer otherwise than before. */
  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Runs a duty until it finds nothing to do, then waits for news. */
  async #repeat(signal: AbortSignal, duty: () => Promise<boolean>): Promise<void> {
    while (!signal.aborted) {
      const news = this.#wake.signal;
      let didSomething = false;
      try {
        didSomething = await duty();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error({ error: messageOf(error) }, "prover");
        await sleep(1_000, signal);
      }
      if (!didSomething && !news.aborted) await sleep(10_000, AbortSignal.any([signal, news]));
    }
  }

  #works(): EpochWork[] {
    const { node, heads, l1BlockTime } = this.#options;
    if (!heads.head) return [];
    const time = toTimestamp(heads.head.timestamp + l1BlockTime);
    return completeEpochs({ chain: node.chain, parameters: node.parameters, time });
  }

  async #proveNext(signal: AbortSignal): Promise<boolean> {
    const works = this.#works();
    this.#forgetOthers(works);
    const { selection, ahead = 4 } = this.#options;
    const work = (selection?.toProve(works) ?? works)
      .slice(0, ahead)
      .find((candidate) => !this.#proofs.has(keyOf(candidate)));
    if (!work) return false;
    const proof = await this.#prove(work, signal);
    if (!proof) return false;
    this.#proofs.set(keyOf(work), proof);
    for (const look of this.#conditions) look();
    this.wake();
    return true;
  }

  async #prove(work: EpochWork, signal: AbortSignal): Promise<Proof | undefined> {
    const { node, maker, store, logger } = this.#options;
    const { epoch } = work;
    for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
      const inputs = inputsOf({
        work,
        chain: node.chain,
        rollup: node.parameters,
        prover: this.#prover,
        attempt,
      });
      const stored = store?.read(inputs.publicInputs);
      if (stored) return { inputs, proof: stored };
      if (attempt === 0) this.#events.emit({ type: "proving", epoch, blocks: work.blocks.length });
      // Another prover may be faster, or the epoch may change: then the machine is free for what follows.
      const useless = this.#when(() => this.#works().every((other) => keyOf(other) !== keyOf(work)));
      try {
        const either = AbortSignal.any([signal, useless.signal]);
        const { proof, seconds } = await maker.prove(inputs.inputs, { signal: either });
        this.#keep(inputs, proof);
        logger.info({ epoch, seconds, bytes: proof.length }, "proved");
        const { length: blocks } = work.blocks;
        this.#events.emit({ type: "proved", epoch, blocks, seconds, bytes: proof.length });
        return { inputs, proof };
      } catch (error) {
        if (signal.aborted || useless.signal.aborted) return undefined;
        logger.error({ epoch, attempt, error: messageOf(error) }, "proving failed");
        this.#events.emit({ type: "failed", epoch, reason: messageOf(error) });
      } finally {
        useless.forget();
      }
    }
    await sleep(RETRY_AFTER, signal);
    return undefined;
  }

  /** For a restart. A disk that is full costs that, and not the proof. */
  #keep({ publicInputs }: EpochInputs, proof: Uint8Array): void {
    try {
      this.#options.store?.write(publicInputs, proof);
    } catch (error) {
      this.#options.logger.warn({ error: messageOf(error) }, "a proof could not be kept");
    }
  }

  async #submitOldest(signal: AbortSignal): Promise<boolean> {
    const { node, account, logger } = this.#options;
    if (!this.#oldest()) return this.#releaseNonces(signal);
    // The block that follows the epoch is part of the calldata, so the node must know all that L1 has by now.
    await node.sync(signal);
    const oldest = this.#oldest();
    if (!oldest) return true;
    const { work, proof } = oldest;
    const { epoch } = work;
    const attestation = await this.#attestation(work);
    const data = encodeSubmission({
      work,
      ...proof,
      rollup: node.parameters,
      prover: this.#prover,
      attestation,
    });
    const direct = { to: node.parameters.address, data };
    const call = (await this.#options.selection?.guard?.(work, data)) ?? direct;
    const pointless = this.#when(() => this.#isPointless(work));
    try {
      const { receipt, hash } = await account.send({
        purpose: `prove-${epoch}`,
        ...call,
        ceiling: () => this.#ceiling(work),
        expires: pointless.signal,
        signal,
      });
      logger.info({ epoch, gasUsed: receipt.gasUsed }, "epoch proof accepted");
      this.#events.emit({ type: "submitted", epoch, gasUsed: receipt.gasUsed, hash });
      await node.sync(signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      return await this.#afterFailure(oldest, error, { pointless: pointless.signal.aborted, signal });
    } finally {
      pointless.forget();
    }
  }

  /** Without the opening L1 refuses the proof while the last block is young: then it is tried again when it is older. */
  async #attestation(work: EpochWork): Promise<readonly bigint[]> {
    const { node, heads, committees, logger } = this.#options;
    try {
      const time = heads.head?.timestamp ?? 0;
      return await attestationOpening({ work, parameters: node.parameters, committees, time });
    } catch (error) {
      if (!isActorError(error, "STATE_UNAVAILABLE")) throw error;
      logger.warn({ epoch: work.epoch, reason: error.message }, "the last block's aggregate is not shown");
      return [];
    }
  }

  /** What a submission's failure means; true when there is something to do at once. */
  async #afterFailure(
    { work, proof }: { work: EpochWork; proof: Proof },
    error: unknown,
    { pointless, signal }: { pointless: boolean; signal: AbortSignal },
  ): Promise<boolean> {
    const { node, logger } = this.#options;
    const { epoch } = work;
    await node.sync(signal);
    if (pointless) {
      logger.info({ epoch }, "the epoch is proven, or changed, without this submission");
      return true;
    }
    if (isActorError(error, "FEE_CEILING")) {
      if (this.#waitsForFees !== epoch)
        logger.warn({ epoch, reason: error.message }, "waiting for lower fees");
      this.#waitsForFees = epoch;
      return false;
    }
    const contractError = error instanceof RevertError ? error.contractError : undefined;
    // A block came between making and mining: the proof holds, only the calldata names the block after the epoch.
    if (contractError?.name === "Rollup__WrongNextRecord") {
      logger.info({ epoch }, "another block follows the epoch by now; submitting again");
      return this.#works()[0]?.next?.chainHash !== work.next?.chainHash;
    }
    const reason = contractError?.text ?? messageOf(error);
    logger.warn({ epoch, reason }, "epoch proof not accepted");
    this.#events.emit({ type: "failed", epoch, reason });
    // A proof that was damaged on disk is made again.
    if (contractError?.name === "VerifierPolicy__ProofRefused") this.#drop(work, proof);
    return false;
  }

  /** Submissions that were given up hold nonces in the pools, and would cost a revert: a transfer to itself is less. */
  async #releaseNonces(signal: AbortSignal): Promise<boolean> {
    const { account, logger } = this.#options;
    if (!(await account.hasLeftBehind())) return false;
    // Another proof takes the nonce over by itself.
    const ready = this.#when(() => this.#oldest() !== undefined);
    try {
      const { start } = this.#options.feeCeiling ?? DEFAULT_PROOF_CEILING;
      await account.release({ ceiling: () => start, expires: ready.signal, signal });
      logger.info({}, "a submission that became pointless no longer holds a nonce");
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
    } finally {
      ready.forget();
    }
    return ready.signal.aborted;
  }

  /** Whether L1 would refuse the epoch's proof by now. An own proof is waited for, until L1 has its receipt. */
  #isPointless(work: EpochWork): boolean {
    const { chain } = this.#options.node;
    const end = work.blocks.at(-1)!.number;
    if (chain.proven < end) {
      const [oldest] = this.#works();
      return !oldest || keyOf(oldest) !== keyOf(work);
    }
    const proven = chain.provenEpochs.find(({ number }) => number >= end);
    return proven?.prover.toLowerCase() !== this.#prover.toLowerCase();
  }

  #ceiling(work: EpochWork): FeeCeiling {
    const { node, heads, l1BlockTime, selection, feeCeiling = DEFAULT_PROOF_CEILING } = this.#options;
    return proofCeiling({
      range: feeCeiling,
      clock: node.parameters.clock,
      epoch: work.epoch,
      dueBy: selection?.dueBy(work),
      l1BlockTime,
      time: heads.head?.timestamp ?? 0,
    });
  }

  /** A signal that aborts as soon as the condition holds. */
  #when(condition: () => boolean): { signal: AbortSignal; forget: () => void } {
    const controller = new AbortController();
    const look = (): void => {
      if (condition()) controller.abort();
    };
    look();
    this.#conditions.add(look);
    return { signal: controller.signal, forget: () => void this.#conditions.delete(look) };
  }

  /** The oldest unproven epoch, when its proof is ready. */
  #oldest(): { work: EpochWork; proof: Proof } | undefined {
    const work = this.#works()[0];
    const proof = work && this.#proofs.get(keyOf(work));
    if (!proof || this.#options.selection?.maySubmit(work) === false) return undefined;
    return { work, proof };
  }

  #drop(work: EpochWork, { inputs }: Proof): void {
    this.#options.store?.remove(inputs.publicInputs);
    this.#proofs.delete(keyOf(work));
  }

  #forgetOthers(works: readonly EpochWork[]): void {
    const wanted = new Set(works.map(keyOf));
    for (const key of this.#proofs.keys()) if (!wanted.has(key)) this.#proofs.delete(key);
  }

  get #prover(): string {
    return this.#options.prover ?? this.#options.account.address;
  }
}

function keyOf(work: EpochWork): bigint {
  return work.blocks.at(-1)!.record.chainHash;
}
