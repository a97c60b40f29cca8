/** EIP-712 digests that committee members sign: attestations, which go to L1, and proposals, which stay off-chain. */
import { addressToHex, type Address } from "./address.ts";
import { concatBytes, toHex, wordsToBytes, type Hex } from "./bytes.ts";
import { keccak256, keccakText, keccakWords, type TruncatedHash } from "./hash.ts";
import type { Slot } from "./time.ts";
import { fromInt16 } from "./words.ts";

/** The rollup that a signature is for. */
export interface AttestationDomain {
  /** Version number of the instance; its decimal digits are the EIP-712 version. */
  readonly version: bigint;
  readonly chainId: bigint;
  readonly rollup: Address;
}

/** What a committee member vouches for. */
export interface AttestedBlock {
  readonly slot: Slot;
  readonly chainHash: TruncatedHash;
  /** The proposer's step of the exchange rate, signed, 16 bits. */
  readonly modifier: number;
  readonly coinbase: Address;
}

export type AttestationKind = "Attestation" | "Proposal";

const FIELDS = [
  { name: "slot", type: "uint32" },
  { name: "chainHash", type: "bytes32" },
  { name: "modifier", type: "int16" },
  { name: "coinbase", type: "address" },
] as const;

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const NAME = "Calpulli";

/** Parameters of {@link attestationDigest} and {@link attestationTypedData}. */
export interface AttestationRequest {
  readonly kind: AttestationKind;
  readonly domain: AttestationDomain;
  readonly block: AttestedBlock;
}

/** The 32 bytes that are signed. */
export function attestationDigest({ kind, domain, block }: AttestationRequest): Uint8Array {
  return keccak256(
    concatBytes(Uint8Array.of(0x19, 0x01), wordsToBytes([domainSeparator(domain), structHash(kind, block)])),
  );
}

export function domainSeparator({ version, chainId, rollup }: AttestationDomain): bigint {
  return keccakWords([
    keccakText(DOMAIN_TYPE),
    keccakText(NAME),
    keccakText(version.toString()),
    chainId,
    rollup,
  ]);
}

/** keccak256 of the type's encoding: a constant of the contracts. */
export function attestationTypeHash(kind: AttestationKind): bigint {
  return keccakText(`${kind}(${FIELDS.map(({ type, name }) => `${type} ${name}`).join(",")})`);
}

/** The same in the form that wallets and L1 libraries take. */
export interface AttestationTypedData {
  readonly domain: { name: string; version: string; chainId: bigint; verifyingContract: Hex };
  readonly types: Record<string, { name: string; type: string }[]>;
  readonly primaryType: AttestationKind;
  readonly message: { slot: number; chainHash: Hex; modifier: number; coinbase: Hex };
}

export function attestationTypedData({ kind, domain, block }: AttestationRequest): AttestationTypedData {
  return {
    domain: {
      name: NAME,
      version: domain.version.toString(),
      chainId: domain.chainId,
      verifyingContract: addressToHex(domain.rollup),
    },
    types: { [kind]: FIELDS.map((field) => ({ ...field })) },
    primaryType: kind,
    message: {
      slot: block.slot,
      chainHash: toHex(block.chainHash),
      modifier: block.modifier,
      coinbase: addressToHex(block.coinbase),
    },
  };
}

function structHash(kind: AttestationKind, { slot, chainHash, modifier, coinbase }: AttestedBlock): bigint {
  // Range check of the 16 bits; then sign-extended to the word, as ABI encoding does.
  fromInt16(modifier);
  const extended = BigInt.asUintN(256, BigInt(modifier));
  return keccakWords([attestationTypeHash(kind), BigInt(slot), chainHash, extended, coinbase]);
}

/** Attestations a block needs: more than two thirds of its committee. */
export function quorumOf(committeeSize: number): number {
  return Math.floor((2 * committeeSize) / 3) + 1;
}
