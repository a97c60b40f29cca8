import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";

import { BeaconBlobSource } from "../../../actors/l1/beaconBlobSource.ts";
import { commitmentOf, versionedHashOf } from "../../../actors/l1/blobSidecar.ts";
import { BlobSources } from "../../../actors/l1/blobSources.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { BLOB_BYTES } from "../../../protocol/blob.ts";

const blob = new Uint8Array(BLOB_BYTES).fill(3, 1, 32);
const other = new Uint8Array(BLOB_BYTES).fill(4, 1, 32);
/** Words that are no field elements: it has no commitment at all. */
const noBlob = new Uint8Array(BLOB_BYTES).fill(255);
const versionedHash = versionedHashOf(commitmentOf(blob));
const request = {
  block: { number: 7, hash: "0x", parentHash: "0x", timestamp: 0 },
  versionedHashes: [versionedHash],
};
const list = (...blobs: Uint8Array[]) =>
  JSON.stringify({ data: blobs.map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`) });

/** Over HTTP, with an honest archive behind: whatever a beacon API answers, the blob is found and the fault is named. */
describe("Answers of a beacon API", () => {
  let server: Server;
  let beacon: BeaconBlobSource;
  let status = 200;
  let answer = "";
  let asked = "";
  before((done) => {
    server = createServer((incoming, response) => {
      asked = incoming.url!;
      response.writeHead(status).end(answer);
    }).listen(0, "127.0.0.1", () => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      beacon = new BeaconBlobSource({ url, blockId: ({ number }) => `${number}` });
      done();
    });
  });
  after(() => server.close());

  const sources = () =>
    new BlobSources({
      sources: [
        { name: "beacon", source: beacon },
        { name: "archive", source: { getBlobs: () => Promise.resolve([blob]) } },
      ],
      logger: silentLogger,
    });

  const cases: [string, number, string, "lied" | "missing" | "failed"][] = [
    ["404: it has no such block", 404, "", "missing"],
    ["an empty list: it has pruned the blob", 200, list(), "missing"],
    ["blobs of others only", 200, list(other, other), "missing"],
    ["another blob", 200, list(other), "lied"],
    ["bytes that are no blob", 200, list(noBlob), "lied"],
    ["the blob cut by a byte", 200, list(blob.subarray(1)), "lied"],
    ["an error", 500, list(blob), "failed"],
    ["no JSON", 200, "<html>", "failed"],
    ["JSON of another form", 200, JSON.stringify({ data: "0x" }), "failed"],
    ["bytes that are no blob beside the right one", 200, list(noBlob, blob), "failed"],
    ["more than all blobs of a block take", 200, `${list(blob)}${" ".repeat(2 ** 25 + 2 ** 20)}`, "failed"],
  ];
  for (const [what, code, text, fault] of cases) {
    it(what, async () => {
      [status, answer] = [code, text];
      const all = sources();
      expect(await all.getBlobs(request)).to.deep.equal([blob]);
      expect(all.faults.get("beacon")).to.deep.equal({ lied: 0, missing: 0, failed: 0, [fault]: 1 });
      expect(all.faults.has("archive")).to.equal(false);
    });
  }

  it("the right one among others", async () => {
    [status, answer] = [200, list(other, blob)];
    const all = sources();
    expect(await all.getBlobs(request)).to.deep.equal([blob]);
    expect(all.faults.size).to.equal(0);
    expect(asked).to.equal(`/eth/v1/beacon/blobs/7?versioned_hashes=${versionedHash}`);
  });
});
