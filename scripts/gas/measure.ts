/**
 * Measures the suite's gas on Hardhat's simulated network: committees of 48 out of 1,000 validators, 32-slot epochs, one
 * blob a block, rings in their second lap, real commitments and openings, a distinct coinbase for every block. Bytes that are random in production
 * (roots, signatures, coinbases) come from a fixed seed, so two runs give the same figures.
 */
import type { Wallet } from "ethers";
import { keccak256, toBeHex, type TransactionReceipt } from "ethers";

import { BN254_R, merklePath, withdrawalWord } from "../../test/helpers/layout.ts";
import type { Artifact } from "../../deploy/artifact.ts";
import { cachedSidecar, type Connection, type RollupDriver } from "../../test/helpers/rollup.ts";
import { proveRealEpoch } from "../../test/helpers/realEpoch.ts";
import { warmRings } from "../../test/helpers/warm.ts";
import { measureClaims } from "./claims.ts";
import { measureDeployment } from "./deployment.ts";
import { measureMarket } from "./market.ts";
import { type GasReport, type Operation, type Sample, summarize } from "./operations.ts";
import { COMMITTEE, deployStaked, FIRST_EPOCH, QUORUM, type Staked, type StakedDriver } from "./staked.ts";

const SLOTS = 32n;
const VALIDATORS = 1_000;
const WITHDRAWALS = 16;
/** Generator of Grumpkin: any point of the curve is a key. */
const KEY = [1n, 17631683881184975370165255887551781615748388533673675138860n] as const;

/** Seconds; an epoch and a bit, so that an epoch's last block is young right after the next epoch. */
const WINDOW = 36n * 72n;

const PARAMETERS = {
  slotsPerEpoch: SLOTS,
  proofSubmissionEpochs: 2n,
  recordRing: 3n * SLOTS + 1n,
  epochRing: 8n,
  inboxRing: 8n * SLOTS,
  maxMessages: 2n,
};

/** @param readArtifact the compiler's output, by contract */
export async function measureGas(
  connection: Connection,
  readArtifact: (name: string) => Promise<Artifact>,
): Promise<GasReport> {
  const deployment = await measureDeployment(connection, readArtifact);
  const staked = await deployStaked({
    connection,
    parameters: { ...PARAMETERS, attestationChallengeWindow: WINDOW },
    validators: VALIDATORS,
  });
  const { driver } = staked;
  await warmRings(driver);
  const start = FIRST_EPOCH * SLOTS;
  const user = await account(driver, start - 2n);

  const portalDeposit: Sample[] = [];
  const first: Sample[] = [];
  const steady: Sample[] = [];
  let sent = 0;
  for (let slot = start; slot < start + 2n * SLOTS; ++slot) {
    if (slot % SLOTS === 0n) await driver.enter(slot / SLOTS);
    if (slot % 3n === 0n) {
      // Sent in the slot before, so that this block can consume it.
      await driver.toSlot(slot - 1n, 40n);
      portalDeposit.push(await deposit(driver, user));
      ++sent;
    }
    const sample = await propose(driver, slot);
    (slot % SLOTS === 0n ? first : steady).push(sample);
  }

  // The first epoch while its last block is young, the second when it is not any more.
  await driver.enter(FIRST_EPOCH);
  const inWindow = await prove(driver, 1, 32, WITHDRAWALS, driver.opening(driver.blocks[31]!));
  await driver.toSlot(start + 3n * SLOTS + 5n);
  const proof = await prove(driver, 33, 64, WITHDRAWALS);

  const inboxSend: Sample[] = [];
  for (let i = 0; i < 4; ++i) inboxSend.push(await send(driver, user));
  const inboxForce: Sample[] = [];
  for (let i = 0; i < 4; ++i) inboxForce.push(await force(driver, user, BigInt(i)));

  const later = start + 4n * SLOTS;
  const outboxConsume = await consumeWithdrawals(driver, user, later + 1n);
  const invalidate = await invalidations(staked, later + 3n * SLOTS);
  const stake = await stakeSamples(staked);

  const { real, verification } = await proveReal(connection);

  const committee = `${COMMITTEE} of ${VALIDATORS} validators`;
  return {
    hardfork:
      connection.networkConfig.type === "edr-simulated" ? connection.networkConfig.hardfork : "unknown",
    verifier: deployment.verifier,
    operations: {
      propose: summarize(
        steady,
        `committee of ${committee}, real aggregate, one blob, a message consumed every third block (${sent} sent)`,
      ),
      proposeFirstOfEpoch: summarize(first, "the same, an epoch's first block: fixes a later epoch's seed"),
      submitEpochProof32Mock: summarize(
        [proof],
        `32 blocks, 32 coinbases, ${WITHDRAWALS} withdrawals, permanent Outbox word; mock verifier, empty proof`,
      ),
      submitEpochProof32MockInWindow: summarize(
        [inWindow],
        `the same with the last block's aggregate checked, ${QUORUM} signatures`,
      ),
      submitEpochProofReal: summarize(
        [real],
        "2 blocks, 2 withdrawals; real proof of the local circuit, generated verifier",
      ),
      epochTotal32: epochTotal({ first, steady, proof, verification }),
      invalidate: summarize(
        invalidate,
        `wrong aggregate of ${QUORUM} of ${committee}: rolled back, slashed, jailed, paid, burned`,
      ),
      ...stake,
      inboxSend: summarize(inboxSend, "a deposit's message alone, as the portal sends it: no token moves"),
      portalDeposit: summarize(portalDeposit, "deposit through the fee portal: message and token transfer"),
      inboxForce: summarize(inboxForce, "forced transaction, paid in ether, an overpayment comes back"),
      outboxConsume: summarize(
        outboxConsume,
        "6 levels, token paid out; max opens a word of the nullifier bitmap",
      ),
      ...(await measureClaims(connection)),
      ...(await measureMarket(connection)),
      ...deployment.operations,
    },
  };
}

