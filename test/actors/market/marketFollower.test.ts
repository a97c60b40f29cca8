import { expect } from "chai";
import { getAddress, type JsonRpcProvider } from "ethers";

import { contractInterface } from "../../../actors/l1/contractInterface.ts";
import type { L1Head } from "../../../actors/l1/provider.ts";
import { MarketFollower } from "../../../actors/market/marketFollower.ts";
import { Node } from "../../../actors/node/node.ts";
import { messageOf } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { addressToHex } from "../../../protocol/address.ts";
import { FakeL1 } from "../support/fakeL1.ts";
import { parameters, testProvers, type TestProver } from "./support.ts";

const [alice, bob] = testProvers(2) as [TestProver, TestProver];
const MARKET = "0x00000000000000000000000000000000000000ee";

describe("Market follower", () => {
  /** Logs by L1 block. */
  let blocks: { hash: string; logs: { topics: string[]; data: string }[] }[];
  let asked: [number, number][];
  let follower: MarketFollower;
  /** Newest block that the server has. */
  let answersUpTo: number;

  const deposited = ({ address }: TestProver, amount: bigint) => {
    const name = getAddress(addressToHex(address));
    return contractInterface("market/ProofMarket").encodeEventLog("Deposited", [name, name, amount]);
  };
  const mine = (count: number, ...logs: ReturnType<typeof deposited>[]): void => {
    for (let i = 0; i < count; i++) blocks.push({ hash: `0x${blocks.length}`, logs: i === 0 ? logs : [] });
  };
  const refresh = (): Promise<void> => {
    const number = blocks.length - 1;
    const head: L1Head = {
      number,
      hash: blocks[number]!.hash,
      parentHash: "0x",
      timestamp: 1_000 + 12 * number,
    };
    return follower.refresh(head);
  };

  beforeEach(async () => {
    blocks = [];
    asked = [];
    answersUpTo = Infinity;
    mine(2);
    const l1 = new FakeL1();
    const provider = {
      getBlock: (number: number) =>
        Promise.resolve(blocks[number] && number <= answersUpTo ? { hash: blocks[number].hash } : null),
      getLogs: ({ fromBlock, toBlock }: { fromBlock: number; toBlock: number }) => {
        asked.push([fromBlock, toBlock]);
        if (toBlock > answersUpTo) return Promise.reject(new Error("no answer"));
        return Promise.resolve(blocks.slice(fromBlock, toBlock + 1).flatMap(({ logs }) => logs));
      },
    } as unknown as JsonRpcProvider;
    follower = await MarketFollower.open({
      provider,
      contract: { address: MARKET, parameters: () => Promise.resolve(parameters) },
      startBlock: 1,
      node: new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger }),
      l1BlockTime: 12,
      reorgDepth: 4,
    });
  });

  it("knows every account at the head, and nobody without a deposit", async () => {
    mine(1, deposited(alice, 5n), deposited(alice, 7n));
    await refresh();
    expect(follower.account(alice.address)).to.deep.equal({ available: 12n, nonce: 0n, mayClaim: true });
    expect(follower.account(bob.address).available).to.equal(0n);
    expect(follower.now()).to.equal(1_024);
    expect(follower.oldestEpoch()).to.equal(1);
  });

  it("counts what is on its way out until it may be taken", async () => {
    const name = getAddress(addressToHex(alice.address));
    const initiated = [name, 5n, 1_036n];
    mine(
      1,
      deposited(alice, 12n),
      contractInterface("market/ProofMarket").encodeEventLog("WithdrawalInitiated", initiated),
    );
    await refresh();
    expect(follower.account(alice.address).available).to.equal(12n);
    mine(1);
    await refresh();
    expect(follower.account(alice.address).available).to.equal(7n);
  });

  it("forgets what an L1 reorg took back", async () => {
    mine(1, deposited(alice, 5n));
    await refresh();
    blocks.pop();
    blocks.push({ hash: "0xfork", logs: [deposited(bob, 3n)] });
    await refresh();
    expect(follower.account(alice.address).available).to.equal(0n);
    expect(follower.account(bob.address).available).to.equal(3n);
  });

  it("reads old blocks once, and all of them again when a reorg went deeper", async () => {
    mine(1, deposited(alice, 5n));
    mine(20);
    await refresh();
    mine(1);
    asked.length = 0;
    await refresh();
    expect(asked.every(([from]) => from > 15)).to.equal(true);
    expect(follower.account(alice.address).available).to.equal(5n);

    blocks = blocks.map(({ logs }, i) => ({
      hash: `0xother${i}`,
      logs: i === 2 ? [deposited(bob, 9n)] : logs,
    }));
    mine(1);
    await refresh();
    expect(follower.account(alice.address).available).to.equal(0n);
    expect(follower.account(bob.address).available).to.equal(9n);
  });

  it("goes on where it was when the server failed, or falls behind", async () => {
    mine(1, deposited(alice, 5n));
    mine(60_000);
    answersUpTo = 50_000;
    const failed = (): Promise<string> => refresh().then(() => "", messageOf);
    expect(await failed()).to.equal("no answer");
    answersUpTo = Infinity;
    asked.length = 0;
    await refresh();
    expect(asked[0]![0]).to.equal(40_001);
    expect(follower.account(alice.address).available).to.equal(5n);

    mine(1);
    answersUpTo = 30_000;
    expect(await failed()).to.match(/does not have block 5999\d; wait until it has caught up/);
    answersUpTo = Infinity;
    asked.length = 0;
    await refresh();
    expect(asked[0]![0]).to.be.greaterThan(59_000);
    expect(follower.account(alice.address).available).to.equal(5n);
  });
});
