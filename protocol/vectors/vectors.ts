/**
 * Test vectors of every layout and formula that TypeScript, Solidity and Noir share. One file a subject, each an
 * object whose lists are called `cases`. Words are 32 bytes in hexadecimal, counts are plain numbers.
 */
import type { Account } from "../account.ts";
import { hashAccount, packAccount } from "../account.ts";
import { addressToHex } from "../address.ts";
import { attestationDigest, attestationTypeHash, domainSeparator } from "../attestation.ts";
import { encodeBlob, findBlobFault, decodeBlob, BLOB_BYTES } from "../blob.ts";
import { encodeBlock } from "../blockWords.ts";
import { bytesToHex, fromBytes, toBytes, toHex } from "../bytes.ts";
import { genesisChainHash } from "../domain.ts";
import { epochWordParts } from "../epochWord.ts";
import type { Field } from "../field.ts";
import { GRUMPKIN_ORDER } from "../grumpkin.ts";
import { sha256 } from "../hash.ts";
import { chainHash, encodeHeader } from "../header.ts";
import { EMPTY_MESSAGE_HASH, encodeMessage, MESSAGE_ASSET_DEPOSIT, MESSAGE_FEE_DEPOSIT } from "../message.ts";
import { messageToWords, rollMessageHash, rollMessageHashes, type Message } from "../message.ts";
import { merkleCommitment, merklePath } from "../merkle.ts";
import { countLastBitmap, countParticipation, encodeParticipation } from "../participation.ts";
import { poseidon2Hash, poseidon2Permute, type PoseidonState } from "../poseidon2.ts";
import { dataHash, encodePublicInputs, openingChallenge } from "../publicInputs.ts";
import {
  coinbaseFeeWord,
  encodeRecord,
  genesisRecord,
  recordHash,
  rollEpochHash,
  witnessHash,
} from "../record.ts";
import { schnorrSign, schnorrVerify } from "../schnorr.ts";
import { MAX_ACCOUNTS } from "../sizes.ts";
import { toEpoch, toTimestamp } from "../time.ts";
import { encodeTip } from "../tip.ts";
import { encodeTransaction, signingMessage, signTransaction, type TransactionWords } from "../transaction.ts";
import { AccountTree, hashNode } from "../tree.ts";
import { encodeWithdrawal, foldWithdrawals, withdrawalChallenge } from "../withdrawal.ts";
import { feeVectors } from "./feeModel.ts";
import { gossipVectors } from "./gossip.ts";
import { marketVectors } from "./market.ts";
import { extremeRandom, seededRandom } from "./random.ts";
import { rewardVectors } from "./rewards.ts";
import * as sample from "./samples.ts";
import * as scenario from "./scenario.ts";
import { blsVectors, permutationVectors } from "./staking.ts";

/** Content of a file, by its name without `.json`. */
export function allVectors(): Record<string, unknown> {
  return {
    poseidon2: poseidon2(),
    schnorr: schnorr(),
    transactions: transactions(),
    messages: messages(),
    blobs: blobs(),
    headers: headers(),
    records: records(),
    tips: tips(),
    fees: feeVectors(),
    attestations: attestations(),
    withdrawals: withdrawals(),
    epochs: epochs(),
    tree: tree(),
    ledger: ledger(),
    permutation: permutationVectors(),
    bls: blsVectors(),
    rewards: rewardVectors(),
    market: marketVectors(),
    gossip: gossipVectors(),
  };
}

function poseidon2(): unknown {
  const random = seededRandom("vectors/poseidon2");
  const permutations = times(4, (i) => {
    const state = times(4, (k) => (i === 0 ? (BigInt(k) as Field) : sample.sampleField(random)));
    return { input: words(state), output: words(poseidon2Permute(state as unknown as PoseidonState)) };
  });
  const sponges = [1, 2, 3, 4, 5, 7].map((length) => {
    const input = times(length, (k) => BigInt(k + 1) as Field);
    return { input: words(input), output: toHex(poseidon2Hash(input)) };
  });
  const nodes = times(3, () => {
    const children = times(4, () => sample.sampleField(random)) as unknown as PoseidonState;
    return { children: words(children), node: toHex(hashNode(children, poseidon2Permute)) };
  });
  const leaves = times(3, () => {
    const account = sample.sampleAccount(random);
    return {
      ...accountColumns(account),
      packed: toHex(packAccount(account)),
      hash: toHex(hashAccount(account, poseidon2Permute)),
    };
  });
  return { permutations, sponges, nodes, leaves };
}

