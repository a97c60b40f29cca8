import { type SignatureClaim, schnorrVerify } from "../../protocol/schnorr.ts";

/**
 * Schnorr checks that remember what they accepted: a transaction is checked on arrival, and again each time a block
 * with it is tried. Only valid claims are kept, the oldest are forgotten first.
 */
export function cachingVerifier(capacity = 4_096): (claim: SignatureClaim) => boolean {
  const accepted = new Set<string>();
  return (claim) => {
    const { publicKey, message, signature } = claim;
    const id = [publicKey.x, publicKey.y, message, signature.s, signature.e]
      .map((x) => x.toString(36))
      .join();
    if (accepted.has(id)) return true;
    if (!schnorrVerify(claim)) return false;
    if (accepted.size >= capacity) accepted.delete(accepted.values().next().value!);
    accepted.add(id);
    return true;
  };
}
