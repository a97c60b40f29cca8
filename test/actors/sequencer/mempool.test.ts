import { expect } from "chai";

import { executeBlock } from "../../../protocol/ledger.ts";
import { blockDataOf } from "../../../protocol/blob.ts";
import type { GasPrices } from "../../../protocol/gas.ts";
import { forceTransaction } from "../../../protocol/message.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { SIZES } from "../../../protocol/sizes.ts";
import { type Transaction, type TransactionBody, signTransaction } from "../../../protocol/transaction.ts";
import { AccountTree } from "../../../protocol/tree.ts";
import { Mempool, MempoolError } from "../../../actors/sequencer/mempool.ts";
import { DOMAIN, PRICES, depositsOf, keyPair } from "../support/fakeL1.ts";

const FEE = 10_000n * PRICES.feePerL2Gas + 128n * PRICES.feePerDaGas;

describe("Mempool", () => {
  let state: AccountTree;
  let pool: Mempool;

  before(() => {
    const empty = AccountTree.empty();
    const data = blockDataOf([], SIZES.local);
    const execute = (tree: AccountTree, index: number, fee: bigint): AccountTree =>
      executeBlock(tree, {
        data,
        messages: depositsOf(index, { fee }),
        prices: PRICES,
        domain: DOMAIN,
        sizes: SIZES.local,
      }).state;
    initial = execute(execute(empty, 0, 3n * FEE), 1, 100n * FEE);
  });
  let initial: AccountTree;
  let prices: GasPrices = PRICES;
  beforeEach(() => {
    state = initial;
    pool = new Mempool({
      capacity: 4,
      nonceWindow: 8,
      domain: DOMAIN,
      view: () => ({ state, prices }),
      verifySignature: schnorrVerify,
    });
    prices = PRICES;
  });

  function transfer(changes: Partial<TransactionBody> = {}, signer?: number): Transaction {
    const body: TransactionBody = {
      kind: 1,
      from: 1,
      to: 0n,
      nonce: 0,
      amount: 10n,
      maxFeePerL2Gas: PRICES.feePerL2Gas,
      maxFeePerDaGas: PRICES.feePerDaGas,
      ...changes,
    };
    return signTransaction({ domain: DOMAIN, keyPair: keyPair(signer ?? body.from), body });
  }

  function refusalOf(transaction: Transaction): string | undefined {
    try {
      pool.add(transaction);
      return undefined;
    } catch (error) {
      if (error instanceof MempoolError) return error.code;
      throw error;
    }
  }

  const refusals: [string, () => Transaction][] = [
    ["UNKNOWN_KIND", () => transfer({ kind: 3 })],
    ["ENCODING", () => ({ ...transfer(), amount: 1n << 96n })],
    ["UNKNOWN_SENDER", () => transfer({ from: 7 })],
    ["UNKNOWN_SENDER", () => transfer({ from: 2 ** 20 }, 1)],
    ["BAD_SIGNATURE", () => transfer({}, 0)],
    ["BAD_SIGNATURE", () => ({ ...transfer(), amount: 11n })],
    ["NONCE_TOO_FAR", () => transfer({ nonce: 8 })],
    ["FEE_TOO_LOW", () => transfer({ maxFeePerL2Gas: PRICES.feePerL2Gas - 1n })],
    ["FEE_TOO_LOW", () => transfer({ maxFeePerDaGas: 0n })],
    ["CANNOT_PAY", () => transfer({ amount: 1_001n })],
    ["BAD_RECIPIENT", () => transfer({ to: 5n })],
    ["BAD_RECIPIENT", () => transfer({ to: 1n << 20n })],
    ["BAD_RECIPIENT", () => transfer({ kind: 2, to: 0n })],
    ["BAD_RECIPIENT", () => transfer({ kind: 2, to: 1n, amount: 0n })],
  ];
  for (const [code, make] of refusals) {
    it(`refuses with ${code}`, () => {
      expect(refusalOf(make())).to.equal(code);
      expect(pool.size).to.equal(0);
    });
  }

  it("refuses senders that it was told to refuse, and says what is left to them", () => {
    const view = () => ({ state, prices: PRICES });
    pool = new Mempool({
      capacity: 4,
      nonceWindow: 8,
      domain: DOMAIN,
      view,
      verifySignature: schnorrVerify,
      refuseSenders: new Set([1]),
    });
    expect(refusalOf(transfer())).to.equal("SENDER_REFUSED");
    expect(() => pool.add(transfer())).to.throw("force it through the Inbox on L1");
    expect(refusalOf(transfer({ from: 0, to: 1n }))).to.equal(undefined);
  });

  it("refuses a duplicate, and a second transaction with the same nonce", () => {
    pool.add(transfer());
    expect(refusalOf(transfer())).to.equal("DUPLICATE");
    expect(refusalOf(transfer({ amount: 11n }))).to.equal("NONCE_TAKEN");
  });

  it("refuses what the sender cannot pay together with what waits", () => {
    for (let nonce = 0; nonce < 3; nonce++) pool.add(transfer({ from: 0, to: 1n, nonce, amount: 1n }));
    expect(refusalOf(transfer({ from: 0, to: 1n, nonce: 3, amount: 1n }))).to.equal("CANNOT_PAY");
  });

  it("is full at its capacity", () => {
    for (let nonce = 0; nonce < 4; nonce++) pool.add(transfer({ nonce }));
    expect(refusalOf(transfer({ nonce: 4 }))).to.equal("POOL_FULL");
  });

  it("offers each sender's nonces in order without a gap, the higher fee first", () => {
    pool.add(transfer({ from: 0, to: 1n, nonce: 0 }));
    pool.add(transfer({ nonce: 1 }));
    pool.add(transfer({ nonce: 0, maxFeePerL2Gas: PRICES.feePerL2Gas + 1n }));
    pool.add(transfer({ nonce: 3 }));
    const order = pool.candidates(state).map(({ transaction: { from, nonce } }) => [from, nonce]);
    expect(order).to.deep.equal([
      [1, 0],
      [0, 0],
      [1, 1],
    ]);
    expect(pool.nextNonce(1)).to.equal(2);
  });

  it("drops what was executed, refuses its nonce, and takes it back after a prune", () => {
    const before = state;
    const transaction = transfer();
    pool.add(transaction);
    pool.add(transfer({ nonce: 1 }));
    const data = blockDataOf([pool.candidates(state)[0]!.words], SIZES.local);
    state = executeBlock(state, {
      data,
      messages: [],
      prices: PRICES,
      domain: DOMAIN,
      sizes: SIZES.local,
    }).state;

    expect(pool.refresh()).to.deep.equal({ left: 1, returned: 0 });
    expect(refusalOf(transfer())).to.equal("NONCE_TOO_LOW");
    expect(pool.size).to.equal(1);

    state = before;
    expect(pool.restore([transaction])).to.equal(1);
    expect(pool.candidates(state)).to.have.length(2);
  });

  it("drops what its sender cannot pay any more, and takes it back after a reorg", () => {
    const before = state;
    for (const nonce of [1, 2, 3]) pool.add(transfer({ nonce, maxFeePerL2Gas: 10n ** 9n }));
    pool.add(transfer({ from: 0, to: 1n }));
    const body = { kind: 2 as const, from: 1, to: 5n, nonce: 0, amount: 985n };
    const { signature } = signTransaction({
      domain: DOMAIN,
      keyPair: keyPair(1),
      body: { ...body, maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n },
    });
    state = executeBlock(state, {
      data: blockDataOf([], SIZES.local),
      messages: [forceTransaction({ body, signature })],
      prices: PRICES,
      domain: DOMAIN,
      sizes: SIZES.local,
    }).state;

    expect(pool.refresh()).to.deep.equal({ left: 2, returned: 0 });
    expect(orderOf(pool)).to.deep.equal([
      [1, 1],
      [0, 0],
    ]);

    // L1 undoes the block with the withdrawal: the sender can pay again, as far as there is room.
    state = before;
    expect(pool.restore([transfer()])).to.equal(2);
    const ofOne = (): number[] => orderOf(pool).flatMap(([sender, nonce]) => (sender === 1 ? [nonce!] : []));
    expect(ofOne()).to.deep.equal([0, 1, 2]);
    pool.remove(pool.candidates(state).find(({ transaction: { from } }) => from === 0)!.id);
    expect(pool.refresh()).to.deep.equal({ left: 0, returned: 1 });
    expect(ofOne()).to.deep.equal([0, 1, 2, 3]);
    expect(pool.restore([])).to.equal(0);
  });

  it("counts an offer up to twice the price, so that a higher one does not come first", () => {
    pool.add(transfer({ from: 0, to: 1n, maxFeePerL2Gas: 2n * PRICES.feePerL2Gas }));
    pool.add(transfer({ maxFeePerL2Gas: 10n ** 9n }));
    expect(orderOf(pool)).to.deep.equal([
      [0, 0],
      [1, 0],
    ]);
  });

  it("when full, takes an executable transaction in place of one that waits for a missing nonce", () => {
    for (const nonce of [1, 2, 3, 4]) pool.add(transfer({ nonce, maxFeePerL2Gas: 10n ** 9n }));
    expect(pool.candidates(state)).to.be.empty;
    expect(refusalOf(transfer({ from: 0, to: 1n, nonce: 1 }))).to.equal("POOL_FULL");

    expect(refusalOf(transfer({ from: 0, to: 1n }))).to.equal(undefined);
    expect(pool.size).to.equal(4);
    expect(orderOf(pool)).to.deep.equal([[0, 0]]);
  });

  it("when full, keeps those that the sender's missing nonce makes executable", () => {
    for (const nonce of [1, 2, 3, 5]) pool.add(transfer({ nonce }));
    expect(refusalOf(transfer())).to.equal(undefined);
    expect(orderOf(pool).map(([, nonce]) => nonce)).to.deep.equal([0, 1, 2, 3]);
  });

  it("when full, takes a higher offer in place of the last one of a lower offer", () => {
    pool.add(transfer());
    for (const nonce of [1, 2, 3]) pool.add(transfer({ nonce, maxFeePerL2Gas: 10n ** 9n }));
    expect(refusalOf(transfer({ from: 0, to: 1n, maxFeePerL2Gas: PRICES.feePerL2Gas + 1n }))).to.equal(
      undefined,
    );
    expect(orderOf(pool)).to.deep.equal([
      [0, 0],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
  });

  it("when full, refuses what ranks behind everything that others have in it", () => {
    for (const nonce of [0, 1, 2, 3]) pool.add(transfer({ nonce, maxFeePerL2Gas: 10n ** 9n }));
    expect(refusalOf(transfer({ from: 0, to: 1n }))).to.equal("POOL_FULL");
  });

  it("when full, replaces its own transaction that waits for lower prices", () => {
    for (const nonce of [0, 1, 2, 3]) pool.add(transfer({ nonce }));
    prices = { ...PRICES, feePerL2Gas: PRICES.feePerL2Gas + 1n };
    expect(refusalOf(transfer({ maxFeePerL2Gas: prices.feePerL2Gas }))).to.equal(undefined);
    expect(pool.size).to.equal(4);
  });

  it("is not filled by one account: another's first evicts its last, at the same offer", () => {
    for (const nonce of [0, 1, 2, 3]) pool.add(transfer({ nonce, maxFeePerL2Gas: 10n ** 9n }));
    pool.add(transfer({ from: 0, to: 1n, maxFeePerL2Gas: 10n ** 9n }));
    expect(orderOf(pool)).to.deep.equal([
      [1, 0],
      [0, 0],
      [1, 1],
      [1, 2],
    ]);
    // It cannot take the place back.
    expect(refusalOf(transfer({ nonce: 3, maxFeePerL2Gas: 10n ** 9n }))).to.equal("POOL_FULL");
  });

  it("ranks by both dimensions: an offer for data counts like one for execution", () => {
    pool.add(transfer({ from: 0, to: 1n }));
    pool.add(transfer({ maxFeePerDaGas: PRICES.feePerDaGas + 1n }));
    expect(orderOf(pool)).to.deep.equal([
      [1, 0],
      [0, 0],
    ]);
  });

  it("ranks a withdrawal, which pays more for its slot, before a transfer with the same offers", () => {
    pool.add(transfer({ from: 0, to: 1n }));
    pool.add(transfer({ kind: 2, to: 5n }));
    expect(orderOf(pool)[0]).to.deep.equal([1, 0]);
  });

  it("keeps what offers less than risen prices, at its place when they fall again", () => {
    pool.add(transfer());
    const id = pool.candidates(state)[0]!.id;
    prices = { ...PRICES, feePerL2Gas: PRICES.feePerL2Gas + 1n };
    expect(pool.refresh()).to.deep.equal({ left: 0, returned: 0 });
    expect(pool.has(id)).to.equal(true);
    expect(refusalOf(transfer())).to.equal("DUPLICATE");
    prices = PRICES;
    expect(orderOf(pool)).to.deep.equal([[1, 0]]);
  });

  it("gives its nonce to one that offers the risen prices, and to no other", () => {
    pool.add(transfer());
    expect(refusalOf(transfer({ maxFeePerL2Gas: 2n * PRICES.feePerL2Gas }))).to.equal("NONCE_TAKEN");
    prices = { ...PRICES, feePerL2Gas: 2n * PRICES.feePerL2Gas };
    expect(refusalOf(transfer({ maxFeePerL2Gas: PRICES.feePerL2Gas + 1n }))).to.equal("FEE_TOO_LOW");
    expect(refusalOf(transfer({ maxFeePerL2Gas: 2n * PRICES.feePerL2Gas }))).to.equal(undefined);
    expect(pool.size).to.equal(1);
  });

  it("sets aside what risen prices make too dear for its account, and has it back when they fall", () => {
    const offer = { maxFeePerL2Gas: 10n ** 9n, from: 0, to: 1n };
    for (const nonce of [0, 1, 2]) pool.add(transfer({ ...offer, nonce, amount: 1n }));
    const ids = pool.candidates(state).map(({ id }) => id);
    prices = { ...PRICES, feePerL2Gas: 2n * PRICES.feePerL2Gas };
    expect(pool.refresh()).to.deep.equal({ left: 2, returned: 0 });
    expect(orderOf(pool)).to.deep.equal([[0, 0]]);
    // Its sender waits for it, and is not told to send it again.
    expect(ids.map((id) => pool.has(id))).to.deep.equal([true, true, true]);
    prices = PRICES;
    expect(pool.refresh()).to.deep.equal({ left: 0, returned: 2 });
    expect(pool.size).to.equal(3);
  });

  it("forgets what was set aside when its sender uses the nonce otherwise, or is refused it", () => {
    const offer = { maxFeePerL2Gas: 10n ** 9n, from: 0, to: 1n, amount: 1n };
    for (const nonce of [0, 1, 2]) pool.add(transfer({ ...offer, nonce }));
    prices = { ...PRICES, feePerL2Gas: 2n * PRICES.feePerL2Gas };
    pool.refresh();
    expect(refusalOf(transfer({ ...offer, nonce: 2 }))).to.equal("CANNOT_PAY");
    prices = PRICES;
    pool.add(transfer({ ...offer, nonce: 1, amount: 2n }));
    expect(pool.refresh()).to.deep.equal({ left: 0, returned: 0 });
    expect(orderOf(pool)).to.deep.equal([
      [0, 0],
      [0, 1],
    ]);
  });

  it("has back after a reorg what a deposit pays for that L1 mines again later", () => {
    const funded = state;
    const transaction = transfer();
    // The reorg undid block and deposit; the account is gone until the deposit comes again.
    state = AccountTree.empty();
    expect(pool.restore([transaction])).to.equal(0);
    expect(pool.refresh()).to.deep.equal({ left: 0, returned: 0 });
    state = funded;
    expect(pool.refresh()).to.deep.equal({ left: 0, returned: 1 });
    expect(orderOf(pool)).to.deep.equal([[1, 0]]);
  });

  it("has back after a prune what offers less than the prices of now", () => {
    prices = { ...PRICES, feePerL2Gas: 2n * PRICES.feePerL2Gas };
    expect(pool.restore([transfer()])).to.equal(1);
    expect(pool.size).to.equal(1);
  });

  it("among equals, ranks each account's first before anyone's second, and then by arrival", () => {
    pool.add(transfer({ nonce: 1 }));
    pool.add(transfer({ from: 0, to: 1n }));
    pool.add(transfer({ nonce: 0 }));
    expect(orderOf(pool)).to.deep.equal([
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
  });

  function orderOf(mempool: Mempool): number[][] {
    return mempool.candidates(state).map(({ transaction: { from, nonce } }) => [from, nonce]);
  }
});