function schnorr(): unknown {
  const random = seededRandom("vectors/schnorr");
  const cases = times(6, (i) => {
    const keyPair = sample.sampleKeyPair(random);
    const message = sample.sampleField(random);
    const good = schnorrSign(keyPair, message);
    const bad = [
      { ...good, s: good.s + 1n },
      { ...good, e: good.e ^ 1n },
      { ...good, s: good.s + GRUMPKIN_ORDER },
    ][i - 3];
    const signature = bad ?? good;
    return {
      secretKey: toHex(keyPair.secretKey),
      keyX: toHex(keyPair.publicKey.x),
      keyY: toHex(keyPair.publicKey.y),
      message: toHex(message),
      s: toHex(signature.s),
      e: toHex(signature.e),
      valid: schnorrVerify({ publicKey: keyPair.publicKey, message, signature }),
    };
  });
  return { cases };
}

function transactions(): unknown {
  const random = seededRandom("vectors/transactions");
  const domain = sample.sampleField(random);
  const cases = times(4, () => {
    const keyPair = sample.sampleKeyPair(random);
    const transaction = signTransaction({ domain, keyPair, body: sample.sampleBody(random) });
    const encoded = encodeTransaction(transaction);
    return {
      kind: transaction.kind,
      from: transaction.from,
      to: toHex(transaction.to),
      nonce: transaction.nonce,
      amount: toHex(transaction.amount),
      maxFeePerL2Gas: toHex(transaction.maxFeePerL2Gas),
      maxFeePerDaGas: toHex(transaction.maxFeePerDaGas),
      s: toHex(transaction.signature.s),
      e: toHex(transaction.signature.e),
      keyX: toHex(keyPair.publicKey.x),
      keyY: toHex(keyPair.publicKey.y),
      words: words(encoded),
      signingMessage: toHex(signingMessage(domain, encoded[0], encoded[1])),
    };
  });
  return { domain: toHex(domain), cases };
}

/** Every field at its least, then at its greatest. */
const EXTREMES = [extremeRandom("least"), extremeRandom("greatest")];

function messages(): unknown {
  const random = seededRandom("vectors/messages");
  let hash = EMPTY_MESSAGE_HASH;
  const drawn = [...times(8, () => sample.sampleMessage(random)), ...EXTREMES.map(sample.sampleMessage)];
  const cases = drawn.map((message) => {
    hash = rollMessageHash(hash, message);
    return { ...messageColumns(message), rollingHash: toHex(hash) };
  });
  return { cases };
}

function blobs(): unknown {
  const random = seededRandom("vectors/blobs");
  const { sizes } = scenario;
  const cases = [0, 1, sizes.transactions].map((count) => {
    const list = times(count, () => times(4, () => random.bits(248)) as unknown as TransactionWords);
    const bytes = encodeBlob(list, sizes);
    return { count, words: words(decodeBlob(bytes, sizes).words), sha256: bytesToHex(sha256(bytes)) };
  });
  const faults = [
    { position: 3, word: 1n << 248n },
    { position: sizes.words, word: 1n },
    { position: 4095, word: (1n << 248n) - 1n },
  ].map(({ position, word }) => {
    const bytes = new Uint8Array(BLOB_BYTES);
    bytes.set(toBytes(word, 32), 32 * position);
    return { position, word: toHex(word), reason: findBlobFault(bytes, sizes)?.reason };
  });
  return { usableWords: sizes.words, cases, faults };
}

