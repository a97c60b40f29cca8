/**
 * A rehearsal: one validator is offline for an epoch, and the network goes on without it. It is a member of that epoch's
 * committee that proposes in none of its slots, so that what is seen is a missing attestation, not an empty slot.
 */
import { firstSlot, lastSlot, toEpoch, type Epoch } from "../../protocol/time.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { L1Head } from "../l1/provider.ts";
import type { RollupContract } from "../l1/rollupContract.ts";
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
  rollup: RollupContract;
  heads: HeadFollower;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
}

export class Absence implements Service {
  readonly #options: AbsenceOptions;
  #absent: AbsentValidator | undefined;
  #state: "waiting" | "planned" | "offline" | "over" = "waiting";
  #stop: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: AbsenceOptions) {
    this.#options = options;
  }

  /** Undefined until it is known who. */
  get absent(): AbsentValidator | undefined {
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
    const { rollup, group, l1BlockTime, logger } = this.#options;
    const { clock } = rollup.parameters;
    // The slot of the next L1 block: what is proposed and signed from now on is for it.
    const slot = slotsAround(rollup.parameters, head, l1BlockTime).at(-1);
    if (slot === undefined || this.#state === "over") return;
    if (this.#state === "waiting") {
      const next = toEpoch(Math.floor(slot / clock.slotsPerEpoch) + 1);
      this.#absent = await this.#choose(next);
      if (this.#absent) this.#state = "planned";
      return;
    }
    const { index, epoch } = this.#absent!;
    if (this.#state === "planned" && slot >= firstSlot(clock, epoch)) {
      this.#state = "offline";
      logger.info({ index, epoch }, "a validator goes offline for an epoch");
      await group.setOnline(index, false);
    } else if (this.#state === "offline" && slot > lastSlot(clock, epoch)) {
      this.#state = "over";
      logger.info({ index, epoch }, "the validator is back");
      await group.setOnline(index, true);
    }
  }

  async #choose(epoch: Epoch): Promise<AbsentValidator | undefined> {
    const { rollup, group } = this.#options;
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
