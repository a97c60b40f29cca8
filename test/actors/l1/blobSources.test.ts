import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { Readable, pipeline } from "node:stream";
import { join } from "node:path";
import { expect } from "chai";

import { ArchiveBlobSource } from "../../../actors/l1/archiveBlobSource.ts";
import { BeaconBlobSource } from "../../../actors/l1/beaconBlobSource.ts";
import { commitmentOf, versionedHashOf } from "../../../actors/l1/blobSidecar.ts";
import type { BlobSource } from "../../../actors/l1/blobSource.ts";
import { BlobSources } from "../../../actors/l1/blobSources.ts";
import { BlobStore } from "../../../actors/l1/blobStore.ts";
import { ActorError, isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const blob = new Uint8Array(131_072);
blob.set([0, 1, 2, 3], 0);
const other = new Uint8Array(131_072);
const versionedHash = versionedHashOf(commitmentOf(blob));
const block = { number: 1, hash: "0x", parentHash: "0x", timestamp: 0 };
const request = { block, versionedHashes: [versionedHash] };

const gives = (answer: Uint8Array): BlobSource => ({ getBlobs: () => Promise.resolve([answer]) });
const fails: BlobSource = { getBlobs: () => Promise.reject(new Error("no answer")) };
const lacks: BlobSource = {
  getBlobs: () => Promise.reject(new ActorError("BLOB_NOT_FOUND", "no such blob", "ask another")),
};

describe("Blob sources", () => {
  const folder = temporaryFolder();
  after(() => folder.remove());

  it("passes over a source that lies, fails or has no blob, reports it, and keeps what it found", async () => {
    const store = new BlobStore({ folder: folder.path });
    const sources = new BlobSources({
      store,
      sources: [
        { name: "lacks", source: lacks },
        { name: "fails", source: fails },
        { name: "lies", source: gives(other) },
        { name: "lies badly", source: gives(new Uint8Array(131_072).fill(255)) },
        { name: "cuts", source: gives(blob.subarray(0, 32)) },
        { name: "honest", source: gives(blob) },
      ],
      logger: silentLogger,
    });
    expect(await sources.getBlobs(request)).to.deep.equal([blob]);
    expect(Object.fromEntries(sources.faults)).to.deep.equal({
      store: { lied: 0, missing: 1, failed: 0 },
      lacks: { lied: 0, missing: 1, failed: 0 },
      fails: { lied: 0, missing: 0, failed: 1 },
      lies: { lied: 1, missing: 0, failed: 0 },
      "lies badly": { lied: 1, missing: 0, failed: 0 },
      cuts: { lied: 1, missing: 0, failed: 0 },
    });
    const alone = new BlobSources({ store, sources: [], logger: silentLogger });
    expect(await alone.getBlobs(request)).to.deep.equal([blob]);
  });

  it("gives a blob that could not be kept, and holds that against nobody", async () => {
    const gone = temporaryFolder();
    const store = new BlobStore({ folder: join(gone.path, "blobs") });
    gone.remove(); // as bad as a full disk: nothing can be written
    const sources = new BlobSources({
      store,
      sources: [{ name: "honest", source: gives(blob) }],
      logger: silentLogger,
    });
    expect(await sources.getBlobs(request)).to.deep.equal([blob]);
    expect([...sources.faults.keys()]).to.deep.equal(["store"]);
  });

  for (const length of [32, 131_073]) {
    it(`passes over a source that gives ${length} bytes, though the content is not to be checked`, async () => {
      const sources = new BlobSources({
        sources: [
          { name: "lies", source: gives(new Uint8Array(length)) },
          { name: "honest", source: gives(blob) },
        ],
        logger: silentLogger,
      });
      expect(await sources.getBlobs({ ...request, unchecked: true })).to.deep.equal([blob]);
      expect(sources.faults.get("lies")).to.deep.equal({ lied: 1, missing: 0, failed: 0 });
    });
  }

  it("replaces a damaged file of the store", async () => {
    const store = new BlobStore({ folder: folder.path });
    store.keep(versionedHash, blob);
    writeFileSync(join(folder.path, `${versionedHash}.blob`), Uint8Array.of(0, 9));
    const sources = new BlobSources({
      store,
      sources: [{ name: "honest", source: gives(blob) }],
      logger: silentLogger,
    });
    expect(await sources.getBlobs(request)).to.deep.equal([blob]);
    expect(await store.getBlobs(request)).to.deep.equal([blob]);
  });

  for (const [code, sources] of [
    ["BLOB_SOURCE_LIED", [gives(other), fails]],
    ["BLOB_SOURCE_FAILED", [fails, lacks]],
    ["BLOB_NOT_FOUND", [lacks]],
  ] as const) {
    it(`ends with ${code} when no source has the blob`, async () => {
      const named = sources.map((source, i) => ({ name: `source ${i}`, source }));
      const chain = new BlobSources({ sources: named, logger: silentLogger });
      const refusal = await chain.getBlobs(request).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(isActorError(refusal, code)).to.equal(true);
    });
  }

  describe("of a beacon node", () => {
    let server: Server;
    let url: string;
    let data: string[];
    before((done) => {
      server = createServer((_, answer) => answer.end(JSON.stringify({ data }))).listen(
        0,
        "127.0.0.1",
        () => {
          url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
          done();
        },
      );
    });
    after(() => server.close());

    for (const [what, hex] of [
      ["is short", "0x0011"],
      ["has digits that are none", `0x${"zz".repeat(131_072)}`],
    ] as const) {
      it(`is a lie when it ${what}`, async () => {
        data = [hex];
        const beacon = new BeaconBlobSource({ url, blockId: () => "1" });
        const refusal = await beacon.getBlobs({ ...request, unchecked: true }).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(isActorError(refusal, "BLOB_SOURCE_LIED")).to.equal(true);

        const sources = new BlobSources({
          sources: [
            { name: "beacon", source: beacon },
            { name: "honest", source: gives(blob) },
          ],
          logger: silentLogger,
        });
        expect(await sources.getBlobs({ ...request, unchecked: true })).to.deep.equal([blob]);
        expect(sources.faults.get("beacon")).to.deep.equal({ lied: 1, missing: 0, failed: 0 });
      });
    }
  });

  describe("of an archive", () => {
    let server: Server;
    let url: string;
    before((done) => {
      const hex = `0x${Buffer.from(blob).toString("hex")}`;
      server = createServer((asked, answer) => {
        if (!asked.url!.endsWith(versionedHash)) return answer.writeHead(404).end();
        if (asked.url!.startsWith("/raw/")) return answer.end(blob);
        if (asked.url!.startsWith("/endless/")) return pipeline(endless(), answer, () => undefined);
        return answer.end(asked.url!.startsWith("/json/") ? JSON.stringify({ data: hex }) : "nothing here");
      }).listen(0, "127.0.0.1", () => {
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        done();
      });
    });
    after(() => server.close());

    for (const form of ["raw", "json"]) {
      it(`are read as ${form}`, async () => {
        const source = new ArchiveBlobSource({ template: `${url}/${form}/{versionedHash}` });
        expect(await source.getBlobs(request)).to.deep.equal([blob]);
      });
    }

    it("says what is wrong with template, hash or answer", async () => {
      expect(() => new ArchiveBlobSource({ template: url })).to.throw(/has no \{versionedHash\}/);
      const source = new ArchiveBlobSource({ template: `${url}/text/{versionedHash}` });
      const said = (hash: string): Promise<string> =>
        source.getBlobs({ block, versionedHashes: [hash] }).then(() => "", String);
      expect(await said(versionedHash)).to.match(/the answer holds no blob/);
      expect(await said("0x01")).to.match(/answers 404/);
    });

    it("stops reading one that does not end", async () => {
      const source = new ArchiveBlobSource({ template: `${url}/endless/{versionedHash}` });
      const error = await source.getBlobs(request).then(() => undefined, String);
      expect(error).to.match(/an answer of more than 1048576 bytes/);
    });
  });
});

/** Bytes for ever, a digit of hexadecimal each. */
function endless(): Readable {
  return Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(2 ** 16, "0");
    })(),
  );
}
