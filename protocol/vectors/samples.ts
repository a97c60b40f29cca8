/** Random but valid values of every type, for vectors and tests. */
import type { Account } from "../account.ts";
import type { Address } from "../address.ts";
import type { AttestedBlock } from "../attestation.ts";
import { BLOB_BYTES } from "../blob.ts";
import type { ProposedBlock } from "../blockWords.ts";
import type { Signature } from "../bls.ts";
import { wordsToBytes } from "../bytes.ts";
import { reduceToField, type Field } from "../field.ts";
import type { SignedAttestation, SignedProposal } from "../gossip.ts";
import type { TruncatedHash } from "../hash.ts";
import type { Header } from "../header.ts";
import {
  MESSAGE_ASSET_DEPOSIT,
  MESSAGE_FEE_DEPOSIT,
  MESSAGE_FORCED_TRANSFER,
  MESSAGE_FORCED_WITHDRAW,
} from "../message.ts";
import type { Deposit, ForcedTransaction, Message, MessageHash } from "../message.ts";
import type { BlockRecord, BlockWitness } from "../record.ts";
import { schnorrKeyPair, type KeyPair } from "../schnorr.ts";
import { COMMITTEE_SIZE, MAX_ACCOUNTS } from "../sizes.ts";
import { toEpoch, toSlot } from "../time.ts";
import type { Tip } from "../tip.ts";
import { KIND_TRANSFER, KIND_WITHDRAW, type TransactionBody } from "../transaction.ts";
import { ASSET_FEE_JUICE, ASSET_TOKEN, type Withdrawal } from "../withdrawal.ts";
import type { Random } from "./random.ts";

export function sampleField(random: Random): Field {
  return reduceToField(random.bits(320));
}

export function sampleHash(random: Random): TruncatedHash {
  return (random.bits(248) << 8n) as TruncatedHash;
}

export function sampleAddress(random: Random): Address {
  return random.bits(160) as Address;
}

export function sampleKeyPair(random: Random): KeyPair {
  return schnorrKeyPair(random.bytes(32));
}

export function sampleAccount(random: Random): Account {
  return {
    key: sampleKeyPair(random).publicKey,
    feeBalance: random.bits(95),
    balance: random.bits(95),
    nonce: Number(random.bits(32)),
  };
}

export function sampleBody(random: Random): TransactionBody {
  const kind = random.pick([KIND_TRANSFER, KIND_WITHDRAW]);
  return {
    kind,
    from: random.below(MAX_ACCOUNTS),
    to: kind === KIND_TRANSFER ? BigInt(random.below(MAX_ACCOUNTS)) : sampleAddress(random),
    nonce: Number(random.bits(32)),
    amount: random.bits(96),
    maxFeePerL2Gas: random.bits(64),
    maxFeePerDaGas: random.bits(64),
  };
}

/** A deposit of the given key. */
export function depositFor(
  keyPair: KeyPair,
  fields: Pick<Deposit, "type" | "index" | "amount"> & { sender?: Address },
): Deposit {
  const { x, y } = keyPair.publicKey;
  return { sender: 1n as Address, ...fields, keyX: x, keyParity: Number(y & 1n) };
}

export function sampleMessage(random: Random): Message {
  return random.below(2) === 0 ? sampleDeposit(random) : sampleForced(random);
}

function sampleDeposit(random: Random): Deposit {
  return depositFor(sampleKeyPair(random), {
    type: random.pick([MESSAGE_FEE_DEPOSIT, MESSAGE_ASSET_DEPOSIT] as const),
    index: random.below(MAX_ACCOUNTS),
    amount: random.bits(95),
    sender: sampleAddress(random),
  });
}

function sampleForced(random: Random): ForcedTransaction {
  return {
    type: random.pick([MESSAGE_FORCED_TRANSFER, MESSAGE_FORCED_WITHDRAW] as const),
    from: Number(random.bits(24)),
    to: random.bits(160),
    nonce: Number(random.bits(32)),
    amount: random.bits(96),
    signature: { s: random.bits(256), e: random.bits(128) },
  };
}