function headers(): unknown {
  const random = seededRandom("vectors/headers");
  const genesis = times(3, (i) => {
    const instance = {
      chainId: [1n, 31337n, 11155111n][i] as bigint,
      rollup: sample.sampleAddress(random),
      version: BigInt(i + 1),
      genesisRoot: i === 0 ? AccountTree.empty().root() : sample.sampleField(random),
    };
    return {
      chainId: Number(instance.chainId),
      rollup: addressToHex(instance.rollup),
      version: Number(instance.version),
      genesisRoot: toHex(instance.genesisRoot),
      chainHash: toHex(genesisChainHash(instance)),
    };
  });
  let parentChainHash = sample.sampleHash(random);
  const drawn = [...times(4, () => sample.sampleHeader(random)), ...EXTREMES.map(sample.sampleHeader)];
  const cases = drawn.map((sampled) => {
    const header = { ...sampled, parentChainHash };
    parentChainHash = chainHash(header);
    return {
      parentChainHash: toHex(header.parentChainHash),
      stateRoot: toHex(header.stateRoot),
      versionedHash: toHex(header.versionedHash),
      messageHash: toHex(header.messageHash),
      slot: header.slot,
      feePerL2Gas: toHex(header.prices.feePerL2Gas),
      feePerDaGas: toHex(header.prices.feePerDaGas),
      gasL2: Number(header.gas.l2),
      gasDa: Number(header.gas.da),
      parentBitmap: toHex(header.parentBitmap),
      words: words(encodeHeader(header)),
      chainHash: toHex(parentChainHash),
    };
  });
  return { genesis, cases };
}

function records(): unknown {
  const random = seededRandom("vectors/records");
  const zero = { price: 0n, preBase: 0n, preBlob: 0n, postBase: 0n, postBlob: 0n };
  const cases = times(4, (i) => {
    const record = i === 0 ? genesisRecord(sample.sampleHash(random), zero) : sample.sampleRecord(random);
    return {
      number: record.number,
      slot: record.slot,
      bitmap: toHex(record.bitmap),
      messageHash: toHex(record.messageHash),
      messageCount: record.messageCount,
      excessL2: toHex(record.excessL2),
      excessDa: toHex(record.excessDa),
      oracleAge: record.oracleAge,
      burned: toHex(record.fees.burned),
      prover: toHex(record.fees.prover),
      sequencer: toHex(record.fees.sequencer),
      words: words(encodeRecord(record)),
      hash: toHex(recordHash(record)),
    };
  });
  const witnesses = times(3, () => {
    const witness = sample.sampleWitness(random);
    return {
      bitmap: toHex(witness.bitmap),
      proposer: addressToHex(witness.proposer),
      signature: bytesToHex(witness.signature),
      modifier: witness.modifier,
      coinbase: addressToHex(witness.coinbase),
      hash: toHex(witnessHash(witness)),
    };
  });
  let epochHash = 0n;
  const epochHashes = times(3, () => {
    const step = {
      versionedHash: random.bits(256),
      coinbase: sample.sampleAddress(random),
      attested: random.below(49),
      sequencerFee: random.bits(80),
    };
    epochHash = rollEpochHash(epochHash, step);
    return {
      versionedHash: toHex(step.versionedHash),
      coinbaseFee: toHex(coinbaseFeeWord(step)),
      hash: toHex(epochHash),
    };
  });
  const blocks = times(3, () => {
    const block = sample.sampleBlock(random);
    return {
      stateRoot: toHex(block.stateRoot),
      slot: block.slot,
      feePerL2Gas: toHex(block.prices.feePerL2Gas),
      feePerDaGas: toHex(block.prices.feePerDaGas),
      gasL2: Number(block.gas.l2),
      gasDa: Number(block.gas.da),
      messages: block.messages,
      modifier: block.modifier,
      bitmap: toHex(block.bitmap),
      coinbase: addressToHex(block.coinbase),
      signature: bytesToHex(block.signature),
      words: words(encodeBlock(block)),
    };
  });
  return { cases, witnesses, epochHashes, blocks };
}

function tips(): unknown {
  const random = seededRandom("vectors/tips");
  const cases = times(4, () => {
    const tip = sample.sampleTip(random);
    return { ...tip, word: toHex(encodeTip(tip)) };
  });
  return { cases };
}

function attestations(): unknown {
  const random = seededRandom("vectors/attestations");
  const cases = times(4, (i) => {
    const domain = { version: BigInt(10 ** i), chainId: 31337n, rollup: sample.sampleAddress(random) };
    const block = sample.sampleAttestedBlock(random);
    return {
      version: Number(domain.version),
      chainId: Number(domain.chainId),
      rollup: addressToHex(domain.rollup),
      slot: block.slot,
      chainHash: toHex(block.chainHash),
      modifier: block.modifier,
      coinbase: addressToHex(block.coinbase),
      domainSeparator: toHex(domainSeparator(domain)),
      attestation: bytesToHex(attestationDigest({ kind: "Attestation", domain, block })),
      proposal: bytesToHex(attestationDigest({ kind: "Proposal", domain, block })),
    };
  });
  return {
    attestationType: toHex(attestationTypeHash("Attestation")),
    proposalType: toHex(attestationTypeHash("Proposal")),
    cases,
  };
}

