import { expect } from "chai";

import { compareBooks } from "../../../actors/rewards/books.ts";

type Input = Parameters<typeof compareBooks>[0];

const RIGHT: Input = {
  block: 1,
  minted: 1_010n,
  burned: 10n,
  burnedBy: {
    wallets: 1n,
    validatorSet: 0n,
    market: 6n,
    feePortal: 3n,
    rewardDistributor: 0n,
    rewards: 0n,
    aggregateChallenge: 0n,
  },
  supply: 1_000n,
  places: {
    wallets: 320n,
    validatorSet: 300n,
    market: 60n,
    feePortal: 115n,
    rewardDistributor: 200n,
    rewards: 0n,
    aggregateChallenge: 5n,
  },
  stakes: { staked: 280n, exiting: 20n },
  bonds: { free: 40n, reserved: 13n, withdrawing: 5n, forfeited: 2n },
  buckets: { canonical: 150n, earmarked: 50n },
  feePortal: {
    accounts: 70n,
    waiting: 20n,
    returned: 9n,
    returnedPaid: 4n,
    pendingFees: 8n,
    provenFees: 30n,
    settledFees: 18n,
  },
};

const inPlaces = (change: Partial<Input["places"]>): Input => ({
  ...RIGHT,
  places: { ...RIGHT.places, ...change },
});
const inPortal = (change: Partial<Input["feePortal"]>): Input => ({
  ...RIGHT,
  feePortal: { ...RIGHT.feePortal, ...change },
});
const inBonds = (change: Partial<Input["bonds"]>): Input => ({
  ...RIGHT,
  bonds: { ...RIGHT.bonds, ...change },
});

describe("books of the network token", () => {
  it("are right when every unit is in one place", () => {
    expect(compareBooks(RIGHT)).to.deep.equal([]);
    expect(compareBooks({ ...RIGHT, stakes: undefined })).to.deep.equal([]);
  });

  const wrong: Record<string, [Input, RegExp]> = {
    "a supply that was not minted": [{ ...RIGHT, minted: 1_011n }, /minted less burned/],
    "a unit that nobody burned": [
      { ...RIGHT, burnedBy: { ...RIGHT.burnedBy, market: 5n } },
      /sum of who burned/,
    ],
    "a unit that is nowhere": [inPlaces({ wallets: 319n }), /sum of all places/],
    "fee juice without cover": [inPortal({ accounts: 71n }), /what the ledger owes/],
    "a deposit that is waiting and credited": [inPortal({ waiting: 21n }), /what the ledger owes/],
    "fees paid twice": [inPortal({ settledFees: 19n }), /what the ledger owes/],
    "more fees paid than proven": [inPortal({ settledFees: 31n, pendingFees: 21n }), /more fees were paid/],
    "a returned deposit paid twice": [inPortal({ returnedPaid: 10n, accounts: 76n }), /neither a fee/],
    "stakes without cover": [{ ...RIGHT, stakes: { staked: 281n, exiting: 20n } }, /validators' stakes/],
    "an exit without cover": [{ ...RIGHT, stakes: { staked: 280n, exiting: 21n } }, /validators' stakes/],
    "a free bond without cover": [inBonds({ free: 41n }), /provers' bonds/],
    "a reserved bond that is free too": [inBonds({ free: 53n }), /provers' bonds/],
    "a bond paid out and on its way": [inBonds({ withdrawing: 6n }), /provers' bonds/],
    "a bucket without cover": [{ ...RIGHT, buckets: { canonical: 150n, earmarked: 51n } }, /buckets/],
    "tokens in Rewards": [inPlaces({ rewards: 1n, wallets: 319n }), /Rewards, which holds none/],
  };
  for (const [what, [books, sentence]] of Object.entries(wrong)) {
    it(`name ${what}`, () => {
      const differences = compareBooks(books);
      expect(differences).to.have.length(1);
      expect(differences[0]).to.match(sentence);
    });
  }
});
