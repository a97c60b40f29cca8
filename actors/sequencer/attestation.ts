import { bls12_381 } from "@noble/curves/bls12-381.js";

import type { ProposerDuty } from "../l1/rollupContract.ts";
import type { ChainPoint } from "../node/chainState.ts";
import type { BuiltBlock } from "./buildBlock.ts";

/** Domain separation tag of attestations: the suite with proofs of possession. */
const ATTESTATION_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/** A committee's word on a block. */
export interface Attestation {
  /** Bit k: committee position k signed. */
  bitmap: bigint;
  /** Aggregate, 96 bytes, a compressed G2 point. */
  signature: Uint8Array;
}

/** Parameters of {@link AttestationProvider.attest}. */
export interface AttestationRequest {
  slot: number;
  /** EIP-712 digest of the attestation, 32 bytes. */
  digest: Uint8Array;
  duty: ProposerDuty;
  /** What is attested: header, blob, messages and transactions, with their result. */
  block: BuiltBlock;
  /** What the block stands on. */
  parent: ChainPoint;
  /** Receives the sequencer's share of the fees; 20 bytes in hexadecimal digits. */
  coinbase: string;
  /** Change of the ETH/TST price, in basis points. */
  modifier: number;
  signal?: AbortSignal | undefined;
}

/** Where the proposer gets its committee's signatures from. */
export interface AttestationProvider {
  attest(request: AttestationRequest): Promise<Attestation>;
}

/** Signs in this process, for the committee positions whose keys it holds. */
export class LocalAttester implements AttestationProvider {
  readonly #keys: readonly Uint8Array[];

  /** @param keys secret keys by committee position, 32 bytes each */
  constructor({ keys }: { keys: readonly Uint8Array[] }) {
    this.#keys = keys;
  }

  attest({ digest, duty }: Pick<AttestationRequest, "digest" | "duty">): Promise<Attestation> {
    const { longSignatures } = bls12_381;
    const message = longSignatures.hash(digest, ATTESTATION_TAG);
    const signers = this.#keys.slice(0, duty.committeeSize);
    const signatures = signers.map((key) => longSignatures.sign(message, key));
    const aggregate = longSignatures.aggregateSignatures(signatures);
    return Promise.resolve({ bitmap: (1n << BigInt(signers.length)) - 1n, signature: aggregate.toBytes() });
  }
}
