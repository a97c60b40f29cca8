/**
 * The memory of a deployment that may be interrupted: `deployments/NETWORK/journal.jsonl`. The plan is on disk before
 * the first transaction, and the hash of each transaction before it is sent (see `actors/journal/journal.ts` for what
 * the file guarantees), so the same command goes on from any point.
 */
import { dirname, join } from "node:path";
import { keccak256 } from "ethers";
import { z } from "zod";

import type { ActorEntry, ActorJournal, SendEntry } from "../actors/journal/actorJournal.ts";
import { Journal } from "../actors/journal/journal.ts";
import { createLogger } from "../actors/support/logger.ts";
import { deploymentFile } from "./deployment.ts";
import { DeployError } from "./errors.ts";
import { plain } from "./plain.ts";
import type { Role, Suite } from "./suite.ts";

const planSchema = z.object({
  format: z.literal(1),
  network: z.string(),
  chainId: z.number(),
  /** Hash of L1's block 0: tells one local chain from the next. */
  chain: z.string(),
  preset: z.string(),
  /** The whole preset. */
  parameters: z.record(z.string(), z.unknown()),
  deployer: z.string(),
  nonce: z.number(),
  owner: z.string(),
  council: z.string(),
  members: z.array(z.object({ proposer: z.string(), keyHash: z.string() })),
  verifier: z.object({ contract: z.string(), verificationKeyHash: z.string() }),
  genesisTime: z.number(),
  creations: z.array(
    z.object({
      role: z.string(),
      contract: z.string(),
      address: z.string(),
      /** Hash of init code and arguments. */
      code: z.string(),
      constructorArguments: z.array(z.unknown()),
      /** As rehearsed. */
      gas: z.number(),
    }),
  ),
});

/** A plan as the journal keeps it. */
export type RecordedPlan = z.infer<typeof planSchema>;

/** A suite is about to be created. */
interface PlanEntry {
  type: "plan";
  plan: RecordedPlan;
}

/** The record of the last plan is written. */
interface DoneEntry {
  type: "done";
}

type Entry = ActorEntry | PlanEntry | DoneEntry;

/** What the journal keeps of a suite. */
export function recordPlan(suite: Suite, chain: string, gas: Readonly<Record<string, number>>): RecordedPlan {
  const { network, chainId, preset, deployer, nonce, owner, verifier, genesisTime, members } = suite;
  return {
    format: 1,
    network,
    chainId,
    chain,
    preset: preset.name,
    parameters: plain(preset) as RecordedPlan["parameters"],
    deployer,
    nonce,
    owner,
    council: suite.surroundings.council,
    members: [...members],
    verifier,
    genesisTime,
    creations: suite.creations.map(({ role, contract, address, data, constructorArguments }) => ({
      role,
      contract,
      address,
      code: keccak256(data),
      constructorArguments: plain(constructorArguments) as unknown[],
      gas: gas[role] ?? 0,
    })),
  };
}

export class DeployJournal {
  readonly path: string;
  readonly #journal: Journal<Entry>;

  private constructor(path: string, journal: Journal<Entry>) {
    this.path = path;
    this.#journal = journal;
  }

  /**
   * Opens or creates a network's journal.
   * @throws ActorError JOURNAL_LOCKED while another deployment to the network runs, JOURNAL_CORRUPT
   */
  static open(network: string, folder?: string): DeployJournal {
    const path = join(dirname(deploymentFile(network, folder)), "journal.jsonl");
    return new DeployJournal(path, Journal.open<Entry>({ path, logger: createLogger({ level: "silent" }) }));
  }

  /** The last plan, unless its record is written. @throws DeployError JOURNAL_INVALID */
  get plan(): RecordedPlan | undefined {
    const entry = this.#current[0];
    if (entry?.type !== "plan" || this.#current.some(({ type }) => type === "done")) return undefined;
    const { data, error } = planSchema.safeParse(entry.plan);
    if (data) return data;
    throw new DeployError(
      "JOURNAL_INVALID",
      `the plan in ${this.path} cannot be read by this version: ${z.prettifyError(error)}`,
      "go on with the version that began, or make a new plan: --restart",
    );
  }

  start(plan: RecordedPlan): void {
    this.#journal.append({ type: "plan", plan });
  }

  finish(): void {
    this.#journal.append({ type: "done" });
  }

  /** What was sent for a contract under the present plan, oldest first. */
  sendsOf(role: Role): SendEntry[] {
    return this.#current.filter(
      (entry): entry is SendEntry => entry.type === "send" && entry.purpose === purposeOf(role),
    );
  }

  /** For an account: all that was ever sent from here, under earlier plans too. */
  get transactions(): Pick<ActorJournal, "entries" | "append"> {
    const journal = this.#journal;
    return {
      get entries() {
        return journal.entries.filter(
          (entry): entry is ActorEntry => entry.type !== "plan" && entry.type !== "done",
        );
      },
      append: (entry) => journal.append(entry),
    };
  }

  close(): void {
    this.#journal.close();
  }

  /** From the last plan on. */
  get #current(): readonly Entry[] {
    const { entries } = this.#journal;
    const start = entries.findLastIndex(({ type }) => type === "plan");
    return start === -1 ? [] : entries.slice(start);
  }
}

/** The word for a creation in the journal. */
export function purposeOf(role: Role): string {
  return `create-${role}`;
}
