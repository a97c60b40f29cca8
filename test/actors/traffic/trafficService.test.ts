import { expect } from "chai";

import { ContractErrorDecoder } from "../../../actors/l1/contractErrors.ts";
import { contractInterface } from "../../../actors/l1/contractInterface.ts";
import { RevertError, type SendRequest } from "../../../actors/l1/l1Account.ts";
import type { ChainPoint } from "../../../actors/node/chainState.ts";
import { Node } from "../../../actors/node/node.ts";
import { MempoolError } from "../../../actors/sequencer/mempool.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { TrafficService } from "../../../actors/traffic/trafficService.ts";
import { seededUsers } from "../../../actors/traffic/user.ts";
import { toAddress } from "../../../protocol/address.ts";
import {
  MESSAGE_ASSET_DEPOSIT,
  MESSAGE_FEE_DEPOSIT,
  type Message,
  messageToWords,
} from "../../../protocol/message.ts";
import type { Transaction } from "../../../protocol/transaction.ts";
import { FakeL1, PRICES } from "../support/fakeL1.ts";

const RECIPIENT = "0x00000000000000000000000000000000000000cc";

/** The deposits that the service's users would make. */
function deposits(seed: number, count: number): Message[] {
  return seededUsers({ seed, count }).flatMap(({ keyPair: { publicKey } }, index) => {
    const common = {
      index,
      keyX: publicKey.x,
      keyParity: Number(publicKey.y & 1n),
      sender: toAddress(RECIPIENT),
      amount: 10n ** 18n,
    };
    return [
      { type: MESSAGE_FEE_DEPOSIT, ...common },
      { type: MESSAGE_ASSET_DEPOSIT, ...common },
    ] as Message[];
  });
}

describe("Traffic", () => {
  async function run(seed: number, refuseAfter: number): Promise<Transaction[]> {
    const l1 = new FakeL1();
    const node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    const inbox = deposits(seed, 3);
    l1.send(inbox);
    let parent: ChainPoint = node.chain.genesis;
    for (let slot = 1; slot <= 3; slot++) parent = l1.propose({ parent, slot, inbox }).point;
    await node.sync();

    const sent: Transaction[] = [];
    const traffic = new TrafficService({
      node,
      heads: undefined as never, // only `fill` is called
      account: { address: RECIPIENT } as never,
      pool: {
        get size() {
          return sent.length;
        },
        prices: PRICES,
        nextNonce: (sender) => sent.filter(({ from }) => from === sender).length,
        add(transaction) {
          if (sent.length >= refuseAfter) throw new MempoolError("POOL_FULL", "full", "later");
          sent.push(transaction);
          return "0x";
        },
      },
      logger: silentLogger,
      seed,
      users: 3,
      backlog: 16,
      withdrawEvery: 4,
    });
    await traffic.deposit(); // finds every user registered, so it sends nothing
    traffic.fill();
    return sent;
  }

  it("is the same for the same seed, and fills the pool to its backlog", async () => {
    const first = await run(1, 100);
    expect(first).to.have.length(16);
    expect(await run(1, 100)).to.deep.equal(first);
    expect(await run(2, 100)).not.to.deep.equal(first);
    expect(first.filter(({ kind }) => kind === 2)).to.have.length(4);
  });

  it("pays the fee of a deposit when the Rollup asks for one", async () => {
    const l1 = new FakeL1();
    const node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    const abi = contractInterface("rollup/Rollup");
    const words = messageToWords(deposits(1, 1)[0]!);
    const log = {
      ...abi.encodeEventLog("MessageSent", [1, words, 0]),
      address: l1.parameters.address,
      transactionHash: "0x",
      index: 0,
    };
    const sent: [string, bigint][] = [];
    let fee = 1_000n;
    const send = ({ purpose, value = 0n }: SendRequest): Promise<unknown> => {
      if (purpose === "approve") return Promise.resolve();
      sent.push([purpose, value]);
      if (value < fee) {
        const data = abi.encodeErrorResult("Rollup__DepositFeeTooLow", [fee, value]);
        const reason = new ContractErrorDecoder([abi]).decode(data);
        return Promise.reject(new RevertError("TRANSACTION_REFUSED", purpose, reason));
      }
      fee = 0n; // the Inbox has room again
      return Promise.resolve({ receipt: { logs: [log], gasUsed: 1n } });
    };
    const traffic = new TrafficService({
      node,
      heads: undefined as never,
      account: { address: RECIPIENT, send } as never,
      pool: { prices: PRICES } as never,
      logger: silentLogger,
      seed: 1,
      users: 1,
      backlog: 1,
    });
    await traffic.deposit();
    expect(sent).to.deep.equal([
      ["register", 0n],
      ["register", 1_250n],
      ["deposit", 0n],
    ]);
  });

  it("tries deposits again that failed, without being asked", async function () {
    this.timeout(20_000);
    const l1 = new FakeL1();
    const node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    let tries = 0;
    let tellAgain = (): void => undefined;
    const again = new Promise<void>((resolve) => (tellAgain = resolve));
    const send = (): Promise<never> => {
      if (++tries > 2) tellAgain(); // two tokens are approved side by side
      return Promise.reject(new Error("the answer was lost"));
    };
    const traffic = new TrafficService({
      node,
      heads: { onHead: () => () => undefined } as never,
      account: { address: RECIPIENT, send } as never,
      pool: { prices: PRICES } as never,
      logger: silentLogger,
      seed: 1,
      users: 1,
      backlog: 1,
    });
    await traffic.start();
    await again;
    await traffic.stop();
    expect(tries).to.be.greaterThan(2);
  });

  it("stops when the pool is full", async () => {
    expect(await run(1, 5)).to.have.length(5);
  });
});
