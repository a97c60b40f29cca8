import type { JsonRpcProvider } from "ethers";
import { expect } from "chai";

import { HeadFollower } from "../../../actors/l1/headFollower.ts";
import { silentLogger } from "../../../actors/support/logger.ts";

describe("Head follower, on answers of a list", () => {
  let answers: [number, string][];
  let seen: number[];
  let heads: HeadFollower;

  beforeEach(() => {
    seen = [];
    const send = (): Promise<unknown> => {
      const [number, fork] = answers.shift()!;
      return Promise.resolve({
        number,
        hash: `0x${number}${fork}`,
        parentHash: "0x",
        timestamp: 12 * number,
      });
    };
    const provider = { send } as unknown as JsonRpcProvider;
    heads = new HeadFollower({ provider, logger: silentLogger, pollInterval: 1_000_000 });
    heads.onHead(({ number }) => seen.push(number));
  });

  const ask = async (...list: [number, string][]): Promise<void> => {
    answers = list;
    while (answers.length > 0) await heads.refresh();
  };

  it("does not go back to a server that lags behind another", async () => {
    await ask([5, ""], [4, ""], [5, ""], [4, ""], [4, ""], [6, ""], [4, ""], [6, ""]);
    expect(seen).to.deep.equal([5, 6]);
    expect(heads.head?.timestamp).to.equal(72);
  });

  it("follows another block of the same height at once, and a lower one that stays", async () => {
    await ask([5, ""], [5, "b"], [3, "c"], [3, "c"]);
    expect(seen).to.deep.equal([5, 5]);
    await ask([3, "c"]);
    expect(seen).to.deep.equal([5, 5, 3]);
  });
});
