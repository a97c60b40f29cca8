/**
 * Gas of the market: a real Rollup and real rewards, epochs of 8 blocks, rings and accounts in their second lap. Settlement
 * is given as what it adds to a transaction: without the 21,000 and the call data that a batch shares or a proof has anyway.
 */
import { AbiCoder, keccak256, toBeHex } from "ethers";

import { deployMarket, type MarketDriver, type Word } from "../../test/helpers/market.ts";
import type { Connection } from "../../test/helpers/rollup.ts";
import { type Operation, type Sample, summarize } from "./operations.ts";

const SLOTS = 8n;
/** Slot of the mapping of claims in the market's storage, behind the owner and the accounts. */
const CLAIMS = 2n;
/** Slot of the forfeited bonds, of which a burn leaves one unit. */
const TO_BURN = 5n;
/** Slot of the mapping of epoch words in the Rollup's storage. */
const EPOCH_WORDS = 2n;
const RING = 16n;
/** A claim of an earlier lap that ended: epoch32, since40, prover160, fee16, stage8, from the right. */
const ENDED = (4n << 248n) | (1n << 232n) | (0xabcdefn << 72n) | (1n << 32n) | 1n;

export async function measureMarket(connection: Connection): Promise<Record<string, Operation>> {
  const driver = await deployMarket(
    {
      connection,
      members: 48,
      parameters: { slotsPerEpoch: SLOTS, epochRing: RING, recordRing: 128n, inboxRing: 128n },
    },
    { withdrawalDelay: 10_000n },
  );
  const [alice, bob] = [await driver.prover("alice", 10n ** 20n), await driver.prover("bob", 10n ** 20n)];
  for (const prover of [alice, bob]) {
    await (await driver.token.transfer(prover.address, 1n)).wait();
  }
  await warm(driver);

  const claims: Sample[] = [];
  const improvements: Sample[] = [];
  const settles: Sample[] = [];
  const whole: Sample[] = [];
  const collects: Sample[] = [];
  const slashes: Sample[] = [];
  // The second lap of the ring.
  for (let epoch = 16; epoch < 24; epoch += 2) {
    await driver.epoch(epoch);
    const claim = await driver.claim(alice, epoch, 1_500 + epoch);
    const better = await driver.claim(bob, epoch, 900 + epoch);
    if (epoch > 16) claims.push(await sampleOf(driver, claim.hash));
    if (epoch > 16) improvements.push(await sampleOf(driver, better.hash));
    if (epoch === 22) {
      await driver.after(22, 290n);
      const tx = await driver.market.slash(22, earlierWord(6n));
      await tx.wait();
      slashes.push(await sampleOf(driver, tx.hash));
      continue;
    }
    await driver.prove(epoch, bob.address);
    const receipt = await driver.settle();
    const sample = await sampleOf(driver, receipt.hash);
    if (epoch === 16) continue;
    whole.push(sample);
    settles.push({ ...sample, gas: sample.gas - (await intrinsicOf(driver, receipt.hash)) });
    const collect = await driver.rewards.collectProver(bob.address);
    await collect.wait();
    collects.push(await sampleOf(driver, collect.hash));
  }
  return {
    marketClaim: summarize(
      claims,
      "first claim of an epoch's turn, predecessor's word opened, end record checked",
    ),
    marketClaimImproved: summarize(improvements, "a better quote in the window; the other's bond is freed"),
    marketSettle: summarize(
      settles,
      "marginal: without the transaction's intrinsic gas; bond freed, prover credited, the rest summed up",
    ),
    marketSettleTransaction: summarize(whole, "the same as a transaction of its own"),
    marketCollect: summarize(collects, "a prover is paid all that it was credited: fees and rewards"),
    marketSlash: summarize(
      slashes,
      "while a rescue is possible: one share waits for a burn, one for the rescuer",
    ),
  };
}

/** Claims and bitmaps as an earlier lap left them. */
async function warm(driver: MarketDriver): Promise<void> {
  const { networkHelpers } = driver.chain.connection;
  await networkHelpers.setStorageAt(driver.market.target as string, TO_BURN, toBeHex(1n, 32));
  for (let index = 0n; index < RING; ++index) {
    const slot = BigInt(
      keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [index, CLAIMS])),
    );
    const words = [ENDED, 1n << 200n, 7n];
    for (const [i, word] of words.entries()) {
      await networkHelpers.setStorageAt(driver.market.target as string, slot + BigInt(i), toBeHex(word, 32));
    }
    const epochWord = BigInt(
      keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [index, EPOCH_WORDS])),
    );
    await networkHelpers.setStorageAt(
      driver.chain.rollup.target as string,
      epochWord,
      hashOf(earlierWord(index)),
    );
  }
}

/** What an epoch of the lap before left in the Rollup's ring. */
function earlierWord(epoch: bigint): Word {
  return {
    when: (epoch << 64n) | 1_700_000_000n,
    duties: keccak256("0x01"),
    rewardsRoot: keccak256("0x02"),
    prover: `0x${"ab".repeat(20)}`,
    endRecordHash: keccak256("0x03"),
    previous: keccak256("0x04"),
  };
}

function hashOf({ when, duties, rewardsRoot, prover, endRecordHash, previous }: Word): string {
  const hash = (types: string[], values: unknown[]): string =>
    keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
  const settlement = hash(["address", "bytes32"], [prover, endRecordHash]);
  const payments = hash(["uint256", "bytes32", "bytes32"], [when, settlement, rewardsRoot]);
  const link = hash(["bytes32", "bytes32"], [payments, previous]);
  return hash(["bytes32", "bytes32"], [duties, link]);
}

async function sampleOf(driver: MarketDriver, hash: string): Promise<Sample> {
  const { provider } = driver.chain.connection.ethers;
  const receipt = await provider.getTransactionReceipt(hash);
  const tx = await provider.getTransaction(hash);
  return { gas: Number(receipt!.gasUsed), calldataBytes: (tx!.data.length - 2) / 2 };
}

/** 21,000 and the call data, as EIP-2028 prices it. */
async function intrinsicOf(driver: MarketDriver, hash: string): Promise<number> {
  const tx = await driver.chain.connection.ethers.provider.getTransaction(hash);
  const bytes = Buffer.from(tx!.data.slice(2), "hex");
  const zeros = bytes.filter((byte) => byte === 0).length;
  return 21_000 + 4 * zeros + 16 * (bytes.length - zeros);
}
