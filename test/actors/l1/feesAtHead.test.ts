import type { JsonRpcProvider } from "ethers";
import { expect } from "chai";

import { feesAtHead } from "../../../actors/l1/feesAtHead.ts";

describe("L1's fees for those who ask a node, from a provider that counts", () => {
  let asked = 0;
  let failing = false;
  const provider = {
    send: (method: string) => {
      asked++;
      if (failing) return Promise.reject(new Error("no answer"));
      return Promise.resolve(method === "eth_getBlockByNumber" ? { baseFeePerGas: "0x7" } : "0x9");
    },
  } as unknown as JsonRpcProvider;
  const heads = { head: { number: 1, hash: "0x1", parentHash: "0x", timestamp: 0 } };

  it("are read once a head, however many ask, and again after a failure", async () => {
    const fees = feesAtHead({ provider, heads });
    for (let i = 0; i < 100; i++) void fees();
    expect(await fees()).to.deep.equal({ base: 7n, blob: 9n });
    const once = asked;
    heads.head = { ...heads.head, hash: "0x2" };
    failing = true;
    expect(await fees().catch(String)).to.include("no answer");
    failing = false;
    expect(await fees()).to.deep.equal({ base: 7n, blob: 9n });
    expect(asked).to.be.at.most(3 * once);
  });
});
