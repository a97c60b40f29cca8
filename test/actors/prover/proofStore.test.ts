import {
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { ProofStore } from "../../../actors/prover/proofStore.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const INPUTS = [1n, 2n, 3n];
const OTHER = [1n, 2n, 4n];
const PROOF = Uint8Array.from({ length: 100 }, (_, i) => i);

describe("Store of proofs", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: ProofStore;
  beforeEach(() => {
    folder = temporaryFolder();
    store = new ProofStore({ folder: folder.path });
  });
  afterEach(() => folder.remove());

  /** The one file there is. */
  const file = (): string => join(folder.path, readdirSync(folder.path)[0]!);

  it("has a proof by its public inputs, also after a restart, until it is removed", () => {
    expect(store.read(INPUTS)).to.equal(undefined);
    store.write(INPUTS, PROOF);
    store = new ProofStore({ folder: folder.path });
    expect(store.read(INPUTS)).to.deep.equal(PROOF);
    expect(store.read(OTHER)).to.equal(undefined);
    store.remove(INPUTS);
    expect(store.read(INPUTS)).to.equal(undefined);
  });

  it("keeps the newest proofs only, so that its folder does not grow for ever", () => {
    const hour = (number: number): Date => new Date(1_000_000_000_000 + 3_600_000 * number);
    for (let epoch = 0; epoch < 300; epoch++) {
      store.write([BigInt(epoch)], PROOF);
      for (const name of readdirSync(folder.path)) {
        const path = join(folder.path, name);
        if (statSync(path).mtime > hour(400)) utimesSync(path, hour(epoch), hour(epoch));
      }
    }
    expect(readdirSync(folder.path)).to.have.length(256);
    expect(store.read([43n])).to.equal(undefined);
    expect(store.read([44n])).to.deep.equal(PROOF);
    expect(store.read([299n])).to.deep.equal(PROOF);
  });

  it("gives out no proof with a flipped bit, wherever it is, nor one that was cut or is empty", () => {
    store.write(INPUTS, PROOF);
    const path = file();
    const whole = readFileSync(path);
    const damaged = [
      ...Array.from({ length: 8 * whole.length }, (_, bit) => {
        const bytes = Buffer.from(whole);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        return bytes;
      }),
      ...Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length)),
      Buffer.concat([whole, Buffer.of(0)]),
    ];
    for (const bytes of damaged) {
      writeFileSync(path, bytes);
      expect(store.read(INPUTS)).to.equal(undefined);
      expect(existsSync(path)).to.equal(false);
    }
    store.write(INPUTS, PROOF);
    expect(store.read(INPUTS)).to.deep.equal(PROOF);
  });

  it("gives out no proof of other public inputs under its name", () => {
    store.write(OTHER, PROOF);
    const other = file();
    store.write(INPUTS, PROOF);
    const own = readdirSync(folder.path)
      .map((name) => join(folder.path, name))
      .find((path) => path !== other)!;
    copyFileSync(other, own);
    expect(store.read(INPUTS)).to.equal(undefined);
    expect(store.read(OTHER)).to.deep.equal(PROOF);
  });
});
