import { expect } from "chai";

import { executeBlock } from "../../../protocol/ledger.ts";
import { blockDataOf, decodeBlob } from "../../../protocol/blob.ts";
import { forceTransaction } from "../../../protocol/message.ts";
import { genesisRecord } from "../../../protocol/record.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { SIZES } from "../../../protocol/sizes.ts";
import { toSlot } from "../../../protocol/time.ts";
import { type TransactionBody, encodeTransaction, signTransaction } from "../../../protocol/transaction.ts";
import { AccountTree } from "../../../protocol/tree.ts";
import { buildBlock } from "../../../actors/sequencer/buildBlock.ts";
import type { PooledTransaction } from "../../../actors/sequencer/mempool.ts";
import { DOMAIN, PRICES, depositsOf, fakeParameters, keyPair } from "../support/fakeL1.ts";

const sizes = SIZES.local;

describe("Block builder", () => {
  const { genesisHash, initialOracle } = fakeParameters();
  const record = genesisRecord(genesisHash, initialOracle);
  let state: AccountTree;

  before(() => {
    state = [0, 1].reduce(
      (tree, index) =>
        executeBlock(tree, {
          data: blockDataOf([], sizes),
          messages: depositsOf(index),
          prices: PRICES,
          domain: DOMAIN,
          sizes,
        }).state,
      AccountTree.empty(),
    );
  });

  function pooled(nonce: number, changes: Partial<TransactionBody> = {}): PooledTransaction {
    const body = {
      kind: 1,
      from: 0,
      to: 1n,
      nonce,
      amount: 1n,
      maxFeePerL2Gas: 10n,
      maxFeePerDaGas: 20n,
      ...changes,
    };
    const transaction = signTransaction({ domain: DOMAIN, keyPair: keyPair(body.from), body });
    return { id: String(nonce), transaction, words: encodeTransaction(transaction) };
  }

  const build = (candidates: PooledTransaction[], inbox: Parameters<typeof buildBlock>[0]["inbox"] = []) =>
    buildBlock({
      parent: { number: 0, record, state },
      slot: toSlot(1),
      prices: PRICES,
      inbox,
      candidates,
      domain: DOMAIN,
      sizes,
      verifySignature: schnorrVerify,
    });

  it("fills the slots in order and leaves out what does not apply", () => {
    const built = build([pooled(0), pooled(5), pooled(1, { amount: 10_000n }), pooled(1), pooled(2)]);
    expect(built.transactions.map(({ transaction }) => transaction.nonce)).to.deep.equal([0, 1, 2]);
    expect(built.header.gas).to.deep.equal({ l2: 30_000n, da: 384n });
    expect(decodeBlob(built.blob, sizes).count).to.equal(3);
  });

  it("takes no more than a block has room for", () => {
    const built = build(
      Array.from({ length: 9 }, (_, nonce) => pooled(nonce)),
      depositsOf(2).concat(depositsOf(3)),
    );
    expect(built.transactions).to.have.length(sizes.transactions);
    expect(built.messages).to.have.length(sizes.messages);
  });

  it("keeps the slot of a forced transaction free", () => {
    const body = { kind: 2 as const, from: 1, to: 5n, nonce: 0, amount: 3n };
    const { signature } = signTransaction({
      domain: DOMAIN,
      keyPair: keyPair(1),
      body: { ...body, maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n },
    });
    const forced = forceTransaction({ body, signature });
    const built = build(
      Array.from({ length: 9 }, (_, nonce) => pooled(nonce)),
      [depositsOf(2)[0]!, forced],
    );
    expect(built.transactions).to.have.length(sizes.transactions - 1);
    expect(built.result.slots.at(-1)).to.deep.include({ forced: true });
    expect(built.result.withdrawals).to.have.length(1);
    // Forced first, a deposit behind it: its slot is the last but one.
    expect(
      build(
        Array.from({ length: 9 }, (_, nonce) => pooled(nonce)),
        [forced],
      ).transactions,
    ).to.have.length(sizes.transactions - 2);
  });
});
