import { expect } from "chai";

import { RevertError } from "../../../actors/l1/sendErrors.ts";
import { claimRewards, type RewardOrders } from "../../../actors/rewards/claimRewards.ts";
import type { Claim, RewardBook } from "../../../actors/rewards/rewardBook.ts";

const REWARDS = "0x00000000000000000000000000000000000000aa";
const INCENTIVES = "0x00000000000000000000000000000000000000bb";
const ALL: RewardOrders = { mint: true, coinbase: "0xc0", validator: "0xda", leftovers: true };

const claim = (data: string, epochs: number[], amount: bigint): Claim => ({
  to: REWARDS,
  data,
  epochs,
  amount,
});

/** A book with one claim of each kind, and two epochs with leftovers. */
const book = {
  claimsOfCoinbase: (coinbase: string) => Promise.resolve([claim(`${coinbase}01`, [1, 2], 5n)]),
  claimsOfValidator: (validator: string) => Promise.resolve([claim(`${validator}02`, [2], 7n)]),
  claimOfProver: (prover: string) => Promise.resolve(claim(`${prover}05`, [], 9n)),
  leftovers: () => Promise.resolve([claim("0x03", [1], 0n), claim("0x04", [2], 0n)]),
} as Partial<RewardBook> as RewardBook;

/** Sends what nobody refuses. */
function accountThat(refuses: Record<string, string> = {}) {
  const sent: { purpose: string; to: string; data: string }[] = [];
  return {
    sent,
    send: (request: { purpose: string; to: string; data: string }) => {
      const name = refuses[request.data];
      if (name !== undefined) {
        const error = { name, args: {}, text: name };
        return Promise.reject(new RevertError("TRANSACTION_REFUSED", request.purpose, error));
      }
      sent.push(request);
      return Promise.resolve({ receipt: { hash: `hash of ${request.purpose}`, gasUsed: 1n } } as never);
    },
  };
}

describe("claiming rewards", () => {
  const send = (account: ReturnType<typeof accountThat>, orders: RewardOrders) =>
    claimRewards({ book, incentives: INCENTIVES, account, orders });

  it("mints first, then pays, then burns and returns, and tells each", async () => {
    const account = accountThat();
    const sent = await send(account, ALL);
    expect(sent.map(({ kind, epochs, amount }) => ({ kind, epochs, amount }))).to.deep.equal([
      { kind: "mint", epochs: undefined, amount: undefined },
      { kind: "sequencer", epochs: [1, 2], amount: 5n },
      { kind: "attester", epochs: [2], amount: 7n },
      { kind: "leftovers", epochs: [1], amount: undefined },
      { kind: "leftovers", epochs: [2], amount: undefined },
    ]);
    expect(account.sent.map(({ to }) => to)).to.deep.equal([INCENTIVES, REWARDS, REWARDS, REWARDS, REWARDS]);
    expect(sent[1]!.hash).to.equal("hash of claim-0xc0-1");
  });

  it("sends only what it is told to", async () => {
    expect(await send(accountThat(), {})).to.deep.equal([]);
    const [only, ...others] = await send(accountThat(), { validator: "0xda" });
    expect(only!.kind).to.equal("attester");
    expect(others).to.deep.equal([]);
  });

  it("leaves out fees that somebody else burned meanwhile", async () => {
    const sent = await send(accountThat({ "0x03": "Rewards__AlreadyPaid" }), { leftovers: true });
    expect(sent.map(({ epochs }) => epochs)).to.deep.equal([[2]]);
  });

  it("pays a prover its credit, unless it collected meanwhile", async () => {
    const sent = await send(accountThat(), { prover: "0xee" });
    expect(sent.map(({ kind, amount }) => [kind, amount])).to.deep.equal([["prover", 9n]]);
    const faster = accountThat({ "0xee05": "Rewards__NothingToCollect" });
    expect(await send(faster, { prover: "0xee" })).to.deep.equal([]);
  });

  it("passes every other refusal on", async () => {
    for (const [refuses, orders] of [
      [{ "0x03": "Rewards__NotClaimableYet" }, { leftovers: true }],
      [{ "0xc001": "Rewards__AlreadyPaid" }, { coinbase: "0xc0" }],
    ] as [Record<string, string>, RewardOrders][]) {
      const error: unknown = await send(accountThat(refuses), orders).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(RevertError);
    }
  });
});