/** A user with one account, leaf 0, and warm allowances. */
async function account(driver: RollupDriver, slot: bigint): Promise<Wallet> {
  const user = driver.members[0]!;
  await driver.fund(user.address);
  await driver.toSlot(slot);
  await driver.approve(user);
  await (await driver.contracts.feePortal.connect(user).register(...KEY, 10n ** 20n)).wait();
  await (await driver.contracts.assetPortal.connect(user).deposit(0, ...KEY, 10n ** 20n)).wait();
  return user;
}

/** Consumes what there is, two messages at most. The last block of an epoch has a quorum and no more. */
async function propose(driver: StakedDriver, slot: bigint, members?: number): Promise<Sample> {
  const waiting = (await driver.rollup.status()).inboxCount - (driver.tipRecord[3] & 0xffffffffn);
  const messages = waiting > 2n ? 2n : waiting;
  const random = (label: bigint) => BigInt(keccak256(toBeHex((slot << 8n) | label, 32)));
  const attested = members ?? (slot % SLOTS === SLOTS - 1n ? QUORUM : COMMITTEE - 7);
  const block = await driver.propose(
    slot,
    {
      stateRoot: random(1n) % BN254_R,
      gasL2: 60_000n + (random(2n) % 60_000n),
      gasDa: 128n * (random(3n) % 9n),
      modifier: (random(4n) % 201n) - 100n,
      messages,
      bitmap: driver.bitmap(slot, attested),
      coinbase: toBeHex(random(5n) >> 96n, 20),
    },
    cachedSidecar(3n, ...Array.from({ length: 12 }, (_, i) => random(16n + BigInt(i)) >> 8n)),
  );
  const receipt = await driver.connection.ethers.provider.getTransactionReceipt(block.hash);
  return sampleOf(driver.connection, receipt);
}