export function sampleHeader(random: Random): Header {
  return {
    parentChainHash: sampleHash(random),
    stateRoot: sampleField(random),
    versionedHash: random.bits(256),
    messageHash: random.bits(224) as MessageHash,
    slot: toSlot(random.bits(32)),
    prices: { feePerL2Gas: random.bits(64), feePerDaGas: random.bits(64) },
    gas: { l2: random.bits(32), da: random.bits(32) },
    parentBitmap: random.bits(COMMITTEE_SIZE),
  };
}

export function sampleRecord(random: Random): BlockRecord {
  return {
    chainHash: sampleHash(random),
    witnessHash: random.bits(256),
    epochHash: random.bits(256),
    messageHash: random.bits(224) as MessageHash,
    messageCount: Number(random.bits(32)),
    number: Number(random.bits(32)),
    slot: toSlot(random.bits(32)),
    bitmap: random.bits(COMMITTEE_SIZE),
    excessL2: random.bits(64),
    excessDa: random.bits(64),
    oracleAge: Number(random.bits(16)),
    oracle: {
      price: random.bits(64),
      preBase: random.bits(48),
      preBlob: random.bits(48),
      postBase: random.bits(48),
      postBlob: random.bits(48),
    },
    fees: { burned: random.bits(80), prover: random.bits(80), sequencer: random.bits(80) },
  };
}

export function sampleWitness(random: Random): BlockWitness {
  return {
    bitmap: random.bits(COMMITTEE_SIZE),
    proposer: sampleAddress(random),
    signature: random.bytes(96),
    modifier: sampleModifier(random),
    coinbase: sampleAddress(random),
  };
}

export function sampleBlock(random: Random): ProposedBlock {
  const { stateRoot, slot, prices, gas } = sampleHeader(random);
  const { bitmap, coinbase, signature, modifier } = sampleWitness(random);
  return {
    stateRoot,
    slot,
    prices,
    gas,
    messages: Number(random.bits(16)),
    modifier,
    bitmap,
    coinbase,
    signature,
  };
}

export function sampleTip(random: Random): Tip {
  const uint32 = (): number => Number(random.bits(32));
  return {
    accounts: Number(random.bits(24)),
    inboxCount: uint32(),
    lastCommitteeSlot: toSlot(uint32()),
    provenMessages: uint32(),
    firstUnprovenEpoch: toEpoch(uint32()),
    proven: uint32(),
    pending: uint32(),
  };
}

export function sampleWithdrawal(random: Random): Withdrawal {
  const asset = random.pick([ASSET_FEE_JUICE, ASSET_TOKEN] as const);
  return { asset, amount: random.bits(95), recipient: sampleAddress(random) };
}

export function sampleAttestedBlock(random: Random): AttestedBlock {
  return {
    slot: toSlot(random.bits(32)),
    chainHash: sampleHash(random),
    modifier: sampleModifier(random),
    coinbase: sampleAddress(random),
  };
}

export function sampleProposal(random: Random, words: readonly bigint[]): SignedProposal {
  const blob = new Uint8Array(BLOB_BYTES);
  blob.set(wordsToBytes(words));
  return {
    position: random.below(COMMITTEE_SIZE),
    header: sampleHeader(random),
    messages: Number(random.bits(16)),
    modifier: sampleModifier(random),
    coinbase: sampleAddress(random),
    blob,
    signature: random.bytes(96) as Signature,
  };
}

export function sampleAttestation(random: Random): SignedAttestation {
  const position = random.below(COMMITTEE_SIZE);
  return { position, block: sampleAttestedBlock(random), signature: random.bytes(96) as Signature };
}

function sampleModifier(random: Random): number {
  return Number(random.bits(16)) - 0x8000;
}
