import { expect } from "chai";

import * as blob from "../../protocol/blob.ts";
import { toBytes } from "../../protocol/bytes.ts";
import type { TransactionWords } from "../../protocol/transaction.ts";
import { SIZES, sizesNamed } from "../../protocol/sizes.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { expectProtocolError } from "./support/errors.ts";

const sizes = SIZES.local;
const random = seededRandom("blobs");

function someTransactions(count: number): TransactionWords[] {
  return Array.from(
    { length: count },
    () => [1, 2, 3, 4].map(() => random.bits(248)) as unknown as TransactionWords,
  );
}

function withWord(bytes: Uint8Array, position: number, word: bigint): Uint8Array {
  const changed = bytes.slice();
  changed.set(toBytes(word, 32), 32 * position);
  return changed;
}

describe("protocol/blob", () => {
  it("decodes what it encoded, for every number of transactions", () => {
    for (let count = 0; count <= sizes.transactions; count++) {
      const transactions = someTransactions(count);
      const data = blob.decodeBlob(blob.encodeBlob(transactions, sizes), sizes);
      expect(data.count).to.equal(count);
      expect(data.slots.slice(0, count)).to.deep.equal(transactions);
      expect(data.words).to.have.length(sizes.words);
      expect(data.hasRubbish).to.equal(false);
    }
  });

  it("refuses to encode more transactions than a block takes", () => {
    expectProtocolError("too-many-transactions", () =>
      blob.encodeBlob(someTransactions(sizes.transactions + 1), sizes),
    );
  });

  it("refuses to encode a word over 248 bits", () => {
    expectProtocolError("out-of-range", () => blob.encodeBlob([[0n, 0n, 1n << 248n, 0n]], sizes));
  });

  it("executes nothing when the count is over the slots", () => {
    const full = blob.encodeBlob(someTransactions(sizes.transactions), sizes);
    for (const declared of [BigInt(sizes.transactions + 1), (1n << 248n) - 1n]) {
      const data = blob.decodeBlob(withWord(full, 0, declared), sizes);
      expect(data.count).to.equal(0);
      expect(data.declaredCount).to.equal(declared);
      expect(data.hasRubbish).to.equal(true);
    }
  });

  it("warns of words behind the last transaction, without calling the blob malformed", () => {
    const data = blob.decodeBlob(
      withWord(blob.encodeBlob(someTransactions(1), sizes), sizes.words - 1, 1n),
      sizes,
    );
    expect(data.hasRubbish).to.equal(true);
    expect(data.count).to.equal(1);
  });

  it("finds a word over 248 bits, anywhere", () => {
    const good = blob.encodeBlob(someTransactions(2), sizes);
    for (const position of [0, sizes.words - 1, sizes.words, 4095]) {
      const fault = blob.findBlobFault(withWord(good, position, 1n << 248n), sizes);
      expect(fault).to.deep.equal({ reason: "word-too-large", position, word: 1n << 248n });
    }
  });

  it("finds data behind the usable words", () => {
    const good = blob.encodeBlob(someTransactions(2), sizes);
    for (const position of [sizes.words, 4095]) {
      const fault = blob.findBlobFault(withWord(good, position, 1n), sizes);
      expect(fault).to.deep.equal({ reason: "data-behind-end", position, word: 1n });
    }
    expect(blob.findBlobFault(good, sizes)).to.equal(undefined);
  });

  it("names the first fault when it refuses to decode", () => {
    const bad = withWord(withWord(new Uint8Array(blob.BLOB_BYTES), 4000, 1n), 30, 2n);
    const error = expectProtocolError("malformed-blob", () => blob.decodeBlob(bad, sizes));
    expect(error).to.be.instanceOf(blob.MalformedBlobError);
    expect((error as blob.MalformedBlobError).fault.position).to.equal(30);
  });

  it("refuses other lengths than a blob's", () => {
    expectProtocolError("wrong-length", () => blob.decodeBlob(new Uint8Array(32 * sizes.words), sizes));
  });
});

describe("protocol/sizes", () => {
  it("keeps the usable words equal to one and four a transaction, and messages within the slots", () => {
    for (const size of Object.values(SIZES)) {
      expect(size.words).to.equal(1 + 4 * size.transactions);
      expect(size.messages).to.be.at.most(size.transactions);
      expect(sizesNamed(size.name)).to.equal(size);
    }
  });

  it("refuses a size that does not exist", () => {
    expectProtocolError("unknown-size", () => sizesNamed("huge"));
    expectProtocolError("unknown-size", () => sizesNamed("toString"));
  });
});
