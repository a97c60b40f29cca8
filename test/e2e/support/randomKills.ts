/** Kills actors at random moments and checks that nothing is lost, signed twice or different in the end. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { decodeRlp } from "ethers";

import { openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { contractInterface } from "../../../actors/l1/contractInterface.ts";
import { connectL1, readHead } from "../../../actors/l1/provider.ts";
import { type ProposedEvent, RollupContract } from "../../../actors/l1/rollupContract.ts";
import { chainIdentity, NodeStore } from "../../../actors/node/nodeStore.ts";
import { readProvenRoot } from "../../../actors/node/provenRoot.ts";
import { syncFromL1 } from "../../../actors/node/sync.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { Random } from "../../../actors/traffic/random.ts";
import type { VerifierSource } from "../../../deploy/deploySuite.ts";
import { writeDeployment } from "../../../deploy/deployment.ts";
import { decodeBlock } from "../../../protocol/blockWords.ts";
import { type ActorUnderTest, threeActors } from "./actorProcesses.ts";
import { openRecordingProxy } from "./recordingProxy.ts";
import { startTestChain, type TestChain } from "./testChain.ts";

/** Takes an empty proof: what is tested is the actors, not the proofs. */
export const MOCK_VERIFIER: VerifierSource = {
  contract: "contracts/test/MockVerifier.sol:MockVerifier",
  verificationKeyHash: `0x${"6d".repeat(32)}`,
};

/** Parameters of {@link randomKills}. */
export interface RandomKillsParameters {
  folder: string;
  seed: number;
  kills: number;
  /** Longest time between two kills, milliseconds. */
  gap: number;
  slotSeconds: number;
  mockProofs: boolean;
  /** How often the node, the sequencer and the prover are chosen, as shares. */
  shares: readonly [number, number, number];
  /** Seconds that the actors have to prove everything once they are left alone. */
  settleSeconds: number;
}

/** What a run came to. */
export interface RandomKillsResult {
  kills: Record<string, number>;
  blocks: number;
  proven: number;
  epochs: number;
  prunes: number;
  seconds: number;
}

/** L1 blocks that the actors keep in memory: few, so that their stores hold nearly everything. */
const REORG_DEPTH = 3;

/** Runs the actors, kills them, leaves them alone for a while, and checks the outcome. */
export async function randomKills(parameters: RandomKillsParameters): Promise<RandomKillsResult> {
  const { folder, seed, kills, gap, slotSeconds, mockProofs, shares, settleSeconds } = parameters;
  const began = performance.now();
  const random = new Random(seed);
  const chain = await startTestChain({ slotSeconds }, mockProofs ? MOCK_VERIFIER : undefined);
  const proxy = await openRecordingProxy(chain.url, new Random(seed + 1));
  const records = join(folder, "records");
  writeDeployment(chain.deployment, records);
  const actors = threeActors({ rpcUrl: proxy.url, records, folder, reorgDepth: REORG_DEPTH, mockProofs });
  const killed: Record<string, number> = { node: 0, sequencer: 0, prover: 0 };
  try {
    await chain.rpc("evm_setIntervalMining", [1]);
    for (const actor of actors) actor.start();
    await Promise.all(actors.map((actor) => actor.until("running")));

    const journals = new JournalWatch(actors);
    const targets = actors.flatMap((actor, i) => new Array<ActorUnderTest>(shares[i]!).fill(actor));
    for (let i = 0; i < kills; i++) {
      await sleep(random.below(gap));
      const actor = random.pick(targets);
      expect(actor.runs, `the ${actor.name} ended by itself: ${actor.errors}`).to.equal(true);
      await actor.end("SIGKILL");
      killed[actor.name]!++;
      journals.check();
      actor.start();
    }
    const provenThen = (await rollupOf(chain)).proven;
    await untilProven(chain, provenThen + 2, settleSeconds);
    // Stores hold what is deeper than a reorg reaches: an L1 block a second makes it so.
    await sleep(1_000 * (REORG_DEPTH + 7));
    for (const actor of actors) expect(await actor.end("SIGTERM"), actor.errors).to.equal(0);
    journals.check();
    const outcome = await checkOutcome({ chain, actors, sent: proxy.sent });
    return { kills: killed, ...outcome, seconds: (performance.now() - began) / 1000 };
  } finally {
    for (const actor of actors) await actor.end("SIGKILL");
    await proxy.stop();
    await chain.stop();
  }
}

/** A journal may only grow: every whole line that was there stays, whatever happens to its process. */
class JournalWatch {
  readonly #seen = new Map<string, string>();
  readonly #paths: string[];

  constructor(actors: readonly ActorUnderTest[]) {
    this.#paths = actors
      .filter(({ name }) => name !== "node")
      .map(({ name, folder }) => join(folder, `${name}.journal`));
  }

  check(): void {
    for (const path of this.#paths) {
      const text = readFileSync(path, "utf8");
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      const before = this.#seen.get(path) ?? "";
      expect(whole.startsWith(before), `${path} lost a line`).to.equal(true);
      this.#seen.set(path, whole);
    }
  }
}

