/**
 * The ledger's totals and what the portals hold, compared after every proof: blocks executed by the protocol library,
 * messages and withdrawals through the real Inbox, Outbox and portals.
 */
import { expect } from "chai";
import type { ContractTransactionResponse, Wallet } from "ethers";

import { blockDataOf } from "../../protocol/blob.ts";
import { toField } from "../../protocol/field.ts";
import { executeBlock } from "../../protocol/ledger.ts";
import {
  isDeposit,
  type Message,
  MESSAGE_ASSET_DEPOSIT,
  MESSAGE_FEE_DEPOSIT,
  messageFromWords,
} from "../../protocol/message.ts";
import { type KeyPair, schnorrKeyPair } from "../../protocol/schnorr.ts";
import { SIZES } from "../../protocol/sizes.ts";
import {
  encodeTransaction,
  KIND_TRANSFER,
  KIND_WITHDRAW,
  signTransaction,
  type TransactionBody,
} from "../../protocol/transaction.ts";
import { AccountTree } from "../../protocol/tree.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import {
  ASSET_FEE_JUICE,
  ASSET_TOKEN,
  encodeWithdrawal,
  type Withdrawal,
} from "../../protocol/withdrawal.ts";
import { merklePath } from "../helpers/layout.ts";
import { deployRollup, type RollupDriver } from "../helpers/rollup.ts";

const sizes = SIZES.medium;
const EPOCHS = 7;
/** Nobody proves this epoch in time. */
const PRUNED = 3;

/** The ledger at a block, and what it took from the queue and from its accounts until there. */
interface Point {
  state: AccountTree;
  consumed: number;
  fees: bigint;
}

