/**
 * A committee member: looks at every proposal of the present slot that its proposer signed, executes it on its own copy
 * of the chain, and signs what L1 would accept and a prover can prove. Nothing else is ever signed, and nothing twice:
 * see `proposalCheck.ts` and `committeeSigner.ts`.
 */
import { encodeAttestation } from "../../protocol/gossip.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { RollupContract } from "../l1/rollupContract.ts";
import { ACCEPT, type Gossip, type Verdict, ignore, reject } from "../p2p/gossip.ts";
import { type Topics, topicsOf } from "../p2p/topics.ts";
import { isActorError, messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import type { CommitteeSigner } from "./committeeSigner.ts";
import type { Committees } from "./committees.ts";
import type { ProposalCheck, RefusalReason } from "./proposalCheck.ts";
import { type ReceivedProposal, receiveProposal, slotsAround } from "./proposalIntake.ts";

/** What a validator did with a proposal. */
export type ValidatorEvent =
  | { type: "attested"; slot: number; position: number }
  | { type: "refused"; slot: number; reason: RefusalReason | "signedAnother"; detail: string };

/** Parameters of {@link ValidatorService}. */
export interface ValidatorOptions {
  rollup: Pick<RollupContract, "parameters" | "proposerOf">;
  heads: Pick<HeadFollower, "refresh">;
  gossip: Gossip;
  committees: Pick<Committees, "of">;
  signer: CommitteeSigner;
  check: ProposalCheck;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
}

export class ValidatorService implements Service {
  readonly #options: ValidatorOptions;
  readonly #topics: Topics;
  readonly #events: Emitter<ValidatorEvent>;
  #unsubscribe: (() => void) | undefined;
  readonly #working = new Set<Promise<unknown>>();

  constructor(options: ValidatorOptions) {
    this.#options = options;
    this.#topics = topicsOf(options.rollup.parameters);
    this.#events = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a validator listener failed"),
    );
  }

  on(listener: (event: ValidatorEvent) => void): () => void {
    return this.#events.on(listener);
  }

  start(): Promise<void> {
    const { name, limits } = this.#topics.proposals;
    this.#unsubscribe ??= this.#options.gossip.subscribe(name, limits, ({ data }) => {
      const work = this.#receive(data);
      this.#working.add(work);
      void work.finally(() => this.#working.delete(work)).catch(() => undefined);
      return work;
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    await Promise.allSettled(this.#working);
  }

  async #receive(data: Uint8Array): Promise<Verdict> {
    const { rollup, heads, committees, l1BlockTime } = this.#options;
    const head = await heads.refresh();
    if (!head) return ignore("untimely");
    const slots = slotsAround(rollup.parameters, head, l1BlockTime);
    const received = await receiveProposal(data, { rollup, committees, slots });
    return "type" in received ? received : this.#judge(received);
  }

  async #judge(received: ReceivedProposal): Promise<Verdict> {
    const { check, signer } = this.#options;
    const { proposal, block, committee } = received;
    const position = committee.findIndex(({ keyHash }) => keyHash === signer.keyHash);
    if (position === -1) return ACCEPT; // signed by its proposer, and no matter of ours
    const refusal = await check(proposal);
    if (refusal) {
      this.#refuse({ slot: block.slot, ...refusal });
      // Its proposer signed it, and whoever passes it on need not execute it. The blob is not under the signature, and
      // anybody can compare it with what is.
      return refusal.reason === "wrongVersionedHash" ? reject("invalid") : ignore("invalid");
    }
    this.#attest(received, position);
    return ACCEPT;
  }

  #attest({ block }: ReceivedProposal, position: number): void {
    const { signer, gossip, logger } = this.#options;
    const { slot } = block;
    let signature;
    try {
      signature = signer.sign("Attestation", block);
    } catch (error) {
      if (!isActorError(error, "SLOT_SIGNED")) throw error;
      // Passed on all the same: two proposals for one slot are evidence against their proposer.
      this.#refuse({ slot, reason: "signedAnother", detail: error.message });
      return;
    }
    gossip.publish(this.#topics.attestations.name, encodeAttestation({ position, block, signature }));
    logger.info({ slot, position, chainHash: toHex(block.chainHash) }, "attested");
    this.#events.emit({ type: "attested", slot, position });
  }

  #refuse(refusal: Omit<Extract<ValidatorEvent, { type: "refused" }>, "type">): void {
    this.#options.logger.warn(refusal, "refused a proposal");
    this.#events.emit({ type: "refused", ...refusal });
  }
}