async function rollupOf(chain: TestChain): Promise<{ pending: number; proven: number }> {
  const provider = await connectL1({ url: chain.url, chainId: 31337 });
  try {
    return await (await RollupContract.connect({ provider, deployment: chain.deployment })).status();
  } finally {
    provider.destroy();
  }
}

async function untilProven(chain: TestChain, number: number, seconds: number): Promise<void> {
  const deadline = performance.now() + 1000 * seconds;
  for (;;) {
    const { proven, pending } = await rollupOf(chain);
    if (proven >= number) return;
    if (performance.now() > deadline) {
      throw new Error(`${proven} of ${pending} blocks are proven after ${seconds} s, not ${number}`);
    }
    await sleep(500);
  }
}

async function checkOutcome({
  chain,
  actors,
  sent,
}: {
  chain: TestChain;
  actors: readonly ActorUnderTest[];
  sent: readonly string[];
}): Promise<Omit<RandomKillsResult, "kills" | "seconds">> {
  const { deployment } = chain;
  await chain.rpc("evm_setIntervalMining", [0]);
  const provider = await connectL1({ url: chain.url, chainId: deployment.chainId });
  try {
    const rollup = await RollupContract.connect({ provider, deployment });
    const proven = await readProvenRoot({ provider, rollup });
    const sync = (folder?: string) =>
      syncFromL1({
        rpcUrl: chain.url,
        deployment,
        logger: silentLogger,
        ...(folder === undefined ? {} : { folder }),
      });

    // Undisturbed, and from each store that lived through the kills: the same state.
    const undisturbed = await sync();
    expect(undisturbed.provenRoot).to.equal(proven.stateRoot);
    expect(undisturbed.invalidBlocks).to.equal(0);
    for (const { name, folder, log } of actors) {
      const stored = storedIn(folder, rollup);
      expect(stored.proven, `${name}'s store`).to.be.greaterThan(0);
      const again = await sync(folder);
      expect(again.provenRoot, name).to.equal(proven.stateRoot);
      expect(again.pendingRoot, name).to.equal(undisturbed.pendingRoot);
      expect(
        log.filter(({ msg }) => msg.includes("store is of no use")),
        name,
      ).to.deep.equal([]);
    }

    const head = await readHead(provider);
    const events = await rollup.events({
      from: deployment.block,
      to: head!.number,
      readBlock: async (number) => (await readHead(provider, number))!,
    });
    const proposed = events.filter((event) => event.type === "proposed");
    checkSignedOnce(sent);
    const sequencer = actors.find(({ name }) => name === "sequencer")!;
    checkJournal(join(sequencer.folder, "sequencer.journal"), proposed);
    return {
      blocks: proposed.length,
      proven: proven.number,
      epochs: events.filter(({ type }) => type === "epochProven").length,
      prunes: events.filter(({ type }) => type === "pruned").length,
    };
  } finally {
    provider.destroy();
  }
}

function storedIn(folder: string, { parameters }: RollupContract): { proven: number } {
  const path = join(folder, "node.sqlite");
  const store = NodeStore.open({ path, identity: chainIdentity(parameters), logger: silentLogger });
  try {
    return { proven: store.read()?.proven ?? 0 };
  } finally {
    store.close();
  }
}

/** Of all that ever left for L1, mined or not, there is one block a slot. */
function checkSignedOnce(sent: readonly string[]): void {
  const abi = contractInterface("rollup/Rollup");
  const selector = abi.getFunction("propose")!.selector;
  const bySlot = new Map<number, Set<string>>();
  for (const raw of sent) {
    const data = calldataOf(raw);
    if (!data.startsWith(selector)) continue;
    const blk = [...(abi.decodeFunctionData("propose", data)[1] as bigint[])];
    const { slot } = decodeBlock(blk);
    bySlot.set(slot, (bySlot.get(slot) ?? new Set()).add(data));
  }
  expect(bySlot.size).to.be.greaterThan(0);
  for (const [slot, blocks] of bySlot) expect(blocks.size, `blocks of slot ${slot}`).to.equal(1);
}

/** Calldata of a signed transaction of type 2 or 3, the latter with its blobs. */
function calldataOf(raw: string): string {
  const fields = decodeRlp(`0x${raw.slice(4)}`) as (string | (string | string[])[])[];
  const body = raw.startsWith("0x03") ? (fields[0] as string[]) : (fields as string[]);
  return body[7]!;
}

/** Every block on L1 was intended, each slot once. */
function checkJournal(path: string, proposed: readonly ProposedEvent[]): void {
  const journal = openActorJournal({ path, logger: silentLogger });
  try {
    expect(journal.isWhole).to.equal(true);
    const entries = journal.entries;
    const slots = entries.filter((entry) => entry.type === "proposal").map(({ slot }) => slot);
    expect(new Set(slots).size).to.equal(slots.length);
    const hashes = new Set(entries.filter((entry) => entry.type === "send").map(({ hash }) => hash));
    for (const { at, blk } of proposed) {
      expect(slots).to.include(decodeBlock([...blk]).slot);
      expect(hashes.has(at.transactionHash)).to.equal(true);
    }
  } finally {
    journal.close();
  }
}
