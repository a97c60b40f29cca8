/** A prover on an L1 in memory: proofs cost nothing, its account's transactions wait for the test. */
import { HeadFollower } from "../../../actors/l1/headFollower.ts";
import type { ChainPoint } from "../../../actors/node/chainState.ts";
import { Node } from "../../../actors/node/node.ts";
import type { ProofMaker } from "../../../actors/prover/proofMaker.ts";
import { type ProverEvent, type ProverOptions, ProverService } from "../../../actors/prover/proverService.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import type { BuiltBlock } from "../../../actors/sequencer/buildBlock.ts";
import { FakeL1 } from "./fakeL1.ts";
import { FakeAccount } from "./proposerBench.ts";

export interface ProverBench {
  l1: FakeL1;
  node: Node;
  heads: HeadFollower;
  account: FakeAccount;
  prover: ProverService;
  events: ProverEvent[];
  /** Proofs made. */
  made(): number;
  /** A block on the last one, in an L1 block of its own; L1 block n stands in slot n. */
  propose(slot: number): Promise<{ built: BuiltBlock; point: ChainPoint }>;
  /** Empty L1 blocks. */
  tick(count?: number): Promise<void>;
  /** Drops the newest L1 blocks and mines an empty one; the next block stands on `parent`. */
  reorg(depth: number, parent: ChainPoint): Promise<void>;
  /** L1 accepts a proof of all blocks up to a number. */
  proven(options: { epoch: number; number: number; prover: string }): Promise<void>;
  until(what: string, condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Genesis at 1,000 s, slots and L1 blocks of 12 s, epochs of two slots, proven within ten more. */
export function proverBench(options: Partial<ProverOptions> = {}): ProverBench {
  const l1 = new FakeL1();
  l1.parameters.clock = { ...l1.parameters.clock, proofSubmissionEpochs: 10 };
  const { provider } = l1;
  const node = new Node({ provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
  const heads = new HeadFollower({ provider, logger: silentLogger, pollInterval: 1_000_000 });
  const account = new FakeAccount();
  const events: ProverEvent[] = [];
  let proofs = 0;
  const maker: ProofMaker = {
    prove: () => {
      proofs++;
      return Promise.resolve({ proof: new Uint8Array(64), seconds: 1 });
    },
  };
  const prover = new ProverService({
    node,
    heads,
    account: account.account,
    maker,
    logger: silentLogger,
    l1BlockTime: 12,
    ...options,
  });
  prover.on((event) => events.push(event));
  let parent = node.chain.genesis;
  const show = async (): Promise<void> => {
    await node.sync();
    await heads.refresh();
    await sleep(1);
  };
  return {
    l1,
    node,
    heads,
    account,
    prover,
    events,
    made: () => proofs,
    async propose(slot) {
      while (l1.head.number < slot - 1) l1.mine([]);
      const block = l1.propose({ parent, slot });
      parent = block.point;
      await show();
      return block;
    },
    async tick(count = 1) {
      for (let i = 0; i < count; i++) l1.mine([]);
      await show();
    },
    async reorg(depth, point) {
      l1.reorg(depth);
      parent = point;
      for (let i = 0; i < depth; i++) l1.mine([]);
      await show();
    },
    async proven({ epoch, number, prover: by }) {
      l1.mine([
        (at) => ({
          type: "epochProven",
          at,
          epoch,
          number,
          prover: by,
          timestamp: at.block.timestamp,
          endRecordHash: "0x",
          rewardsRoot: "0x",
          participation: [0n, 0n],
          seedWord: 0n,
          outboxWord: 0n,
        }),
      ]);
      await show();
    },
    async until(what, condition) {
      const deadline = performance.now() + 60_000;
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
        await sleep(5);
      }
    },
    stop: () => prover.stop(),
  };
}