async function prove(
  driver: RollupDriver,
  first: number,
  last: number,
  count: number,
  attestation: bigint[] = [],
): Promise<Sample> {
  const args = driver.epochProof(first, last, { withdrawals: withdrawals(driver, count) });
  // Bytes as of a full committee: 31 attestations a position.
  args.participation = [BigInt(`0x${"1f".repeat(24)}`), BigInt(`0x1f${"1f".repeat(24)}`)];
  args.attestation = attestation;
  args.proofs = ["0x"];
  return sampleOf(driver.connection, await (await driver.rollup.submitEpochProof(args)).wait());
}

/** Wrong aggregates of as many epochs as samples, each convicted; the challenger holds the token, the reserve is full. */
async function invalidations({ driver, challenge, token }: Staked, slot: bigint): Promise<Sample[]> {
  const challenger = driver.members[0]!;
  await (await token.transfer(challenger.address, 1n)).wait();
  const samples: Sample[] = [];
  for (let i = 0n; i < 3n; ++i, slot += SLOTS) {
    await driver.enter(slot / SLOTS);
    await propose(driver, slot);
    driver.lying = true;
    await propose(driver, slot + 1n, QUORUM);
    driver.lying = false;
    const wrong = driver.blocks.at(-1)!;
    const tx = await challenge.connect(challenger).invalidate(wrong.record, driver.opening(wrong));
    samples.push(await sampleOf(driver.connection, await tx.wait()));
    driver.rewind(driver.blocks.length - 1);
  }
  return samples;
}

/** Deposits and exits of a set that has changed before. */
async function stakeSamples(staked: Staked): Promise<Record<string, Operation>> {
  const { driver, registry } = staked;
  const { connection } = driver;
  const sample = async (hash: string): Promise<Sample> =>
    sampleOf(connection, await connection.ethers.provider.getTransactionReceipt(hash));
  const nobody = toBeHex(0, 20);
  const newcomers = [];
  for (let i = 0; i < 12; ++i) newcomers.push(await staked.join());
  await connection.networkHelpers.time.increase(1_200);
  const deposits = await Promise.all(newcomers.slice(4).map(({ hash }) => sample(hash)));
  const leaving = newcomers.slice(0, 8).map(({ validator }) => toBeHex(BigInt(validator.keyHash) >> 32n, 28));
  const exits: Sample[] = [];
  for (const key of leaving) exits.push(await sample((await registry.initiateExit(key, nobody)).hash));
  await connection.networkHelpers.time.increase(await registry.exitDelay());
  const payments: Sample[] = [];
  for (const key of leaving) payments.push(await sample((await registry.finaliseExit(key)).hash));
  return {
    validatorDeposit: summarize(deposits, "registered, proof of possession checked, active by itself later"),
    exitInitiate: summarize(exits.slice(1), "an active validator leaves its set"),
    exitFinalise: summarize(payments, "paid to the recipient"),
  };
}

/**
 * On a Rollup of its own, of the local circuit's size.
 * @returns real the transaction
 * @returns verification what of it is the verifier and the proof's bytes: all that the same epoch costs more than with the
 * mock verifier and an empty proof
 */
async function proveReal(connection: Connection): Promise<{ real: Sample; verification: Sample }> {
  const { ethers, networkHelpers } = connection;
  const { driver, args } = await proveRealEpoch({ connection, members: COMMITTEE });
  await warmRings(driver, "epochs");
  const submit = async (proofs: string[]): Promise<Sample> =>
    sampleOf(connection, await (await driver.rollup.submitEpochProof({ ...args, proofs })).wait());

  const before = await networkHelpers.takeSnapshot();
  const real = await submit(args.proofs);
  await before.restore();
  const mock = await ethers.deployContract("MockVerifier");
  const [verifier] = await driver.contracts.policy.verifiers();
  await networkHelpers.setCode(verifier!, await ethers.provider.getCode(mock));
  const mocked = await submit(["0x"]);
  return {
    real,
    verification: {
      gas: real.gas - mocked.gas,
      calldataBytes: real.calldataBytes - mocked.calldataBytes,
    },
  };
}

