import type { JsonRpcProvider } from "ethers";
import { expect } from "chai";

import { toBytes } from "../../../protocol/bytes.ts";
import { epochStart, toEpoch } from "../../../protocol/time.ts";
import { contractInterface } from "../../../actors/l1/contractInterface.ts";
import type { HeadFollower } from "../../../actors/l1/headFollower.ts";
import type { L1Account, SendRequest } from "../../../actors/l1/l1Account.ts";
import type { L1Head } from "../../../actors/l1/provider.ts";
import type { Node } from "../../../actors/node/node.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import type { Committees } from "../../../actors/validator/committees.ts";
import type { Equivocations } from "../../../actors/watcher/equivocations.ts";
import { type WatcherEvent, WatcherService } from "../../../actors/watcher/watcherService.ts";
import { parameters } from "../support/committee.ts";

const { clock } = parameters;
const EPOCH = clock.slotsPerEpoch * clock.slotDuration;
const abi = () => contractInterface("staking/IValidatorRegistry");

/** A watcher over a chain without blocks; seeds of `fixed` epochs are fixed, and those it fixes join them. */
async function watch({ fixed, hasSeeds = true }: { fixed: number[]; hasSeeds?: boolean }) {
  const sent: string[] = [];
  const events: WatcherEvent[] = [];
  const known = new Set(fixed);
  let listener: (head: L1Head) => void = () => undefined;
  const heads = { head: undefined, onHead: (on: typeof listener) => ((listener = on), () => undefined) };
  const node = {
    parameters,
    chain: { pending: 0, block: () => undefined },
    sync: () => Promise.resolve(),
    on: () => () => undefined,
  };
  const provider = {
    call: ({ data }: { data: string }) => {
      const [, epoch] = abi().decodeFunctionData("seedOf", data) as unknown as [string, bigint];
      const word = toBytes(known.has(Number(epoch)) ? 1n : 0n, 32);
      return Promise.resolve(`0x${Buffer.from(word).toString("hex")}`);
    },
  };
  const account = {
    send: ({ purpose, data }: SendRequest) => {
      sent.push(purpose);
      known.add(Number((abi().decodeFunctionData("fixSeed", data) as unknown as [string, bigint])[1]));
      return Promise.resolve({ receipt: { gasUsed: 50_000n } });
    },
  };
  const watcher = new WatcherService({
    node: node as unknown as Node,
    heads: heads as unknown as HeadFollower,
    provider: provider as unknown as JsonRpcProvider,
    account: account as unknown as L1Account,
    committees: {} as Committees,
    gossip: new GossipHub({ logger: silentLogger }).join("watcher"),
    equivocations: {} as Equivocations,
    hasSeeds,
    l1BlockTime: 1,
    logger: silentLogger,
  });
  watcher.on((event) => events.push(event));
  await watcher.start();
  return {
    sent,
    events,
    head: async (timestamp: number): Promise<void> => {
      listener({ timestamp } as L1Head);
      for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done));
    },
  };
}

describe("Watcher's care for seeds", () => {
  const start = epochStart(clock, toEpoch(5));

  it("leaves the second next epoch's seed to that epoch's first block for half an epoch, then fixes it", async () => {
    const { sent, events, head } = await watch({ fixed: [5, 6] });
    await head(start);
    await head(start + EPOCH / 2 - 1);
    expect(sent).to.deep.equal([]);
    await head(start + EPOCH / 2);
    expect(sent).to.deep.equal(["seed-7"]);
    expect(events).to.deep.equal([{ type: "seedFixed", epoch: 7, gasUsed: 50_000n }]);
    await head(start + EPOCH - 1);
    expect(sent).to.have.length(1);
  });

  it("does nothing about seeds that are fixed", async () => {
    const { sent, head } = await watch({ fixed: [5, 6, 7] });
    await head(start + EPOCH / 2);
    expect(sent).to.deep.equal([]);
  });

  it("fixes at once what is late, the oldest first and one at a time", async () => {
    const { sent, head } = await watch({ fixed: [] });
    await head(start);
    expect(sent).to.deep.equal(["seed-5"]);
    await head(start + 1);
    await head(start + 2);
    expect(sent).to.deep.equal(["seed-5", "seed-6"]);
  });

  it("has nothing to fix where committees are drawn without seeds, and before genesis", async () => {
    const permissioned = await watch({ fixed: [], hasSeeds: false });
    await permissioned.head(start);
    const early = await watch({ fixed: [] });
    await early.head(clock.genesisTime - 1);
    expect([...permissioned.sent, ...early.sent]).to.deep.equal([]);
  });
});
