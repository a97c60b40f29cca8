import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLogger } from "../../../actors/support/logger.ts";
import { withoutSecrets } from "../../../actors/support/secrets.ts";

const KEY = "0123456789abcdef0123456789abcdef";

describe("Keys in addresses", () => {
  for (const [address, shown] of [
    [`https://mainnet.infura.io/v3/${KEY}`, "https://mainnet.infura.io/v3/…"],
    [`https://name:${KEY}@l1.example:8545/`, "https://l1.example:8545/"],
    [`https://beacon.example/eth/v1?apikey=${KEY}`, "https://beacon.example/eth/v1?…"],
    ["http://127.0.0.1:8545", "http://127.0.0.1:8545"],
    [`https://a.example/blobs/0x${"ab".repeat(32)}`, `https://a.example/blobs/0x${"ab".repeat(32)}`],
    [`https://a.example/${KEY}/{versionedHash}`, "https://a.example/…/{versionedHash}"],
  ] as const) {
    it(`are left out of ${shown}`, () => {
      const text = (what: string): string => `no answer (info={ "requestUrl": "${what}", "status": 429 })`;
      expect(withoutSecrets(text(address))).to.equal(text(shown));
    });
  }

  it("leave the sentence around them whole", () => {
    expect(withoutSecrets(`no L1 at https://l1.example/v3/${KEY}: down; see http://a.example/b.`)).to.equal(
      "no L1 at https://l1.example/v3/…: down; see http://a.example/b.",
    );
  });

  it("are in no log", () => {
    const folder = mkdtempSync(join(tmpdir(), "calpulli-"));
    try {
      const file = join(folder, "log");
      const logger = createLogger({ level: "info", file }).child({ actor: "node" });
      const error = `server response 401 (info={ "requestUrl": "https://l1.example/v3/${KEY}" })`;
      logger.warn({ error, source: `https://beacon.example/${KEY}`, number: 7n }, "L1 does not answer");
      const text = readFileSync(file, "utf8");
      expect(text).to.include("L1 does not answer").and.include("https://l1.example/v3/…");
      expect(text).not.to.include(KEY);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