function withdrawals(): unknown {
  const random = seededRandom("vectors/withdrawals");
  const lists = [0, 1, 2, 3, 5, 8].map((count) => {
    const chainHashAfter = sample.sampleHash(random);
    return { chainHashAfter, drawn: times(count, () => sample.sampleWithdrawal(random)) };
  });
  const extreme = EXTREMES.map((end) => ({
    chainHashAfter: sample.sampleHash(end),
    drawn: times(3, () => sample.sampleWithdrawal(end)),
  }));
  const cases = [...lists, ...extreme].map(({ chainHashAfter, drawn }) => {
    const list = drawn.map(encodeWithdrawal);
    const rho = withdrawalChallenge(chainHashAfter, list);
    return {
      count: list.length,
      chainHash: toHex(chainHashAfter),
      words: words(list),
      rho: toHex(rho),
      folded: toHex(foldWithdrawals(rho, list)),
      commitment: toHex(merkleCommitment(list)),
      paths: list.map((_, index) => words(merklePath(list, index))),
    };
  });
  return { cases };
}

function epochs(): unknown {
  const random = seededRandom("vectors/epochs");
  const { sizes } = scenario;
  const cases = times(3, (i) => {
    const bitmaps = times(i + 1, (k) => (k === 2 ? 0n : random.bits(48)));
    const participation = countParticipation(bitmaps);
    const lastBitmap = i === 1 ? 0n : random.bits(48);
    const blobWords = times(Math.min(i + 1, sizes.blocks), () => times(sizes.words, () => random.bits(248)));
    const data = dataHash(blobWords, sizes);
    const chainHashAfter = sample.sampleHash(random);
    const challenge = openingChallenge(data, chainHashAfter);
    const list = times(i, () => encodeWithdrawal(sample.sampleWithdrawal(random)));
    const statement = {
      chainHashBefore: sample.sampleHash(random),
      chainHashAfter,
      genesisChainHash: sample.sampleHash(random),
      prover: sample.sampleAddress(random),
      challenge,
      y: random.bits(254),
      withdrawals: list,
      participation,
    };
    const proven = {
      epoch: toEpoch(random.bits(32)),
      prover: statement.prover,
      provenAt: toTimestamp(random.bits(40)),
      endRecordHash: random.bits(256),
      rewards: random.bits(256),
      participation: countLastBitmap(participation, lastBitmap),
      seedWord: random.bits(256),
      previous: i === 0 ? 0n : random.bits(256),
    };
    const parts = epochWordParts(proven);
    return {
      parentBitmaps: words(bitmaps),
      participation: words(encodeParticipation(participation)),
      blobs: blobWords.map(words),
      dataHash: toHex(data),
      z: toHex(challenge.z),
      gamma: toHex(challenge.gamma),
      y: toHex(statement.y),
      chainHashBefore: toHex(statement.chainHashBefore),
      chainHashAfter: toHex(chainHashAfter),
      genesisChainHash: toHex(statement.genesisChainHash),
      prover: addressToHex(statement.prover),
      withdrawals: words(list),
      publicInputs: words(encodePublicInputs(statement)),
      epoch: proven.epoch,
      provenAt: proven.provenAt,
      endRecordHash: toHex(proven.endRecordHash),
      rewards: toHex(proven.rewards),
      lastBitmap: toHex(lastBitmap),
      counted: words(encodeParticipation(proven.participation)),
      seedWord: toHex(proven.seedWord),
      when: toHex(parts.when),
      duties: toHex(parts.duties),
      settlement: toHex(parts.settlement),
      payments: toHex(parts.payments),
      previous: toHex(proven.previous),
      link: toHex(parts.link),
      epochWord: toHex(parts.word),
    };
  });
  return { blocks: sizes.blocks, usableWords: sizes.words, cases };
}

function tree(): unknown {
  const random = seededRandom("vectors/tree");
  let state = AccountTree.empty();
  const emptyRoot = toHex(state.root());
  const cases = [0, 1, 4, 0, MAX_ACCOUNTS - 1, 123_456].map((index) => {
    const account = sample.sampleAccount(random);
    const before = state;
    state = state.set(index, account);
    return {
      index,
      ...accountColumns(account),
      path: before.path(index).map(words),
      root: toHex(state.root()),
    };
  });
  return { emptyRoot, cases };
}

