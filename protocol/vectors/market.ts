/** Vectors of the proof market: quote digests, the reserve, bonds, and who is paid. */
import { addressToHex, toAddress } from "../address.ts";
import { bytesToHex, toHex } from "../bytes.ts";
import {
  bondOf,
  type MarketClaim,
  type MarketParameters,
  reserveAt,
  STAGES,
  whoIsPaid,
  type PauseTime,
} from "../market.ts";
import { addressOfKey, quoteDigest, quoteDomainSeparator, signQuote, type QuoteDomain } from "../quote.ts";
import { toEpoch } from "../time.ts";
import { seededRandom } from "./random.ts";

const PARAMETERS: MarketParameters = {
  reserveStart: 2_000n,
  reserveMax: 8_000n,
  reserveRamp: 600n,
  improvementWindow: 24n,
  improvementStep: 10n,
  exclusivePeriod: 900n,
  grace: 60n,
  raceWindow: 300n,
  bondFloor: 1_000n,
  bondMultiple: 30_000n,
  rescueShare: 4_000n,
  withdrawalDelay: 10_000n,
  blockReward: 0n,
  permissioned: false,
};
const GENESIS = 1_700_000_000;

export function marketVectors(): unknown {
  const random = seededRandom("vectors/market");
  const quotes = times(8, (i) => {
    const key = random.bytes(32);
    const domain: QuoteDomain = {
      version: random.bits(16),
      chainId: random.bits(32),
      market: toAddress(random.bits(160)),
      rollup: toAddress(random.bits(160)),
      verifierKeyHash: random.bits(256),
    };
    const quote = {
      prover: addressOfKey(key),
      epoch: toEpoch(random.below(2 ** 32)),
      fee: random.below(10_001),
      bond: i === 0 ? (1n << 256n) - 1n : random.bits(96),
      validUntil: GENESIS + random.below(2 ** 20),
      nonce: random.bits(64),
    };
    return {
      version: toHex(domain.version),
      chainId: toHex(domain.chainId),
      market: addressToHex(domain.market),
      rollup: addressToHex(domain.rollup),
      verifierKeyHash: toHex(domain.verifierKeyHash),
      separator: toHex(quoteDomainSeparator(domain)),
      prover: addressToHex(quote.prover),
      epoch: quote.epoch,
      fee: quote.fee,
      bond: toHex(quote.bond),
      validUntil: quote.validUntil,
      nonce: toHex(quote.nonce),
      digest: bytesToHex(quoteDigest({ domain, quote })),
      signature: signQuote({ domain, quote, key }).signature,
    };
  });

  const reserves = times(24, (i) => {
    const since = i % 6 === 0 ? undefined : GENESIS + random.below(1_000);
    const time = GENESIS + random.below(3_000);
    const start = GENESIS + random.below(2_000);
    const pause = i % 3 === 0 ? undefined : { start, end: start + random.below(500) };
    return {
      since: since ?? 0,
      time,
      ...pauseWords(pause),
      reserve: Number(reserveAt({ parameters: PARAMETERS, since, time, pause })),
    };
  });
  const bonds = [0n, 1n, 12n, 13n, 10n ** 18n, (1n << 80n) - 1n].map((pot) => ({
    pot: toHex(pot),
    bond: toHex(bondOf(PARAMETERS, pot)),
  }));

  const payments = times(64, (i) => {
    const claimedAt = GENESIS + 500 + random.below(500);
    const prover = toAddress(random.bits(160));
    const endRecordHash = random.bits(256);
    const claim: MarketClaim = {
      stage: STAGES[i % STAGES.length]!,
      since: claimedAt - random.below(100),
      prover,
      fee: BigInt(random.below(8_001)),
      claimedAt,
      exclusiveUntil: claimedAt + 924,
      deadline: claimedAt + 5_000,
      bond: random.bits(90),
      endRecordHash,
    };
    const proof = {
      prover: random.pick([prover, prover, toAddress(random.bits(160)), toAddress(0n)]),
      provenAt: claimedAt + random.pick([0, 500, 924, 925, 984, 985, 3_000]),
      endRecordHash: random.below(6) === 0 ? random.bits(256) : endRecordHash,
    };
    const start = claimedAt + random.pick([-300, -10, 100, 924, 925, 2_000]);
    const pause = random.below(3) === 0 ? { start, end: start + random.pick([1, 10, 200]) } : undefined;
    const { stage, payee, fee, bondShare, burned } = whoIsPaid({
      parameters: PARAMETERS,
      claim,
      proof,
      pause,
    });
    return {
      claim: {
        stage: STAGES.indexOf(claim.stage),
        since: claim.since!,
        prover: addressToHex(prover),
        fee: Number(claim.fee),
        claimedAt,
        exclusiveUntil: claim.exclusiveUntil,
        deadline: claim.deadline,
        bond: toHex(claim.bond),
        endRecordHash: toHex(endRecordHash),
      },
      prover: addressToHex(proof.prover),
      provenAt: proof.provenAt,
      provenRecordHash: toHex(proof.endRecordHash),
      ...pauseWords(pause),
      stage: STAGES.indexOf(stage),
      payee: addressToHex(payee ?? toAddress(0n)),
      fee: Number(fee),
      bondShare: toHex(bondShare),
      burned: toHex(burned),
    };
  });
  return { genesis: GENESIS, quotes, reserves, bonds, payments };
}

/** Seconds since genesis, as the Rollup's pause word has them; 0 and 0 without a pause. */
function pauseWords(pause: PauseTime | undefined): { pauseStart: number; pauseEnd: number } {
  return { pauseStart: pause ? pause.start - GENESIS : 0, pauseEnd: pause ? pause.end - GENESIS : 0 };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
