import { join } from "node:path";
import { expect } from "chai";

import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { KIND_TRANSFER, KIND_WITHDRAW } from "../../../protocol/transaction.ts";
import type { ChainPoint } from "../../../actors/node/chainState.ts";
import { Node } from "../../../actors/node/node.ts";
import { NodeLedger } from "../../../actors/rpc/nodeLedger.ts";
import { RpcError } from "../../../actors/rpc/rpcError.ts";
import { Journal } from "../../../actors/journal/journal.ts";
import { Mempool, MempoolError } from "../../../actors/sequencer/mempool.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { LedgerWallet, type PayRules, waitForTransaction } from "../../../actors/wallet/ledgerWallet.ts";
import type { LedgerJournal } from "../../../actors/wallet/walletJournal.ts";
import { WalletError } from "../../../actors/wallet/walletError.ts";
import { depositsOf, DOMAIN, FakeL1, keyPair, PRICES } from "../support/fakeL1.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const payment = { kind: KIND_TRANSFER, to: 0n, amount: 10n } as const;

describe("Wallet of the ledger", () => {
  let l1: FakeL1;
  let node: Node;
  let mempool: Mempool;
  let ledger: NodeLedger;
  let journal: LedgerJournal;
  let folder: ReturnType<typeof temporaryFolder>;
  let tip: ChainPoint;
  const inbox = [...depositsOf(0), ...depositsOf(1)];

  beforeEach(async () => {
    folder = temporaryFolder();
    journal = Journal.open({ path: join(folder.path, "ledger.journal"), logger: silentLogger });
    l1 = new FakeL1();
    node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    l1.send(inbox);
    tip = l1.propose({ parent: node.chain.genesis, slot: 1, inbox }).point;
    tip = l1.propose({ parent: tip, slot: 2, inbox }).point;
    mempool = new Mempool({
      capacity: 4,
      nonceWindow: 8,
      domain: DOMAIN,
      view: () => ({ state: node.chain.tip.state, prices: PRICES }),
      verifySignature: schnorrVerify,
    });
    ledger = new NodeLedger({ node, mempool });
    await node.sync();
  });
  afterEach(() => {
    journal.close();
    folder.remove();
  });

  const wallet = (user = 1): LedgerWallet =>
    new LedgerWallet({ ledger, keyPair: keyPair(user), domain: DOMAIN, journal });
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "none",
      (error: unknown) =>
        error instanceof WalletError || error instanceof RpcError || error instanceof MempoolError
          ? error.code
          : String(error),
    );
  const build = async (): Promise<void> => {
    tip = l1.propose({
      parent: tip,
      slot: tip.record.slot + 1,
      inbox,
      candidates: mempool.candidates(tip.state),
    }).point;
    await node.sync();
    mempool.refresh();
  };
  /** The next submission arrives or not; its answer is lost either way. */
  const loseNextAnswer = ({ arrives }: { arrives: boolean }): void => {
    const submit = ledger.submit.bind(ledger);
    ledger.submit = async (transaction) => {
      ledger.submit = submit;
      if (arrives) await submit(transaction);
      throw new RpcError("NODE_UNREACHABLE", "no node answers", "try again");
    };
  };

  it("offers what is estimated for so many blocks, or the max fees that it is told", async () => {
    const offerOf = async (rules: PayRules): Promise<bigint[]> => {
      const { id } = await wallet().pay(payment, { ...rules, again: true });
      const { transaction } = mempool.candidates(tip.state).find((pooled) => pooled.id === id)!;
      return [transaction.maxFeePerL2Gas, transaction.maxFeePerDaGas];
    };
    const estimated = async (within: number): Promise<bigint[]> => {
      const { maxFeePerL2Gas, maxFeePerDaGas } = await ledger.feeOffer(within);
      return [maxFeePerL2Gas, maxFeePerDaGas];
    };
    expect(await estimated(1)).to.not.deep.equal(await estimated(8));
    expect(await offerOf({ within: 1 })).to.deep.equal(await estimated(1));
    expect(await offerOf({})).to.deep.equal(await estimated(8));
    const maxFees = { maxFeePerL2Gas: 77n };
    expect(await offerOf({ maxFees })).to.deep.equal([77n, (await estimated(8))[1]]);
  });

  it("pays with the nonces that follow each other, twice when asked twice", async () => {
    const first = await wallet().pay(payment);
    const second = await wallet().pay(payment);
    expect(first).to.include({ from: 1, nonce: 0, resumed: false });
    expect(second).to.include({ nonce: 1, resumed: false });
    expect(mempool.size).to.equal(2);
    await build();
    expect(await waitForTransaction(second.id, { ledger })).to.include({
      state: "included",
      block: 3,
      fee: second.fee,
    });
    expect(node.chain.tip.state.get(0).balance).to.equal(1_020n);
  });

  it("withdraws", async () => {
    const { id } = await wallet().pay({ kind: KIND_WITHDRAW, to: 0xabcn, amount: 7n });
    await build();
    expect(await ledger.transaction(id)).to.include({ state: "included" });
    expect(node.chain.tip.state.get(1).balance).to.equal(993n);
  });

  for (const arrives of [true, false]) {
    it(`pays once when the answer is lost and the payment ${arrives ? "arrived" : "did not arrive"}`, async () => {
      loseNextAnswer({ arrives });
      expect(await codeOf(wallet().pay(payment))).to.equal("NODE_UNREACHABLE");
      expect(await wallet().pay(payment)).to.include({ nonce: 0, resumed: true });
      expect(mempool.size).to.equal(1);
      // That one is settled: the next is a new one.
      expect(await wallet().pay(payment)).to.include({ nonce: 1, resumed: false });
    });
  }

  it("pays once when the answer is lost and a block has it", async () => {
    loseNextAnswer({ arrives: true });
    await codeOf(wallet().pay(payment));
    await build();
    expect(await wallet().pay(payment)).to.include({ nonce: 0, resumed: true });
    expect(mempool.size).to.equal(0);
  });

  it("does not guess when the nonce went to something else, and pays again when told to", async () => {
    loseNextAnswer({ arrives: false });
    await codeOf(wallet().pay(payment));
    await wallet().pay({ ...payment, amount: 11n });
    await build();
    expect(await codeOf(wallet().pay(payment))).to.equal("UNCLEAR");
    expect(await wallet().pay(payment, { again: true })).to.include({ nonce: 1, resumed: false });
  });

  it("ends an attempt that is refused", async () => {
    expect(await codeOf(wallet().pay({ ...payment, amount: 1_001n }))).to.equal("CANNOT_PAY");
    expect(await codeOf(wallet().pay({ ...payment, amount: 1_001n }))).to.equal("CANNOT_PAY");
    expect(journal.entries.map(({ type }) => type)).to.deep.equal([
      "intent",
      "answered",
      "intent",
      "answered",
    ]);
  });

  it("says that a key has no account, or none yet", async () => {
    expect(await codeOf(wallet(2).pay(payment))).to.equal("NOT_REGISTERED");
    l1.send(depositsOf(2), inbox);
    await node.sync();
    expect(await codeOf(wallet(2).pay(payment))).to.equal("NOT_IN_LEDGER");
  });

  it("waits until it is told not to", async () => {
    const { id } = await wallet().pay(payment);
    const signal = AbortSignal.timeout(30);
    expect(await codeOf(waitForTransaction(id, { ledger, pollInterval: 5, signal }))).to.equal("WAIT_ENDED");
  });

  it("does not wait for a transaction that the node has forgotten", async () => {
    const { id } = await wallet().pay(payment);
    mempool.remove(id);
    expect(await codeOf(waitForTransaction(id, { ledger, pollInterval: 1 }))).to.equal("WAIT_ENDED");
  });
});
