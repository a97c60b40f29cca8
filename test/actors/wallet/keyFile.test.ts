import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { createKeyFile, inspectKeyFile, readKeyFile } from "../../../actors/wallet/keyFile.ts";
import { WalletError } from "../../../actors/wallet/walletError.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

describe("Key file", function () {
  this.timeout(20_000); // scrypt is slow on purpose

  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, "keys", "alice.json");
  });
  afterEach(() => folder.remove());

  const read = (passphrase: string, allowPlain = false) =>
    readKeyFile({ path, passphrase: () => passphrase, allowPlain });
  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "none",
      (error: unknown) => (error instanceof WalletError ? error.code : String(error)),
    );
  const change = (edit: (file: Record<string, Record<string, string>>) => void): void => {
    const file = JSON.parse(readFileSync(path, "utf8")) as Record<string, Record<string, string>>;
    edit(file);
    writeFileSync(path, JSON.stringify(file));
  };

  it("keeps a key under a passphrase, for its owner's eyes only", async () => {
    const keyPair = await createKeyFile({ path, passphrase: "correct horse" });
    expect(await read("correct horse")).to.deep.equal(keyPair);
    expect(inspectKeyFile(path)).to.deep.equal({ publicKey: keyPair.publicKey, encrypted: true });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readFileSync(path, "utf8")).not.to.contain(keyPair.secretKey.toString(16));
    expect(await codeOf(read("wrong horse"))).to.equal("PASSPHRASE_WRONG");
  });

  it("takes one passphrase in whichever way its letters are composed", async () => {
    const keyPair = await createKeyFile({ path, passphrase: "caf\u00e9" });
    expect(await read("cafe\u0301")).to.deep.equal(keyPair);
  });

  it("keeps a plain key for local networks only", async () => {
    const keyPair = await createKeyFile({ path });
    expect(await read("", true)).to.deep.equal(keyPair);
    expect(await codeOf(read(""))).to.equal("KEY_FILE_PLAIN");
  });

  it("makes another key each time", async () => {
    const first = await createKeyFile({ path });
    path = `${path}2`;
    expect((await createKeyFile({ path })).secretKey).not.to.equal(first.secretKey);
  });

  it("never overwrites, and leaves no draft behind", async () => {
    await createKeyFile({ path });
    const before = readFileSync(path, "utf8");
    expect(await codeOf(createKeyFile({ path }))).to.equal("KEY_FILE_EXISTS");
    expect(readFileSync(path, "utf8")).to.equal(before);
    expect(readdirSync(join(path, ".."))).to.deep.equal(["alice.json"]);
  });

  it("refuses an empty passphrase", async () => {
    expect(await codeOf(createKeyFile({ path, passphrase: "" }))).to.equal("PASSPHRASE_MISSING");
  });

  it("refuses a file that others may read", async () => {
    await createKeyFile({ path });
    chmodSync(path, 0o640);
    expect(await codeOf(read("", true))).to.equal("KEY_FILE_READABLE");
  });

  it("refuses a public key that is not the key's", async () => {
    await createKeyFile({ path });
    change(({ publicKey }) => (publicKey!["x"] = `0x${"1".repeat(64)}`));
    expect(await codeOf(read("", true))).to.equal("KEY_FILE_INVALID");
  });

  it("refuses an encrypted file whose public key was changed", async () => {
    await createKeyFile({ path, passphrase: "correct horse" });
    change(({ publicKey }) => (publicKey!["y"] = `0x${"1".repeat(64)}`));
    expect(await codeOf(read("correct horse"))).to.equal("PASSPHRASE_WRONG");
  });

  for (const [what, text] of [
    ["is empty", ""],
    ["is cut", '{"version":1,'],
    ["has another form", '{"version":2}'],
    ["is a list", "[]"],
  ] as const) {
    it(`refuses a file that ${what}`, async () => {
      mkdirSync(join(path, ".."));
      writeFileSync(path, text, { mode: 0o600 });
      expect(await codeOf(read("", true))).to.equal("KEY_FILE_INVALID");
    });
  }

  it("refuses costs that would take the machine's memory", async () => {
    await createKeyFile({ path, passphrase: "correct horse" });
    change((file) => Object.assign(file["encrypted"]!, { n: 2 ** 20, r: 32 }));
    expect(await codeOf(read("correct horse"))).to.equal("KEY_FILE_INVALID");
  });

  it("says where there is none", async () => {
    expect(await codeOf(read(""))).to.equal("KEY_FILE_MISSING");
  });
});
