/**
 * Accounts of networks that live on one machine: the public test mnemonic that Hardhat and anvil share, so every key
 * here is known to everybody. Only for local chain ids.
 */
import { HDNodeWallet } from "ethers";

import { blsPublicKey, blsSecretKey, keyHash as hashOfKey, keyHashWord } from "../protocol/bls.ts";
import { toBytes } from "../protocol/bytes.ts";
import { sha256 } from "../protocol/hash.ts";
import type { Member } from "./validatorSet.ts";

const MNEMONIC = "test test test test test test test test test test test junk";

/**
 * Index in the mnemonic's default path. The treasury owns the contracts and holds both tokens. Validators are many: theirs
 * are the first of each kind. anvil and Hardhat give ether to the first ten and twenty.
 */
export const LOCAL_ACCOUNTS = {
  deployer: 0,
  sequencer: 1,
  prover: 2,
  treasury: 3,
  watcher: 4,
  firstProposer: 100,
  firstWithdrawer: 200,
} as const;

/** Private key of an account, 32 bytes as hex. */
export function localPrivateKey(index: number): string {
  return HDNodeWallet.fromPhrase(MNEMONIC, "", `m/44'/60'/0'/0/${index}`).privateKey;
}

/** Address of an account. */
export function localAddress(index: number): string {
  return HDNodeWallet.fromPhrase(MNEMONIC, "", `m/44'/60'/0'/0/${index}`).address;
}

/** BLS key of local validator `index`, from the same words as the accounts. */
export function localAttesterSecret(index: number): bigint {
  return blsSecretKey(sha256(new TextEncoder().encode(`${MNEMONIC} / attester / ${index}`)));
}

/** The same in 32 bytes. */
export function localAttesterKey(index: number): Uint8Array {
  return toBytes(localAttesterSecret(index), 32);
}

/** The one member of the local permissioned set. */
export function localMembers(): Member[] {
  const keyHash = keyHashWord(hashOfKey(blsPublicKey(localAttesterSecret(0))));
  return [{ proposer: localAddress(LOCAL_ACCOUNTS.sequencer), keyHash }];
}

/** A validator of the local staked network. */
export interface LocalValidator {
  /** Its proposer: sends blocks. */
  proposer: { address: string; privateKey: string };
  /** Its attester: signs for the committee. */
  attesterSecret: bigint;
  /** Owns its stake. */
  withdrawer: { address: string; privateKey: string };
}

/** Local validator `index`, from 0: every one has accounts of its own. */
export function localValidator(index: number): LocalValidator {
  return {
    proposer: localAccount(LOCAL_ACCOUNTS.firstProposer + index),
    attesterSecret: localAttesterSecret(index),
    withdrawer: localAccount(LOCAL_ACCOUNTS.firstWithdrawer + index),
  };
}

function localAccount(index: number): { address: string; privateKey: string } {
  return { address: localAddress(index), privateKey: localPrivateKey(index) };
}