describe("the ledger and the portals", function () {
  this.timeout(120_000);
  const random = seededRandom("contracts/ledger totals");
  let driver: RollupDriver;
  let user: Wallet;
  let keys: KeyPair[];
  const messages: Message[] = [];
  const unpaid: { epoch: number; index: number; list: bigint[]; withdrawal: Withdrawal }[] = [];

  before(async () => {
    driver = await deployRollup({ parameters: { outboxDelay: 0n } });
    user = driver.members[0]!;
    await driver.fund(user.address);
    await driver.approve(user);
    await driver.toSlot(0);
    keys = [1, 2, 3].map((seed) => schnorrKeyPair(new Uint8Array(32).fill(seed)));
    for (const { publicKey } of keys) await keep(portal(0).register(publicKey.x, publicKey.y, 10n ** 21n));
    for (const [leaf, { publicKey }] of keys.entries()) {
      await keep(portal(1).deposit(leaf, publicKey.x, publicKey.y, 10_000n));
    }
  });

  const portal = (asset: number) =>
    [driver.contracts.feePortal, driver.contracts.assetPortal][asset]!.connect(user);

  /** Keeps the message that a transaction sent, as L1 tells it. */
  async function keep(sending: Promise<ContractTransactionResponse>): Promise<void> {
    const receipt = (await (await sending).wait())!;
    for (const log of receipt.logs) {
      const event = log.address === driver.rollup.target ? driver.rollup.interface.parseLog(log) : null;
      if (event?.name === "MessageSent")
        messages.push(messageFromWords([...(event.args.message as bigint[])]));
    }
  }

  function body(state: AccountTree, from: number): TransactionBody {
    const kind = random.pick([KIND_TRANSFER, KIND_WITHDRAW] as const);
    const nonce = state.get(from).nonce + (random.below(4) === 0 ? 1 : 0);
    const to = kind === KIND_TRANSFER ? BigInt(random.below(4)) : BigInt(user.address);
    return {
      kind,
      from,
      nonce,
      to,
      amount: BigInt(random.below(2_000)),
      maxFeePerL2Gas: 2n ** 60n,
      maxFeePerDaGas: 2n ** 60n,
    };
  }
  const domain = () => toField(driver.genesis[0] >> 8n);
  const signed = (content: TransactionBody) =>
    signTransaction({ domain: domain(), keyPair: keys[content.from]!, body: content });

  /** A deposit of either token to an account, sometimes with another's key; or a transaction past the sequencer. */
  async function send(state: AccountTree): Promise<void> {
    const leaf = random.below(3);
    if (random.below(3) === 0) {
      const forced = signed({ ...body(state, leaf), maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n });
      const { kind, nonce, to, amount, signature } = forced;
      const value = await driver.rollup.forcedFee(kind);
      const rollup = driver.rollup.connect(user);
      await keep(rollup.force(kind, leaf, nonce, to, amount, signature.s, signature.e, { value }));
      return;
    }
    const { x, y } = keys[random.below(4) === 0 ? (leaf + 1) % 3 : leaf]!.publicKey;
    const value = await driver.rollup.depositFee();
    await keep(portal(random.below(2)).deposit(leaf, x, y, BigInt(1_000 + random.below(1_000)), { value }));
  }

  /** What a portal has to hold for a token: accounts, deposits on their way in, payments on their way out, fees. */
  function owed(asset: number, { state, consumed, fees }: Point): bigint {
    const of = asset === ASSET_FEE_JUICE ? MESSAGE_FEE_DEPOSIT : MESSAGE_ASSET_DEPOSIT;
    let sum = asset === ASSET_FEE_JUICE ? fees : 0n;
    for (const [, account] of state.accounts())
      sum += asset === ASSET_FEE_JUICE ? account.feeBalance : account.balance;
    for (const message of messages.slice(consumed))
      if (isDeposit(message) && message.type === of) sum += message.amount;
    for (const { withdrawal } of unpaid) if (withdrawal.asset === asset) sum += withdrawal.amount;
    return sum;
  }

  it("agree to the unit after every proof, over deposits, returns, forced transactions, withdrawals and a prune", async () => {
    let proven: Point = { state: AccountTree.empty(), consumed: 0, fees: 0n };
    const happened = new Set<string>();
    for (let epoch = 0; epoch < EPOCHS; ++epoch) {
      let tip = proven;
      const list: Withdrawal[] = [];
      const first = driver.blocks.length + 1;
      for (let slot = 4 * epoch + 1; slot < 4 * epoch + 4; ++slot) {
        const count = Math.min(sizes.messages, messages.length - tip.consumed);
        const consumed = messages.slice(tip.consumed, tip.consumed + count);
        const prices = driver.pricesOn(driver.tipRecord, BigInt(slot));
        const transactions = Array.from({ length: random.below(sizes.transactions + 1) }, () =>
          encodeTransaction(signed(body(tip.state, random.below(3)))),
        );
        const data = blockDataOf(transactions, sizes);
        const result = executeBlock(tip.state, { data, messages: consumed, prices, domain: domain(), sizes });
        await driver.propose(slot, {
          stateRoot: result.state.root(),
          gasL2: result.gas.l2,
          gasDa: result.gas.da,
          messages: BigInt(count),
        });
        tip = { state: result.state, consumed: tip.consumed + count, fees: tip.fees + result.fees };
        list.push(...result.withdrawals);
        if (result.fees > 0n) happened.add("fees");
        if (result.messages.some(({ returned }) => returned)) happened.add("return");
        if (result.slots.some(({ forced, outcome }) => forced && outcome.type === "applied"))
          happened.add("forced");
        await send(tip.state);
        if (random.below(2) === 0) await send(tip.state);
      }
      if (epoch === PRUNED) {
        // The epoch's blocks are lost; its messages wait again. The next epoch stays empty.
        await driver.toSlot(4 * epoch + 8);
        await driver.rollup.prune();
        driver.rewind(first - 1);
        ++epoch;
      } else {
        const words = list.map(encodeWithdrawal);
        await driver.toSlot(4 * epoch + 4);
        await driver.rollup.submitEpochProof(
          driver.epochProof(first, driver.blocks.length, { withdrawals: words }),
        );
        proven = tip;
        unpaid.push(...list.map((withdrawal, index) => ({ epoch, index, list: words, withdrawal })));
      }
      while (unpaid.length > 0 && random.below(3) > 0) {
        const [{ epoch: of, index, list: words, withdrawal }] = unpaid.splice(
          random.below(unpaid.length),
          1,
        ) as [(typeof unpaid)[number]];
        await (
          await portal(withdrawal.asset).withdraw(
            of,
            index,
            words.length,
            words[index]!,
            merklePath(words, index),
          )
        ).wait();
        happened.add(`paid ${withdrawal.asset}`);
      }
      const { feeToken, asset } = driver.contracts;
      expect(await feeToken.balanceOf(portal(0).target)).to.equal(owed(ASSET_FEE_JUICE, proven));
      expect(await asset.balanceOf(portal(1).target)).to.equal(owed(ASSET_TOKEN, proven));
      expect((await driver.rollup.status()).provenMessages).to.equal(BigInt(proven.consumed));
    }
    expect([...happened].sort()).to.deep.equal(["fees", "forced", "paid 0", "paid 1", "return"]);
  });
});
