import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import {
  createKeystore,
  decryptKeystore,
  inspectKeystore,
  listKeystores,
  parseKeystore,
  readKeystore,
} from "../../../actors/staking/keystore.ts";
import { StakingError } from "../../../actors/staking/stakingError.ts";
import { blsPublicKey, keyHash } from "../../../protocol/bls.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

/** Test vectors of EIP-2335. */
const SECRET = 0x000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26fn;
const PASSWORD = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑";
const SALT = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3";
const PUBKEY =
  "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07";
const IV = "264daa3f303d7259501c93d997d84fe6";
const vector = (kdf: object, checksum: string, message: string, path: string, uuid: string): string =>
  JSON.stringify({
    crypto: {
      kdf: { ...kdf, message: "" },
      checksum: { function: "sha256", params: {}, message: checksum },
      cipher: { function: "aes-128-ctr", params: { iv: IV }, message },
    },
    description: "This is a test keystore.",
    pubkey: PUBKEY,
    path,
    uuid,
    version: 4,
  });
const VECTORS = {
  scrypt: vector(
    { function: "scrypt", params: { dklen: 32, n: 262144, p: 1, r: 8, salt: SALT } },
    "d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484",
    "06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f",
    "m/12381/60/3141592653/589793238",
    "1d85ae20-35c5-4611-98e8-aa14a633906f",
  ),
  pbkdf2: vector(
    { function: "pbkdf2", params: { dklen: 32, c: 262144, prf: "hmac-sha256", salt: SALT } },
    "8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1",
    "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad",
    "m/12381/60/0/0",
    "64625def-3331-4eea-ab6f-782f3ed16a83",
  ),
};

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (error instanceof StakingError ? error.code : String(error)),
  );
}

describe("Keystore of a BLS key", function () {
  this.timeout(60_000); // stretching is slow on purpose

  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, "keys", "validator.json");
  });
  afterEach(() => folder.remove());

  for (const [name, text] of Object.entries(VECTORS)) {
    it(`opens the ${name} vector of EIP-2335, whose password needs normalizing`, async () => {
      const keystore = parseKeystore(text, name);
      expect(await decryptKeystore(keystore, PASSWORD, name)).to.equal(SECRET);
    });
  }

  it("takes the normalized password itself, and no other", async () => {
    const keystore = parseKeystore(VECTORS.pbkdf2, "vector");
    expect(await decryptKeystore(keystore, "testpassword🔑", "vector")).to.equal(SECRET);
    expect(await codeOf(decryptKeystore(keystore, "testpassword", "vector"))).to.equal("PASSWORD_WRONG");
  });

  it("strips control codes from a password, as the standard says", async () => {
    const keystore = parseKeystore(VECTORS.pbkdf2, "vector");
    expect(await decryptKeystore(keystore, "\u0000test\u007fpass\u0085word🔑\n", "vector")).to.equal(SECRET);
  });

  for (const kdf of ["scrypt", "pbkdf2"] as const) {
    it(`keeps a new key with ${kdf}, for its owner's eyes only`, async () => {
      const info = await createKeystore({ path, password: "correct horse", kdf });
      expect(inspectKeystore(path)).to.deep.equal(info);
      expect(info.kdf).to.equal(kdf);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
      const secret = await readKeystore({ path, password: () => "correct horse" });
      expect(keyHash(blsPublicKey(secret))).to.equal(info.keyHash);
      expect(await codeOf(readKeystore({ path, password: () => "wrong horse" }))).to.equal("PASSWORD_WRONG");
    });
  }

  it("never makes the same key twice, nor writes over one", async () => {
    const first = await createKeystore({ path, password: "one", kdf: "pbkdf2" });
    expect(await codeOf(createKeystore({ path, password: "two", kdf: "pbkdf2" }))).to.equal(
      "KEYSTORE_EXISTS",
    );
    const other = join(folder.path, "keys", "other.json");
    const second = await createKeystore({ path: other, password: "one", kdf: "pbkdf2" });
    expect(second.keyHash).not.to.equal(first.keyHash);
    writeFileSync(join(folder.path, "keys", "notes.json"), "{}");
    writeFileSync(join(folder.path, "keys", "notes.txt"), "");
    expect(listKeystores(join(folder.path, "keys")).map(({ path: file }) => file)).to.deep.equal([
      other,
      path,
    ]);
  });

  it("refuses an empty password, also one of control codes only", async () => {
    for (const password of ["", "\n"])
      expect(await codeOf(createKeystore({ path, password }))).to.equal("PASSWORD_MISSING");
  });

  it("refuses a file that others may read", async () => {
    await createKeystore({ path, password: "p", kdf: "pbkdf2" });
    chmodSync(path, 0o644);
    expect(await codeOf(readKeystore({ path, password: () => "p" }))).to.equal("KEYSTORE_READABLE");
  });

  it("refuses what is no keystore, and one whose key was exchanged", async () => {
    expect(await codeOf(readKeystore({ path, password: () => "p" }))).to.equal("KEYSTORE_MISSING");
    const refusal = (
      edit: (file: Record<string, Record<string, Record<string, unknown>>>) => void,
    ): string => {
      const file = JSON.parse(VECTORS.scrypt) as Record<string, Record<string, Record<string, unknown>>>;
      edit(file);
      try {
        parseKeystore(JSON.stringify(file), "it");
      } catch (error) {
        return (error as Error).message;
      }
      return "none";
    };
    expect(refusal((file) => delete file["crypto"]!["cipher"])).to.match(/crypto.cipher/);
    expect(refusal((file) => (file["crypto"]!["kdf"]!["function"] = "argon2"))).to.match(/kdf/);
    expect(refusal((file) => Object.assign(file, { version: 3 }))).to.match(/version/);
    expect(() => parseKeystore("not JSON", "it")).to.throw(StakingError, /it is not JSON/);

    await createKeystore({ path, password: "p", kdf: "pbkdf2" });
    const file = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...file, pubkey: PUBKEY }));
    expect(await codeOf(readKeystore({ path, password: () => "p" }))).to.equal("KEYSTORE_INVALID");
    writeFileSync(path, JSON.stringify({ ...file, pubkey: "00".repeat(48) }));
    expect(() => inspectKeystore(path)).to.throw(StakingError, /no point of the group/);
  });

  it("refuses costs that would take the machine's memory or days", async () => {
    for (const [name, change] of [
      ["scrypt", { n: 2 ** 24 }],
      ["scrypt", { n: 1000 }],
      ["scrypt", { p: 10_000 }],
      ["pbkdf2", { c: 2 ** 30 }],
    ] as const) {
      const keystore = parseKeystore(VECTORS[name], "it");
      Object.assign(keystore.crypto.kdf.params, change);
      expect(await codeOf(decryptKeystore(keystore, PASSWORD, "it"))).to.equal("KEYSTORE_INVALID");
    }
  });
});
