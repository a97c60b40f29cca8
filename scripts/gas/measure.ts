/**
 * Measures the suite's gas on Hardhat's simulated network: 48 members, 32-slot epochs, one blob a block, rings in their
 * second lap, real commitments and openings, a distinct coinbase for every block. Bytes that are random in production
 * (roots, signatures, coinbases) come from a fixed seed, so two runs give the same figures.
 */
import type { Wallet } from "ethers";
import { keccak256, toBeHex, type TransactionReceipt } from "ethers";

import { BN254_R, merklePath, withdrawalWord } from "../../test/helpers/layout.ts";
import {
  cachedSidecar,
  type Connection,
  deployRollup,
  type RollupDriver,
} from "../../test/helpers/rollup.ts";
import { proveRealEpoch } from "../../test/helpers/realEpoch.ts";
import { warmRings } from "../../test/helpers/warm.ts";
import { type GasReport, type Sample, summarize } from "./operations.ts";

const SLOTS = 32n;
const MEMBERS = 48;
const WITHDRAWALS = 16;
/** Generator of Grumpkin: any point of the curve is a key. */
const KEY = [1n, 17631683881184975370165255887551781615748388533673675138860n] as const;

const PARAMETERS = {
  slotsPerEpoch: SLOTS,
  proofSubmissionEpochs: 2n,
  recordRing: 3n * SLOTS + 1n,
  epochRing: 8n,
  inboxRing: 8n * SLOTS,
  maxMessages: 2n,
  feePerL2Gas: 0x2f5a9c7d31en,
  feePerDaGas: 0x1d7e43b8a9cn,
};

export async function measureGas(connection: Connection): Promise<GasReport> {
  const deployment = await deploymentSamples(connection);
  const driver = await deployRollup({ connection, parameters: PARAMETERS, members: MEMBERS });
  const rollupDeployment = await creationSamples(driver, deployment.lastBlock);
  await warmRings(driver);
  const user = await account(driver);

  const portalDeposit: Sample[] = [];
  const first: Sample[] = [];
  const steady: Sample[] = [];
  let sent = 0;
  for (let slot = SLOTS; slot < 3n * SLOTS; ++slot) {
    if (slot % 3n === 0n) {
      // Sent in the slot before, so that this block can consume it.
      await driver.toSlot(slot - 1n, 40n);
      portalDeposit.push(await deposit(driver, user));
      ++sent;
    }
    const sample = await propose(driver, slot);
    (slot % SLOTS === 0n ? first : steady).push(sample);
  }

  const proofs: Sample[] = [];
  for (const epoch of [0, 1]) {
    if (epoch === 1) await driver.toSlot(3n * SLOTS);
    proofs.push(await prove(driver, epoch * 32 + 1, epoch * 32 + 32, WITHDRAWALS));
  }

  const inboxSend: Sample[] = [];
  for (let i = 0; i < 4; ++i) inboxSend.push(await send(driver, user));
  const inboxForce: Sample[] = [];
  for (let i = 0; i < 4; ++i) inboxForce.push(await force(driver, user, BigInt(i)));

  const outboxConsume = await consumeWithdrawals(driver, user, 3n * SLOTS + 1n);

  const real = await proveReal(connection);

  const creations = [...deployment.samples, ...rollupDeployment];
  const creationGas = creations.map(({ gas }) => gas);
  return {
    hardfork:
      connection.networkConfig.type === "edr-simulated" ? connection.networkConfig.hardfork : "unknown",
    verifier: deployment.verifier,
    operations: {
      propose: summarize(
        steady,
        `${MEMBERS} members, one blob, a message consumed every third block (${sent} sent)`,
      ),
      proposeFirstOfEpoch: summarize(first, "the same, an epoch's first block"),
      submitEpochProof32Mock: summarize(
        proofs,
        `32 blocks, 32 coinbases, ${WITHDRAWALS} withdrawals, permanent Outbox word; mock verifier, empty proof`,
      ),
      submitEpochProofReal: summarize(
        [real],
        "2 blocks, 2 withdrawals; real proof of the local circuit, generated verifier",
      ),
      inboxSend: summarize(inboxSend, "a deposit's message alone, as the portal sends it: no token moves"),
      portalDeposit: summarize(portalDeposit, "deposit through the fee portal: message and token transfer"),
      inboxForce: summarize(inboxForce, "forced transaction, paid in ether"),
      outboxConsume: summarize(
        outboxConsume,
        "6 levels, token paid out; max opens a word of the nullifier bitmap",
      ),
      deployTotal: {
        ...summarize(
          [{ gas: creationGas.reduce((a, b) => a + b, 0), calldataBytes: 0 }],
          `token, validator set of ${MEMBERS}, policy, Rollup with portals, ${deployment.verifier} verifier`,
        ),
        calldataBytes: creations.reduce((sum, { calldataBytes }) => sum + calldataBytes, 0),
      },
      deployMaxTransaction: summarize(
        [creations.reduce((a, b) => (b.gas > a.gas ? b : a))],
        "dearest transaction of the deployment",
      ),
    },
  };
}

