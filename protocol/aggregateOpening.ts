/**
 * What a challenger of a block's aggregate brings, and who proves an epoch whose last block is young: the preimage of the
 * block's witness hash, the aggregate in full, and the keys of those who are said to have signed.
 *
 *     0       proposer
 *     1       modifier16 | coinbase160
 *     2..4    aggregate as published, 96 bytes
 *     5..10   the same point in full, 192 bytes
 *     11..    public keys of the members whose bit is set, by position, 96 bytes each
 */
import { type PublicKey, type Signature, keyWords, signaturePointWords, signatureWords } from "./bls.ts";
import type { BlockWitness } from "./record.ts";
import { fromInt16 } from "./words.ts";

export interface AggregateOpening {
  readonly witness: Omit<BlockWitness, "bitmap">;
  /** Of the members whose bit is set, in the order of their positions. */
  readonly keys: readonly PublicKey[];
}

/** @throws {ProtocolError} when the published bytes are no point: then only `witnessWords` can be brought, with a root */
export function encodeAggregateOpening({ witness, keys }: AggregateOpening): bigint[] {
  const point = signaturePointWords(witness.signature as Signature);
  return [...witnessWords(witness), ...[...point, ...keys.flatMap((key) => keyWords(key))].map(BigInt)];
}

/** The opening's first five words. */
export function witnessWords(witness: Omit<BlockWitness, "bitmap">): bigint[] {
  const { proposer, modifier, coinbase, signature } = witness;
  const signed = (fromInt16(modifier) << 160n) | coinbase;
  return [proposer, signed, ...signatureWords(signature as Signature).map(BigInt)];
}
