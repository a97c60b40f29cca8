import { expect } from "chai";
import type { Log } from "ethers";

import {
  epochWordOf,
  type EpochWordFields,
  hashRecord,
  withdrawalWord,
  type Words7,
} from "../helpers/layout.ts";
import { deployRollup, type RollupDriver } from "../helpers/rollup.ts";

const G = [1n, 17631683881184975370165255887551781615748388533673675138860n] as const;

/** What storage must hold, from events alone. */
interface Rebuilt {
  records: Words7[];
  proven: number;
  firstUnprovenEpoch: bigint;
  lastCommitteeSlot: bigint;
  provenMessages: bigint;
  accounts: bigint;
  /** As in the ring: hash and, from its L1 block, time of each message. */
  inbox: bigint[];
  /** Numbers whose word says that their block was rolled back. */
  rolledBack: Set<number>;
  epochs: Map<bigint, string>;
  outbox: Map<bigint, bigint>;
  consumed: Set<string>;
  pause: bigint;
}

describe("events", () => {
  it("suffice to rebuild the Rollup's storage", async () => {
    const driver = await live();
    const state = await replay(driver, await logsOf(driver));
    const { rollup } = driver;

    const pending = state.records.length - 1;
    const tip =
      (state.accounts << 192n) |
      (BigInt(state.inbox.length - 1) << 160n) |
      (state.lastCommitteeSlot << 128n) |
      (state.provenMessages << 96n) |
      (state.firstUnprovenEpoch << 64n) |
      (BigInt(state.proven) << 32n) |
      BigInt(pending);
    expect(await rollup.tip()).to.equal(tip);
    for (let n = state.proven; n <= pending; ++n) {
      expect(await rollup.recordHash(n)).to.equal(hashRecord(state.records[n]!));
    }
    for (let i = 1; i < state.inbox.length; ++i) {
      expect(await rollup.inboxWord(i)).to.equal(state.inbox[i]);
    }
    expect(state.rolledBack.size).to.equal(1);
    for (const number of state.rolledBack) expect(BigInt(await rollup.recordWord(number))).to.equal(1n);
    for (const [epoch, word] of state.epochs) expect(await rollup.epochWord(epoch)).to.equal(word);
    for (const [epoch, word] of state.outbox) expect(await rollup.outboxWord(epoch)).to.equal(word);
    expect(await rollup.pauseWord()).to.equal(state.pause);
    for (const key of ["0/0", "0/1"]) {
      const [epoch, index] = key.split("/") as [string, string];
      expect(await rollup.isWithdrawalConsumed(epoch, index)).to.equal(state.consumed.has(key));
    }
    expect(state.epochs.size).to.equal(2);
    expect(state.consumed.size).to.equal(1);
  });
});

/** A short life: registrations, blocks, two proofs, a withdrawal, a pause, a prune, blocks after it, a roll-back. */
async function live(): Promise<RollupDriver> {
  const driver = await deployRollup({ parameters: { outboxDelay: 0n }, challenge: true });
  const user = driver.members[0]!;
  await driver.fund(user.address);
  await driver.approve(user);
  await driver.toSlot(0);
  const { feePortal, assetPortal } = driver.contracts;
  await feePortal.connect(user).register(...G, 1_000n);
  await assetPortal.connect(user).deposit(0, ...G, 1_000n);
  await assetPortal.connect(user).register(...G, 1_000n);

  await driver.propose(1, { messages: 2n });
  await driver.propose(2, { messages: 1n });
  await driver.propose(5);
  const withdrawals = [1n, 2n].map((amount) => withdrawalWord(1n, amount, user.address));
  await driver.rollup.submitEpochProof(driver.epochProof(1, 2, { withdrawals }));
  await assetPortal.withdraw(0, 1, 2, withdrawals[1]!, [
    `0x${withdrawals[0]!.toString(16).padStart(64, "0")}`,
  ]);
  await driver.toSlot(8);
  await driver.rollup.submitEpochProof(driver.epochProof(3, 3));
  await driver.rollup.connect(driver.council).pause(100);
  await driver.rollup.connect(driver.council).unpause();
  await driver.rollup.connect(user).force(1, 0, 0, 1, 1, 1, 1, { value: 10n ** 15n });
  await driver.propose(9, { messages: 1n });
  await driver.toSlot(16, 0n);
  await driver.rollup.prune();
  driver.rewind(3);
  // The message is overdue by now, and open again.
  await driver.propose(17, { messages: 1n });
  for (const slot of [18, 19, 21]) await driver.propose(slot);
  await driver.rollBack(6);
  return driver;
}

async function logsOf(driver: RollupDriver): Promise<Log[]> {
  const address = driver.rollup.target as string;
  return driver.connection.ethers.provider.getLogs({ address, fromBlock: 0, toBlock: "latest" });
}

async function replay(driver: RollupDriver, logs: Log[]): Promise<Rebuilt> {
  const { slotsPerEpoch } = driver.parameters;
  const sentAt = async (log: Log) => BigInt((await log.getBlock()).timestamp) - driver.genesisTime;
  const state: Rebuilt = {
    records: [],
    proven: 0,
    firstUnprovenEpoch: 0n,
    lastCommitteeSlot: 0n,
    provenMessages: 0n,
    accounts: 0n,
    inbox: [0n],
    rolledBack: new Set(),
    epochs: new Map(),
    outbox: new Map(),
    consumed: new Set(),
    pause: 0n,
  };
  const slotOf = (record: Words7) => (record[4] >> 192n) & 0xffffffffn;
  for (const log of logs) {
    const { name, args } = driver.rollup.interface.parseLog(log)!;
    if (name === "Genesis") state.records = [[...(args.record as bigint[])] as Words7];
    if (name === "Proposed") {
      const record = [...(args.record as bigint[])] as Words7;
      if (state.records.length - 1 === state.proven)
        state.firstUnprovenEpoch = slotOf(record) / slotsPerEpoch;
      state.lastCommitteeSlot = slotOf(record);
      state.rolledBack.delete(state.records.length);
      state.records.push(record);
    }
    if (name === "Pruned") state.records.length = Number(args.proven) + 1;
    if (name === "RolledBack") {
      state.records.length = Number(args.last) + 1;
      state.rolledBack.add(state.records.length);
    }
    if (name === "MessageSent") {
      const first = (args.message as bigint[])[0]!;
      const [type, leaf] = [first >> 248n, (first >> 224n) & 0xffffffn];
      if (type <= 2n && leaf === state.accounts) ++state.accounts;
      state.inbox.push(((args.rollingHash as bigint) << 32n) | (await sentAt(log)));
    }
    if (name === "EpochProven") {
      const { epoch, number, outboxWord } = args;
      state.proven = Number(number);
      state.provenMessages = state.records[state.proven]![3] & 0xffffffffn;
      const next = state.records[state.proven + 1];
      state.firstUnprovenEpoch = next === undefined ? (epoch as bigint) : slotOf(next) / slotsPerEpoch;
      state.epochs.set(epoch as bigint, epochWordOf(args.toObject() as EpochWordFields));
      if (outboxWord !== 0n) state.outbox.set(epoch as bigint, outboxWord as bigint);
    }
    if (name === "Paused") state.pause = ((args.start as bigint) << 64n) | (args.end as bigint);
    if (name === "Unpaused") state.pause = ((state.pause >> 64n) << 64n) | (args.end as bigint);
    if (name === "WithdrawalConsumed") state.consumed.add(`${args.epoch as bigint}/${args.index as bigint}`);
  }
  return state;
}
