/**
 * A rehearsal: one validator is offline for an epoch, and the network goes on without it. It is a member of that epoch's
 * committee that proposes in none of its slots, so that what is seen is a missing attestation, not an empty slot.
 */
import { firstSlot, lastSlot, toEpoch, type Epoch } from "../../protocol/time.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { L1Head } from "../l1/provider.ts";
import type { Node } from "../node/node.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { slotsAround } from "../validator/proposalIntake.ts";
import type { ValidatorGroup } from "./validatorGroup.ts";

/** Who was offline, and when. */
export interface AbsentValidator {
  /** In the group. */
  index: number;
  epoch: Epoch;
  /** Committee position in that epoch. */
  position: number;
}

/** Parameters of {@link Absence}. */
export interface AbsenceOptions {
  group: ValidatorGroup;
  node: Node;
  heads: HeadFollower;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
}

export class Absence implements Service {
  readonly #options: AbsenceOptions;
  readonly #absent: AbsentValidator[] = [];
  #state: "waiting" | "planned" | "offline" | "over" = "waiting";
  #stop: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: AbsenceOptions) {
    this.#options = options;
  }

  /** Oldest first; only the last one's epoch has a block, and none while nobody was offline. */
  get absent(): readonly AbsentValidator[] {
    return this.#absent;
  }

  start(): Promise<void> {
    const { heads, logger } = this.#options;
    this.#stop = heads.onHead((head) => {
      this.#running = this.#running
        .then(() => this.#act(head))
        .catch((error: unknown) => logger.warn({ error: messageOf(error) }, "the rehearsal of an absence"));
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stop();
    await this.#running;
  }

  async #act(head: L1Head): Promise<void> {
    const { node, group, l1BlockTime, logger } = this.#options;
    const { parameters } = node;
    const { clock } = parameters;
    // The slot of the next L1 block: what is proposed and signed from now on is for it.
    const slot = slotsAround(parameters, head, l1BlockTime).at(-1);
    if (slot === undefined || this.#state === "over") return;
    if (this.#state === "waiting") {
      const next = toEpoch(Math.floor(slot / clock.slotsPerEpoch) + 1);
      const chosen = await this.#choose(next);
      if (!chosen) return;
      this.#absent.push(chosen);
      this.#state = "planned";
      return;
    }
    const { index, epoch } = this.#absent.at(-1)!;
    if (this.#state === "planned" && slot >= firstSlot(clock, epoch)) {
      this.#state = "offline";
      logger.info({ index, epoch }, "a validator goes offline for an epoch");
      await group.setOnline(index, false);
    } else if (this.#state === "offline" && slot > lastSlot(clock, epoch)) {
      // An epoch without a block shows nothing: another one follows.
      this.#state = this.#hasBlock(epoch) ? "over" : "waiting";
      logger.info({ index, epoch }, "the validator is back");
      await group.setOnline(index, true);
    }
  }

  #hasBlock(epoch: Epoch): boolean {
    const { chain } = this.#options.node;
    for (let number = chain.pending; chain.block(number); number--) {
      if (chain.block(number)!.epoch === (epoch as number)) return true;
    }
    return false;
  }

  async #choose(epoch: Epoch): Promise<AbsentValidator | undefined> {
    const { node, group } = this.#options;
    const { rollup } = node;
    const { clock } = rollup.parameters;
    const committee = await group.committees.of(epoch);
    const busy = new Set<number>();
    for (let slot: number = firstSlot(clock, epoch); slot <= lastSlot(clock, epoch); slot++) {
      const duty = await rollup.proposerOf(slot);
      if (!duty) return undefined;
      busy.add(duty.position);
    }
    for (const [position, { keyHash }] of committee.entries()) {
      const member = group.members.find(({ signer }) => signer.keyHash === keyHash);
      if (member && !busy.has(position)) return { index: member.index, epoch, position };
    }
    return undefined;
  }
}