/** Two blocks on three accounts: every outcome that a transaction slot can have at least once. */
function ledger(): unknown {
  const { ALICE, BOB, CAROL, NOBODY, sizes, domain, prices } = scenario;
  const start = scenario.startState();
  const first = {
    messages: [
      sample.depositFor(scenario.keyOf(NOBODY), { type: MESSAGE_FEE_DEPOSIT, index: NOBODY, amount: 77n }),
      sample.depositFor(scenario.keyOf(BOB), { type: MESSAGE_ASSET_DEPOSIT, index: CAROL, amount: 88n }),
    ],
    transactions: [
      scenario.transfer(),
      scenario.transfer(),
      scenario.withdraw({ nonce: 1 }),
      scenario.transfer({ from: CAROL, to: BigInt(CAROL), amount: 1_000n }),
      scenario.transfer({ from: BOB, to: 8n }),
    ],
  };
  const second = {
    messages: [
      scenario.forced(scenario.withdraw({ from: BOB, nonce: 0, amount: 500n })),
      scenario.forced(scenario.transfer({ nonce: 3, amount: 0n }), scenario.keyOf(CAROL)),
    ],
    transactions: [
      scenario.transfer({ nonce: 2, to: BigInt(NOBODY), amount: 980n }),
      scenario.transfer({ nonce: 3, to: BigInt(NOBODY) }),
      scenario.transfer({ from: CAROL, nonce: 1, maxFeePerDaGas: prices.feePerDaGas - 1n }),
      scenario.transfer({ from: CAROL, nonce: 1 }, scenario.keyOf(ALICE)),
      scenario.transfer({ from: CAROL, nonce: 1 }),
    ],
  };

  let state = start;
  let messageHash = EMPTY_MESSAGE_HASH;
  const blocks = [first, second].map(({ messages: list, transactions: sent }) => {
    const result = scenario.execute({ messages: list, transactions: sent }, { state });
    state = result.state;
    messageHash = rollMessageHashes(messageHash, list);
    const blob = encodeBlob(sent.map(encodeTransaction), sizes);
    return {
      messages: list.map(messageColumns),
      words: words(decodeBlob(blob, sizes).words),
      outcomes: result.slots.map(({ outcome }) =>
        outcome.type === "skipped" ? outcome.reason : outcome.type,
      ),
      gasL2: Number(result.gas.l2),
      gasDa: Number(result.gas.da),
      fees: toHex(result.fees),
      withdrawals: words(result.withdrawals.map(encodeWithdrawal)),
      messageHash: toHex(messageHash),
      root: toHex(result.state.root()),
      accounts: accountList(result.state),
    };
  });
  return {
    domain: toHex(domain),
    feePerL2Gas: toHex(prices.feePerL2Gas),
    feePerDaGas: toHex(prices.feePerDaGas),
    transactionSlots: sizes.transactions,
    messageSlots: sizes.messages,
    root: toHex(start.root()),
    accounts: accountList(start),
    blocks,
  };
}

function accountList(state: AccountTree): unknown[] {
  return [...state.accounts()].map(([index, account]) => ({ index, ...accountColumns(account) }));
}

function accountColumns({ key, feeBalance, balance, nonce }: Account): Record<string, string | number> {
  return {
    keyX: toHex(key.x),
    keyY: toHex(key.y),
    feeBalance: toHex(feeBalance),
    balance: toHex(balance),
    nonce,
  };
}

function messageColumns(message: Message): Record<string, unknown> {
  const bytes = encodeMessage(message);
  return {
    type: message.type,
    index: Number(fromBytes(bytes.subarray(1, 4))),
    nonceOrParity: Number(fromBytes(bytes.subarray(4, 8))),
    address: bytesToHex(bytes.subarray(8, 28)),
    amount: toHex(fromBytes(bytes.subarray(28, 40))),
    keyOrS: bytesToHex(bytes.subarray(40, 72)),
    e: toHex(fromBytes(bytes.subarray(72))),
    bytes: bytesToHex(bytes),
    words: words(messageToWords(message)),
  };
}

function words(values: readonly bigint[]): string[] {
  return values.map((value) => toHex(value));
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
