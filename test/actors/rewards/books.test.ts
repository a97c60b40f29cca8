import { expect } from "chai";

import { compareBooks } from "../../../actors/rewards/books.ts";

type Input = Parameters<typeof compareBooks>[0];

const RIGHT: Input = {
  block: 1,
  minted: 1_010n,
  burned: 10n,
  supply: 1_000n,
  places: {
    feePortal: 115n,
    rewardDistributor: 200n,
    rewards: 0n,
    validatorSet: 300n,
    aggregateChallenge: 5n,
    holders: 380n,
  },
  feePortal: {
    accounts: 70n,
    waiting: 20n,
    returned: 9n,
    returnedPaid: 4n,
    pendingFees: 8n,
    provenFees: 30n,
    settledFees: 18n,
  },
  stakes: 300n,
  earmarked: 50n,
};

const inPlaces = (name: string, amount: bigint): Input => ({
  ...RIGHT,
  places: { ...RIGHT.places, [name]: amount },
});
const inPortal = (change: Partial<Input["feePortal"]>): Input => ({
  ...RIGHT,
  feePortal: { ...RIGHT.feePortal, ...change },
});

describe("books of the network token", () => {
  it("are right when every unit is in one place", () => {
    expect(compareBooks(RIGHT)).to.deep.equal([]);
    expect(compareBooks({ ...RIGHT, stakes: undefined })).to.deep.equal([]);
  });

  const wrong: Record<string, [Input, RegExp]> = {
    "a supply that was not minted": [{ ...RIGHT, minted: 1_011n }, /minted less burned/],
    "a unit that is nowhere": [inPlaces("holders", 379n), /sum of all places/],
    "fee juice without cover": [inPortal({ accounts: 71n }), /what the ledger owes/],
    "a deposit that is waiting and credited": [inPortal({ waiting: 21n }), /what the ledger owes/],
    "fees paid twice": [inPortal({ settledFees: 19n }), /what the ledger owes/],
    "more fees paid than proven": [inPortal({ settledFees: 31n, pendingFees: 21n }), /more fees were paid/],
    "a returned deposit paid twice": [inPortal({ returnedPaid: 10n, accounts: 76n }), /neither a fee/],
    "stakes without cover": [{ ...RIGHT, stakes: 301n }, /validators' stakes/],
    "buckets without cover": [{ ...RIGHT, earmarked: 201n }, /earmarked/],
    "tokens in Rewards": [
      { ...RIGHT, places: { ...RIGHT.places, rewards: 1n, holders: 379n } },
      /Rewards, which holds none/,
    ],
  };
  for (const [what, [books, sentence]] of Object.entries(wrong)) {
    it(`name ${what}`, () => {
      const differences = compareBooks(books);
      expect(differences).to.have.length(1);
      expect(differences[0]).to.match(sentence);
    });
  }
});