/** The verifier alone, by itself: the generated one where it is built. */
async function deploymentSamples(
  connection: Connection,
): Promise<{ samples: Sample[]; verifier: string; lastBlock: number }> {
  const { ethers } = connection;
  let verifier = "EpochVerifierLocal";
  let contract;
  try {
    contract = await ethers.deployContract(verifier);
  } catch {
    verifier = "mock";
    contract = await ethers.deployContract("MockVerifier");
  }
  const receipt = await contract.deploymentTransaction()!.wait();
  return { samples: [await sampleOf(connection, receipt)], verifier, lastBlock: receipt!.blockNumber };
}

/** Creations after a block, less the mock verifier and the test's asset. */
async function creationSamples(driver: RollupDriver, after: number): Promise<Sample[]> {
  const { provider } = driver.connection.ethers;
  const samples: Sample[] = [];
  const notOurs = new Set([driver.contracts.asset.target, await firstVerifier(driver)]);
  for (let number = after + 1; number <= (await provider.getBlockNumber()); ++number) {
    const block = await provider.getBlock(number);
    for (const hash of block!.transactions) {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt!.contractAddress === null || notOurs.has(receipt!.contractAddress)) continue;
      samples.push(await sampleOf(driver.connection, receipt));
    }
  }
  return samples;
}

async function firstVerifier(driver: RollupDriver): Promise<string> {
  return (await driver.contracts.policy.verifiers())[0] as string;
}

/** A user with one account, leaf 0, and warm allowances. */
async function account(driver: RollupDriver): Promise<Wallet> {
  const user = driver.members[0]!;
  await driver.fund(user.address);
  await driver.toSlot(1);
  await driver.approve(user);
  await (await driver.contracts.feePortal.connect(user).register(...KEY, 10n ** 20n)).wait();
  await (await driver.contracts.assetPortal.connect(user).deposit(0, ...KEY, 10n ** 20n)).wait();
  return user;
}

/** Consumes what there is, two messages at most. */
async function propose(driver: RollupDriver, slot: bigint): Promise<Sample> {
  const waiting = (await driver.rollup.status()).inboxCount - (driver.tipRecord[3] & 0xffffffffn);
  const messages = waiting > 2n ? 2n : waiting;
  const random = (label: bigint) => BigInt(keccak256(toBeHex((slot << 8n) | label, 32)));
  // Two thirds at least, the proposer among them: all but seven others.
  const position = slot % BigInt(MEMBERS);
  let bitmap = (1n << BigInt(MEMBERS)) - 1n;
  for (let i = 0n; i < 7n; ++i) bitmap &= ~(1n << ((position + 1n + i * 6n) % BigInt(MEMBERS)));
  const block = await driver.propose(
    slot,
    {
      stateRoot: random(1n) % BN254_R,
      gasL2: 60_000n + (random(2n) % 60_000n),
      gasDa: 128n * (random(3n) % 9n),
      modifier: (random(4n) % 201n) - 100n,
      messages,
      bitmap,
      coinbase: toBeHex(random(5n) >> 96n, 20),
      signature: [random(6n), random(7n), random(8n)],
    },
    cachedSidecar(3n, ...Array.from({ length: 12 }, (_, i) => random(16n + BigInt(i)) >> 8n)),
  );
  const receipt = await driver.connection.ethers.provider.getTransactionReceipt(block.hash);
  return sampleOf(driver.connection, receipt);
}

async function prove(driver: RollupDriver, first: number, last: number, count: number): Promise<Sample> {
  const args = driver.epochProof(first, last, { withdrawals: withdrawals(driver, count) });
  // Bytes as of a full committee: 31 attestations a position.
  args.participation = [BigInt(`0x${"1f".repeat(24)}`), BigInt(`0x1f${"1f".repeat(24)}`)];
  args.proofs = ["0x"];
  return sampleOf(driver.connection, await (await driver.rollup.submitEpochProof(args)).wait());
}

/** On a Rollup of its own, of the local circuit's size. */
async function proveReal(connection: Connection): Promise<Sample> {
  const { driver, args } = await proveRealEpoch({ connection, members: MEMBERS });
  await warmRings(driver, "epochs");
  return sampleOf(connection, await (await driver.rollup.submitEpochProof(args)).wait());
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
  const value = await driver.rollup.forcedFee(2);
  const tx = await driver.rollup.connect(user).force(2, 0, nonce, BigInt(user.address), 10n ** 15n, s, e, {
    value,
  });
  return sampleOf(driver.connection, await tx.wait());
}

/** An epoch of one block and 33 withdrawals, claimed by members who hold the token already. */
async function consumeWithdrawals(driver: RollupDriver, user: Wallet, slot: bigint): Promise<Sample[]> {
  for (const member of driver.members.slice(1, 5)) {
    await (await driver.contracts.asset.connect(user).transfer(member.address, 1n)).wait();
  }
  await propose(driver, slot);
  await driver.toSlot((slot / SLOTS + 1n) * SLOTS);
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
