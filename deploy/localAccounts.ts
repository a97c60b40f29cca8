/**
 * Accounts of networks that live on one machine: the public test mnemonic that Hardhat and anvil share, so every key
 * here is known to everybody. Only for local chain ids.
 */
import { HDNodeWallet } from "ethers";
import { bls12_381 } from "@noble/curves/bls12-381.js";

import { sha256 } from "../protocol/hash.ts";
import { keyHashOf, type Member } from "./deploySuite.ts";

const MNEMONIC = "test test test test test test test test test test test junk";

/** Index in the mnemonic's default path. The treasury owns the contracts and holds both tokens. */
export const LOCAL_ACCOUNTS = { deployer: 0, sequencer: 1, prover: 2, treasury: 3 } as const;

/** Private key of an account, 32 bytes as hex. */
export function localPrivateKey(index: number): string {
  return HDNodeWallet.fromPhrase(MNEMONIC, "", `m/44'/60'/0'/0/${index}`).privateKey;
}

/** Address of an account. */
export function localAddress(index: number): string {
  return HDNodeWallet.fromPhrase(MNEMONIC, "", `m/44'/60'/0'/0/${index}`).address;
}

/** Attester key of local validator `index`: a BLS12-381 scalar, 32 bytes. */
export function localAttesterKey(index: number): Uint8Array {
  // 31 bytes are always below the group order.
  return Uint8Array.of(
    0,
    ...sha256(new TextEncoder().encode(`calpulli local attester ${index}`)).subarray(0, 31),
  );
}

/** The one member of the local permissioned set. */
export function localMembers(): Member[] {
  const publicKey = bls12_381.longSignatures.getPublicKey(localAttesterKey(0)).toAffine();
  return [{ proposer: localAddress(LOCAL_ACCOUNTS.sequencer), keyHash: keyHashOf(publicKey) }];
}
