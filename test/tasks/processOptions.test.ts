import { expect } from "chai";

import { monitorAddressOf } from "../../tasks/processOptions.ts";

describe("--metrics", () => {
  for (const [text, host, port] of [
    ["9464", "127.0.0.1", 9464],
    ["0.0.0.0:9464", "0.0.0.0", 9464],
    ["[::]:1", "::", 1],
    ["metrics.local:65535", "metrics.local", 65_535],
  ] as const) {
    it(`takes ${text}`, () => expect(monitorAddressOf(text)).to.deep.equal({ host, port }));
  }
  for (const text of ["", "x", ":9464", "65536", "::1:9464", "http://127.0.0.1:9464"]) {
    it(`refuses "${text}"`, () => expect(() => monitorAddressOf(text)).to.throw(/is no address; give one/));
  }
});
