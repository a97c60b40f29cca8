import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { type RequestListener, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";

import { FilePriceSource } from "../../../actors/price/filePriceSource.ts";
import { type HttpPriceOptions, HttpPriceSource } from "../../../actors/price/httpPriceSource.ts";
import { PriceError } from "../../../actors/price/priceError.ts";
import { type PriceSource, fixedPrice, priceOf } from "../../../actors/price/priceSource.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const BOUNDS = { least: 10n ** 7n, most: 10n ** 9n };

async function refusalOf(source: PriceSource): Promise<PriceError> {
  const error = await source.read().then(
    (price) => new Error(`it said ${price}`),
    (reason: unknown) => reason,
  );
  if (error instanceof PriceError) return error;
  throw error;
}

describe("Price in a file", () => {
  const folder = temporaryFolder();
  after(() => folder.remove());
  const path = `${folder.path}/price.json`;
  const source = new FilePriceSource({ path, bounds: BOUNDS, maxAge: 60 });
  const write = (text: string): void => writeFileSync(path, text);

  it("is the file's, also after a change", async () => {
    write('{"price": "0.0001"}');
    expect(await source.read()).to.equal(10n ** 8n);
    write('{"price": 0.0002}');
    expect(await source.read()).to.equal(2n * 10n ** 8n);
  });

  it("says nothing while the file is damaged, empty, absurd or gone, and speaks again after it", async () => {
    for (const [text, code] of [
      ["", "PRICE_MALFORMED"],
      ['{"price": "0.00', "PRICE_MALFORMED"],
      ['{"cost": "0.0001"}', "PRICE_MALFORMED"],
      ['{"price": "0.01"}', "PRICE_OUT_OF_BOUNDS"],
      ['{"price": "0.000001"}', "PRICE_OUT_OF_BOUNDS"],
    ] as const) {
      write(text);
      expect((await refusalOf(source)).code).to.equal(code);
    }
    rmSync(path);
    expect((await refusalOf(source)).code).to.equal("PRICE_UNREACHABLE");
    mkdirSync(path);
    expect((await refusalOf(source)).code).to.equal("PRICE_UNREACHABLE");
    rmSync(path, { recursive: true });
    write('{"price": "0.0001"}');
    expect(await source.read()).to.equal(10n ** 8n);
  });

  it("says nothing when nobody has changed it for too long", async () => {
    write('{"price": "0.0001"}');
    const past = Date.now() / 1_000 - 70;
    utimesSync(path, past, past);
    expect((await refusalOf(source)).code).to.equal("PRICE_STALE");
  });
});

describe("Price at a web address", () => {
  let answer: RequestListener;
  let asked = 0;
  const server = createServer((request, response) => (asked++, answer(request, response)));
  let url: string;
  before(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/price?key=secret`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => (asked = 0));

  const says = (text: string, status = 200): void => {
    answer = (_, response) => response.writeHead(status).end(text);
  };
  const source = (options: Partial<HttpPriceOptions> = {}): HttpPriceSource =>
    new HttpPriceSource({ url, pricePath: "tst.eth", bounds: BOUNDS, maxAge: 60, timeout: 200, ...options });

  it("is found by its path", async () => {
    says('{"tst": {"eth": 0.0001}}');
    expect(await source().read()).to.equal(10n ** 8n);
  });

  it("is asked for at most once in a while, also when it fails", async () => {
    let time = 0;
    says('{"tst": {"eth": 0.0001}}');
    const kept = source({ keepFor: 1_000, now: () => time });
    await kept.read();
    time = 999;
    await kept.read();
    expect(asked).to.equal(1);
    says("", 500);
    time = 1_000;
    await refusalOf(kept);
    await refusalOf(kept);
    expect(asked).to.equal(2);
  });

  for (const [what, code, text, status] of [
    ["fails", "PRICE_UNREACHABLE", '{"tst": {"eth": 0.0001}}', 503],
    ["sends a page", "PRICE_MALFORMED", "<html></html>", 200],
    ["has no price at the path", "PRICE_MALFORMED", '{"tst": {"usd": 3}}', 200],
    ["sends too much", "PRICE_UNREACHABLE", `{"tst": {"eth": 0.0001}, "more": "${"x".repeat(70_000)}"}`, 200],
    ["is absurd", "PRICE_OUT_OF_BOUNDS", '{"tst": {"eth": 3000}}', 200],
    ["says zero", "PRICE_OUT_OF_BOUNDS", '{"tst": {"eth": 0}}', 200],
  ] as const) {
    it(`is refused when the address ${what}`, async () => {
      says(text, status);
      expect((await refusalOf(source())).code).to.equal(code);
    });
  }

  it("is refused when the answer does not come in time", async () => {
    answer = () => undefined;
    const began = performance.now();
    expect((await refusalOf(source())).code).to.equal("PRICE_UNREACHABLE");
    expect(performance.now() - began).to.be.lessThan(1_000);
  });

  it("is refused when half of the answer does not come in time", async () => {
    answer = (_, response) => void response.write('{"tst": {"eth"');
    expect((await refusalOf(source())).code).to.equal("PRICE_UNREACHABLE");
  });

  it("is refused when the address sends elsewhere", async () => {
    answer = (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
    expect((await refusalOf(source())).code).to.equal("PRICE_UNREACHABLE");
  });

  it("is held to its time when the answer has one", async () => {
    const timed = () => source({ timePath: "time", now: () => 1_000_000 });
    says('{"tst": {"eth": 0.0001}, "time": 950}');
    expect(await timed().read()).to.equal(10n ** 8n);
    for (const [time, code] of [
      ["930", "PRICE_STALE"],
      ["1070", "PRICE_STALE"],
      ['"soon"', "PRICE_MALFORMED"],
      ["-1000", "PRICE_MALFORMED"],
    ]) {
      says(`{"tst": {"eth": 0.0001}, "time": ${time}}`);
      expect((await refusalOf(timed())).code).to.equal(code);
    }
  });

  it("does not show the address's query in a refusal", async () => {
    says("", 500);
    expect((await refusalOf(source())).message)
      .to.contain("127.0.0.1")
      .and.not.contain("secret");
  });
});

describe("Opinion on the price", () => {
  it("is the source's price, and none without a source or when it fails", async () => {
    const failing: PriceSource = {
      read: () => Promise.reject(new PriceError("PRICE_STALE", "the price is 2 days old", "feed it")),
    };
    expect(await priceOf(fixedPrice(5n), silentLogger)).to.equal(5n);
    expect(await priceOf(undefined, silentLogger)).to.equal(undefined);
    expect(await priceOf(failing, silentLogger)).to.equal(undefined);
  });
});
