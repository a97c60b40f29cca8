/** Vectors of proof of stake: committee selection and BLS signatures. */
import { addressToHex, toAddress } from "../address.ts";
import {
  blsAggregate,
  blsPublicKey,
  blsSign,
  exitDigest,
  keyHash,
  keyWords,
  noPointRoot,
  possessionDigest,
  provePossession,
  signaturePointWords,
  signatureWords,
  type Signature,
} from "../bls.ts";
import { bytesToHex, toBytes, toHex } from "../bytes.ts";
import { permute, sideOf } from "../permutation.ts";
import { drawSeed, packSeedWord, placeOf, proposerPosition, type Selection } from "../staking.ts";
import { toEpoch, toSlot, toTimestamp } from "../time.ts";
import { seededRandom } from "./random.ts";

const SIZES = [1, 2, 3, 5, 10, 48, 49, 63, 64, 100, 1_000, 4_097, 20_000, 2 ** 20 - 1];

export function permutationVectors(): unknown {
  const random = seededRandom("vectors/permutation");
  const cases = SIZES.map((size) => {
    const seed = random.bits(256);
    const places = [...new Set([0, 1, size >> 1, size - 1, ...times(4, () => random.below(size))])].filter(
      (place) => place < size,
    );
    return {
      seed: toHex(seed),
      size,
      side: sideOf(size),
      places,
      values: places.map((place) => permute({ seed, size }, place)),
    };
  });
  const selections = [0, 5, 48, 49, 1_000, 20_000].map((size, i) => {
    const epoch = toEpoch(random.below(2 ** 20));
    const randomness = random.bits(256);
    const instance = random.bits(160);
    const selection: Selection = {
      epoch,
      freeze: toTimestamp(1_700_000_000 + random.below(2 ** 20)),
      followers: Math.floor((size * (4 - (i % 4))) / 4),
      size,
      set: 1 + i,
      seed: drawSeed(randomness, instance, epoch),
    };
    const slots = size === 0 ? [] : times(3, () => toSlot(random.below(2 ** 32)));
    const committee = times(Math.min(size, 48), (k) => placeOf(selection, 48, k));
    return {
      ...selection,
      randomness: toHex(randomness),
      instance: toHex(instance, 20),
      seed: toHex(selection.seed),
      word: toHex(packSeedWord(selection)),
      committee,
      slots,
      proposers: slots.map((slot) => proposerPosition(selection, 48, slot)),
    };
  });
  return { cases, selections };
}

export function blsVectors(): unknown {
  const random = seededRandom("vectors/bls");
  const secret = (): bigint => random.bits(250) + 1n;
  const cases = times(4, () => {
    const key = secret();
    const digest = random.bytes(32);
    return { key: describeKey(key), digest: bytesToHex(digest), ...describe(blsSign(key, digest)) };
  });
  const possessions = times(3, () => {
    const key = secret();
    const domain = { chainId: random.bits(32), registry: toAddress(random.bits(160)) };
    const withdrawer = toAddress(random.bits(160));
    return {
      key: describeKey(key),
      chainId: toHex(domain.chainId),
      registry: addressToHex(domain.registry),
      withdrawer: addressToHex(withdrawer),
      digest: bytesToHex(possessionDigest(blsPublicKey(key), { domain, withdrawer })),
      exitDigest: bytesToHex(exitDigest(blsPublicKey(key), domain)),
      ...describe(provePossession(key, { domain, withdrawer })),
    };
  });
  const aggregates = [1, 2, 7].map((count) => {
    const keys = times(count, secret);
    const digest = random.bytes(32);
    return {
      keys: keys.map((key) => keyWords(blsPublicKey(key))).flat(),
      digest: bytesToHex(digest),
      ...describe(blsAggregate(keys.map((key) => blsSign(key, digest)))),
    };
  });
  const noPoints: unknown[] = [];
  while (noPoints.length < 4) {
    // Coordinates of 380 bits are below the modulus; half of them have no y.
    const bytes = new Uint8Array([...toBytes(random.bits(380), 48), ...toBytes(random.bits(380), 48)]);
    bytes[0]! |= random.below(2) === 0 ? 0x80 : 0xa0;
    const root = noPointRoot(bytes);
    if (root !== undefined) noPoints.push({ compressed: signatureWords(bytes as Signature), root });
  }
  return { cases, possessions, aggregates, noPoints };
}

function describeKey(secret: bigint): unknown {
  const key = blsPublicKey(secret);
  return { secret: toHex(secret), words: keyWords(key), hash: toHex(keyHash(key)) };
}

function describe(signature: Signature): { compressed: string[]; point: string[] } {
  return { compressed: signatureWords(signature), point: signaturePointWords(signature) };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
