import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { JsonRpcProvider, ParamType } from "ethers";

import { contractInterface } from "../../../actors/l1/contractInterface.ts";
import type { L1Account } from "../../../actors/l1/l1Account.ts";
import { RevertError } from "../../../actors/l1/l1Account.ts";
import { OutboxCache } from "../../../actors/wallet/outboxCache.ts";
import type { WalletError } from "../../../actors/wallet/walletError.ts";
import { Withdrawals } from "../../../actors/wallet/withdrawals.ts";
import { addressToHex, toAddress } from "../../../protocol/address.ts";
import { merkleCommitment } from "../../../protocol/merkle.ts";
import { decodeWithdrawal, encodeWithdrawal } from "../../../protocol/withdrawal.ts";
import { FakeL1 } from "../support/fakeL1.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const DELAY = 100n;
const PROVEN_AT = 40n;
const WORD = (1n << 255n) | (7n << 160n) | 0xc0ffeen;

/** A value of any type, nothing in it but the delay. */
function zero({ name, type, components, arrayLength, arrayChildren }: ParamType): unknown {
  if (name === "outboxDelay") return DELAY;
  if (arrayChildren) return new Array(Math.max(0, arrayLength ?? 0)).fill(zero(arrayChildren));
  if (components) return components.map(zero);
  if (type === "address") return `0x${"11".repeat(20)}`;
  return type.startsWith("bytes") ? `0x${"00".repeat(Number(type.slice(5)) || 0)}` : 0n;
}

