/** A market as a pool sees it, and provers that sign. */
import { toAddress, type Address } from "../../../protocol/address.ts";
import type { MarketParameters } from "../../../protocol/market.ts";
import {
  addressOfKey,
  signQuote,
  type Quote,
  type QuoteDomain,
  type SignedQuote,
} from "../../../protocol/quote.ts";
import { toEpoch } from "../../../protocol/time.ts";
import { seededRandom } from "../../../protocol/vectors/random.ts";
import type { MarketView, ProverAccount } from "../../../actors/market/quotePool.ts";

export const parameters: MarketParameters = {
  reserveStart: 2_000n,
  reserveMax: 8_000n,
  reserveRamp: 60n,
  improvementWindow: 12n,
  improvementStep: 10n,
  exclusivePeriod: 300n,
  grace: 24n,
  raceWindow: 100n,
  bondFloor: 100n,
  bondMultiple: 30_000n,
  rescueShare: 5_000n,
  withdrawalDelay: 10_000n,
  blockReward: 0n,
  permissioned: false,
};

export const domain: QuoteDomain = {
  version: 1n,
  chainId: 31_337n,
  market: toAddress(0x111n),
  rollup: toAddress(0x222n),
  verifierKeyHash: 0x333n,
};

export class FakeMarket implements MarketView {
  readonly parameters = parameters;
  time = 1_000;
  oldest = 5;
  readonly pots = new Map<number, bigint>();
  readonly accounts = new Map<Address, ProverAccount>();

  now(): number {
    return this.time;
  }
  oldestEpoch(): number {
    return this.oldest;
  }
  pot(epoch: number): bigint | undefined {
    return this.pots.get(epoch);
  }
  account(prover: Address): ProverAccount {
    return this.accounts.get(prover) ?? { available: 10n ** 9n, nonce: 0n, mayClaim: true };
  }
}

export interface TestProver {
  key: Uint8Array;
  address: Address;
}

export function testProvers(count: number): TestProver[] {
  const random = seededRandom("market/provers");
  return Array.from({ length: count }, () => {
    const key = random.bytes(32);
    return { key, address: addressOfKey(key) };
  });
}

export function signedQuote(prover: TestProver, changes: Partial<Quote> = {}, at = domain): SignedQuote {
  const quote: Quote = {
    prover: prover.address,
    epoch: toEpoch(5),
    fee: 1_000,
    bond: 10n ** 9n,
    validUntil: 1_500,
    nonce: 0n,
    ...changes,
  };
  return signQuote({ domain: at, quote, key: prover.key });
}
