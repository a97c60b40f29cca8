/** What a run of `npm start` gives, made up: six epochs, the second rescued, books that are right. */
import type { ReadBooks } from "../../../../actors/rewards/readBooks.ts";
import { LOCAL_ACCOUNTS, localAddress } from "../../../../deploy/localAccounts.ts";
import type { MarketEpoch } from "../../../../scripts/start/marketSummary.ts";
import type { NetworkResult } from "../../../../scripts/start/networkRun.ts";
import { PROVERS } from "../../../../scripts/start/provers.ts";

const TST = 10n ** 18n;
const ADDRESS = "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720";

export function readyBooks(): ReadBooks {
  const prover = localAddress(PROVERS[0].account).toLowerCase();
  const treasury = localAddress(LOCAL_ACCOUNTS.treasury).toLowerCase();
  return {
    block: 100,
    minted: 1_000n * TST,
    burned: 5n * TST,
    burnedBy: {
      wallets: 0n,
      validatorSet: 0n,
      market: 4n * TST,
      feePortal: TST,
      rewardDistributor: 0n,
      rewards: 0n,
      aggregateChallenge: 0n,
    },
    supply: 995n * TST,
    places: {
      wallets: 400n * TST + 1n,
      validatorSet: 500n * TST,
      market: 60n * TST,
      feePortal: 30n * TST,
      rewardDistributor: 5n * TST - 1n,
      rewards: 0n,
      aggregateChallenge: 0n,
    },
    wallets: new Map([
      [treasury, 390n * TST],
      [prover, 10n * TST],
      [ADDRESS.toLowerCase(), 1n],
    ]),
    stakes: { staked: 400n * TST, exiting: 100n * TST },
    bonds: { free: 40n * TST, reserved: 13n * TST, withdrawing: 5n * TST, forfeited: 2n * TST },
    buckets: { canonical: 5n * TST - 1n, earmarked: 0n },
    feePortal: {
      accounts: 20n * TST,
      waiting: TST,
      returned: 3n * TST,
      returnedPaid: TST,
      pendingFees: 3n * TST,
      provenFees: 10n * TST,
      settledFees: 6n * TST,
    },
    differences: [],
  };
}

const epochs: MarketEpoch[] = Array.from({ length: 6 }, (_, epoch) => ({
  epoch,
  quotes: epoch < 2 ? { reckless: 176, cheap: 525, dear: 2_625 } : { cheap: 525, dear: 2_625 },
  claimant: epoch < 2 ? "reckless" : "cheap",
  feeBps: epoch < 2 ? 176 : 525,
  prover: epoch === 0 ? "reckless" : "cheap",
  payee: epoch === 0 ? "reckless" : "cheap",
  paid: epoch === 1 ? "3.2" : "0.21",
  isRescue: epoch === 1,
}));

export function networkResult(): NetworkResult {
  return {
    statistics: {
      blocks: 12,
      blobs: 12,
      transactions: 60,
      messages: 11,
      withdrawals: 2,
      invalidBlocks: 0,
      prunes: 0,
      rollBacks: 0,
      missedSlots: 1,
      committeeSize: 4,
      attestations: [4, 3, 4],
      wrongAggregates: 0,
      invalidations: 0,
      seedsPoked: 0,
      equivocations: 0,
      proofs: 6,
      provenBlocks: 12,
      provingSeconds: [4.51, 4.49],
      secondsToFirstProof: 15.23,
      market: { claims: 6, rescues: 1, settlements: 5, defaults: 0 },
      gas: {
        propose: { count: 2, min: 80_000n, max: 100_000n, total: 180_000n },
        submitEpochProof: { count: 1, min: 935_000n, max: 935_000n, total: 935_000n },
        register: undefined,
        deposit: undefined,
        invalidate: undefined,
        fixSeed: undefined,
      },
    },
    absence: { index: 1, epoch: 1, attested: 0, of: 2 },
    told: {
      withdrawal: { epoch: 3, amount: TST / 5n, recipient: ADDRESS, transaction: "0x" },
      forced: { refusal: "no", message: 11, block: 11, slot: 12, slots: 4 },
    },
    market: {
      claims: 6,
      settlements: 6,
      rescues: 1,
      slashes: 1,
      wins: { cheap: 5, dear: 0, reckless: 1 },
      paid: { cheap: "4.04", dear: "0.0", reckless: "0.21" },
      rescue: { epoch: 1, defaulter: "reckless", rescuer: "cheap", share: "4.8", burned: "4.8" },
      epochs,
    },
    rewards: {
      minted: "12000.0",
      sequencer: { coinbase: ADDRESS, blocks: 4, epochs: 3, fees: "0.00012", reward: "8.8" },
      attester: { keyHash: "0xda", withdrawer: ADDRESS, epochs: 1, reward: "0.2" },
      burned: { epochs: 5, amount: "1.0" },
    },
    books: readyBooks(),
    firstProofAt: 25_000,
  };
}