describe("Withdrawals, looked up on L1", () => {
  const abi = contractInterface("rollup/Rollup");
  const folder = temporaryFolder();
  after(() => folder.remove());
  const { rollup, parameters } = new FakeL1();
  let pause: bigint;
  let now: number;
  let asked: number[];
  let refusals: bigint[];
  /** Of the transaction with the epoch's proof. */
  let calldata: string | undefined;
  let nodeKnows: boolean;

  beforeEach(() => {
    pause = 0n;
    calldata = undefined;
    nodeKnows = true;
    now = parameters.clock.genesisTime;
    asked = [];
    refusals = [];
  });

  const HEAD = parameters.startBlock + 1_000;
  const word = (value: bigint): string => `0x${value.toString(16).padStart(64, "0")}`;
  const list = [encodeWithdrawal(decodeWithdrawal(WORD))];
  const event = abi.getEvent("EpochProven")!;
  const log = (blockNumber: number): object => {
    const values = event.inputs.map((input) => {
      if (input.name === "epoch") return 3;
      if (input.name === "outboxWord") return ((merkleCommitment(list) >> 32n) << 32n) | PROVEN_AT;
      return zero(input);
    });
    return {
      ...abi.encodeEventLog(event, values),
      address: parameters.address,
      blockNumber,
      transactionHash: word(1n),
    };
  };
  const provider = {
    getBlockNumber: () => Promise.resolve(HEAD),
    getLogs: ({ fromBlock, toBlock }: { fromBlock: number; toBlock: number }) => {
      asked.push(fromBlock);
      const at = parameters.startBlock + 10;
      return Promise.resolve(fromBlock <= at && at <= toBlock ? [log(at)] : []);
    },
    getTransaction: () => Promise.resolve(calldata === undefined ? null : { data: calldata }),
    send: () =>
      Promise.resolve({ number: word(1n), hash: "0x", parentHash: "0x", timestamp: word(BigInt(now)) }),
    call: ({ data }: { data: string }) => {
      const call = abi.parseTransaction({ data })!;
      if (call.name === "pauseWord") return Promise.resolve(word(pause));
      if (call.name === "isWithdrawalConsumed") return Promise.resolve(word(0n));
      const config = abi.getFunction("config")!;
      return Promise.resolve(
        abi.encodeFunctionResult(
          config,
          config.outputs.map((output) => zero(output)),
        ),
      );
    },
  } as unknown as JsonRpcProvider;
  const withdrawals = (cache?: OutboxCache): Withdrawals =>
    new Withdrawals({
      provider,
      rollup,
      ledger: { withdrawals: () => Promise.resolve((nodeKnows ? [{ word: list[0]! }] : []) as never) },
      ...(cache ? { cache } : {}),
    });
  const account = {
    send: () => {
      const at = refusals.shift();
      if (at === undefined) return Promise.resolve({ receipt: { hash: "0x2", gasUsed: 5n } });
      throw new RevertError("TRANSACTION_REFUSED", "withdraw", {
        name: "Rollup__OutboxDelayNotOver",
        args: { availableAt: at },
        text: `Rollup__OutboxDelayNotOver(availableAt: ${at})`,
      });
    },
  } as unknown as L1Account;

  it("are payable after their delay, and later by what a pause took", async () => {
    const payableAt = async (): Promise<number> =>
      (await withdrawals().list())[0]!.payableAt - parameters.clock.genesisTime;
    expect(await payableAt()).to.equal(140);
    pause = (60n << 64n) | 85n;
    expect(await payableAt()).to.equal(165);
    pause = (200n << 64n) | 300n;
    expect(await payableAt()).to.equal(140);
  });

  it("are found without a node, whichever contract made the call with the proof", async () => {
    nodeKnows = false;
    const call = (words: readonly bigint[]): string => {
      const { inputs } = abi.getFunction("submitEpochProof")!;
      const proof = inputs[0]!.components!.map((field) =>
        field.name === "withdrawals" ? words : zero(field),
      );
      return abi.encodeFunctionData("submitEpochProof", [proof]);
    };
    const submitter = contractInterface("market/ProofSubmitter");
    const through = (submission: string): string => {
      const [, prover, leastFee, predecessor] = submitter.getFunction("submit")!.inputs.map(zero);
      return submitter.encodeFunctionData("submit", [submission, prover, leastFee, predecessor]);
    };
    const selector = call([]).slice(2, 10);
    for (const data of [call(list), through(call(list)), `0x00${selector}${through(call(list)).slice(2)}`]) {
      calldata = data;
      expect(await withdrawals().list()).to.have.length(1);
    }
    for (const data of [call([WORD + 1n]), "0x", `0x${selector.repeat(10_000)}`]) {
      calldata = data;
      const error: unknown = await withdrawals()
        .list()
        .catch((thrown: unknown) => thrown);
      expect((error as WalletError).code).to.equal("WITHDRAWAL_UNKNOWN");
      expect((error as WalletError).message).to.match(/does not hold it \(0x0+1\); use --from-l1$/);
    }
  });

  it("wait for the time that L1 names when a pause began in between", async () => {
    now += 150;
    refusals = [180n];
    const early = withdrawals().finish({ epoch: 3, index: 0, account });
    const error = await early.catch((thrown: unknown) => thrown);
    expect((error as WalletError).code).to.equal("WITHDRAWAL_DELAYED");
    expect((error as WalletError).message).to.match(/can be paid in 30 s/);

    refusals = [180n];
    const paid = withdrawals().finish({ epoch: 3, index: 0, account, wait: true, pollInterval: 5 });
    setTimeout(() => (now += 40), 20);
    expect((await paid).hash).to.equal("0x2");
  });

  it("are searched for from where the last search ended; a damaged cache is as good as none", async () => {
    const path = join(folder.path, "found.json");
    const cache = new OutboxCache({ path, identity: "0x01" });
    const first = await withdrawals(cache).list();
    expect(first[0]!.recipient).to.equal(
      addressToHex(toAddress(word(0xc0ffeen).replace("0x" + "0".repeat(24), "0x"))),
    );
    expect(asked[0]).to.equal(parameters.startBlock);
    asked = [];
    expect(await withdrawals(cache).list()).to.deep.equal(first);
    expect(asked).to.deep.equal([HEAD - 63]);

    for (const damage of ["not it", readFileSync(path, "utf8").replace(/\d(?=\D*$)/, "x")]) {
      writeFileSync(path, damage);
      asked = [];
      expect(await withdrawals(cache).list()).to.deep.equal(first);
      expect(asked[0]).to.equal(parameters.startBlock);
    }
    asked = [];
    await withdrawals(new OutboxCache({ path, identity: "0x02" })).list();
    expect(asked[0]).to.equal(parameters.startBlock);
  });
});