/** An epoch of 32 blocks, all in: its proposals on the average, and the mocked proof with the verification added. */
function epochTotal(parts: {
  first: readonly Sample[];
  steady: readonly Sample[];
  proof: Sample;
  verification: Sample;
}): Operation {
  const first = summarize(parts.first, "");
  const steady = summarize(parts.steady, "");
  const { proof, verification } = parts;
  const others = Number(SLOTS) - 1;
  const total = {
    gas: first.avg + others * steady.avg + proof.gas + verification.gas,
    calldataBytes:
      first.calldataBytes + others * steady.calldataBytes + proof.calldataBytes + verification.calldataBytes,
  };
  return summarize(
    [total],
    `sum: proposeFirstOfEpoch, ${others} propose, submitEpochProof32Mock, and ${verification.gas} that the real ` +
      "verifier of the local circuit and its proof add",
  );
}

function withdrawals(driver: RollupDriver, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) =>
    withdrawalWord(1n, 10n ** 15n + BigInt(i), driver.members[1 + (i % 4)]!.address),
  );
}

async function deposit(driver: RollupDriver, user: Wallet): Promise<Sample> {
  const tx = await driver.contracts.feePortal.connect(user).deposit(0, ...KEY, 123_456_789_012_345_678n);
  return sampleOf(driver.connection, await tx.wait());
}

/** The portal's call to the Rollup as a transaction of its own. */
async function send(driver: RollupDriver, user: Wallet): Promise<Sample> {
  const portal = driver.contracts.feePortal.target as string;
  const { networkHelpers, ethers } = driver.connection;
  await networkHelpers.impersonateAccount(portal);
  await networkHelpers.setBalance(portal, 10n ** 18n);
  const sender = driver.rollup.connect(await ethers.getSigner(portal));
  const tx = await sender.deposit(0, ...KEY, user.address, 123_456_789_012_345_678n);
  return sampleOf(driver.connection, await tx.wait());
}

async function force(driver: RollupDriver, user: Wallet, nonce: bigint): Promise<Sample> {
  const s = BigInt(keccak256(toBeHex(nonce, 32))) >> 3n;
  const e = BigInt(keccak256(toBeHex(nonce + 9n, 32))) >> 128n;
  // Wallets pay more than the fee, which rises while they wait.
  const value = ((await driver.rollup.forcedFee(2)) * 5n) / 4n;
  const tx = await driver.rollup.connect(user).force(2, 0, nonce, BigInt(user.address), 10n ** 15n, s, e, {
    value,
  });
  return sampleOf(driver.connection, await tx.wait());
}

/** An epoch of one block and 33 withdrawals, claimed by members who hold the token already. */
async function consumeWithdrawals(driver: StakedDriver, user: Wallet, slot: bigint): Promise<Sample[]> {
  for (const member of driver.members.slice(1, 5)) {
    await (await driver.contracts.asset.connect(user).transfer(member.address, 1n)).wait();
  }
  await driver.enter(slot / SLOTS);
  await propose(driver, slot);
  await driver.toSlot((slot / SLOTS + 2n) * SLOTS);
  const number = driver.blocks.length;
  await prove(driver, number, number, 33);
  await driver.connection.networkHelpers.time.increase(driver.parameters.outboxDelay);

  const list = withdrawals(driver, 33);
  const samples: Sample[] = [];
  for (let index = 0; index < 32; ++index) {
    const path = merklePath(list, index);
    const tx = await driver.contracts.assetPortal
      .connect(user)
      .withdraw(slot / SLOTS, index, 33, list[index]!, path);
    samples.push(await sampleOf(driver.connection, await tx.wait()));
  }
  return samples;
}

async function sampleOf(connection: Connection, receipt: TransactionReceipt | null): Promise<Sample> {
  if (receipt === null) throw new Error("transaction is not mined");
  const tx = await connection.ethers.provider.getTransaction(receipt.hash);
  return { gas: Number(receipt.gasUsed), calldataBytes: (tx!.data.length - 2) / 2 };
}
