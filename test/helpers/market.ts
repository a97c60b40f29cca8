/** A proof market on a real Rollup with real rewards, and a driver for provers. */
import {
  AbiCoder,
  getCreateAddress,
  keccak256,
  type TransactionReceipt,
  Wallet,
  ZeroAddress,
  ZeroHash,
} from "ethers";

import { toAddress } from "../../protocol/address.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { type Quote, type QuoteDomain, signQuote } from "../../protocol/quote.ts";
import { toEpoch } from "../../protocol/time.ts";
import type {
  FeePortal,
  ProofMarket,
  ProofSubmitter,
  RewardDistributor,
  Rewards,
} from "../../types/ethers-contracts/index.ts";
import { hashRecord, type Words7 } from "./layout.ts";
import { deployRollup, NO_RECORD, type PlannedRollup, type RollupDriver, type SetUp } from "./rollup.ts";

/** Slots of 72 s, epochs of four, proofs within three epochs. */
export const MARKET = {
  verifierKeyHash: keccak256("0x6b6579"),
  reserveStart: 2_000n,
  reserveMax: 8_000n,
  reserveRamp: 120n,
  improvementWindow: 24n,
  improvementStep: 10n,
  exclusivePeriod: 200n,
  grace: 36n,
  raceWindow: 150n,
  bondFloor: 1_000n,
  bondMultiple: 30_000n,
  rescueShare: 5_000n,
  withdrawalDelay: 3_000n,
  blockReward: 10n ** 15n,
  permissioned: false,
};

/** Opening of an epoch word, as the contracts take it. */
export interface Opening {
  when: bigint;
  participation: [bigint, bigint];
  seedWord: bigint;
  rewardsRoot: string;
  prover: string;
  endRecord: Words7;
  previous: string;
}

/** The short opening. */
export interface Word {
  when: bigint;
  duties: string;
  rewardsRoot: string;
  prover: string;
  endRecordHash: string;
  previous: string;
}

export const NO_WORD: Word = {
  when: 0n,
  duties: ZeroHash,
  rewardsRoot: ZeroHash,
  prover: ZeroAddress,
  endRecordHash: ZeroHash,
  previous: ZeroHash,
};

export async function deployMarket(
  setUp: SetUp = {},
  changes: Partial<typeof MARKET> = {},
): Promise<MarketDriver> {
  const connection = setUp.connection ?? (await (await import("hardhat")).network.create());
  const { ethers } = connection;
  const [deployer, , , , , , , creator] = await ethers.getSigners();
  const parameters = { ...MARKET, ...changes };
  const create = async ({ rollup, feeToken, genesisTime, parameters: clock }: PlannedRollup) => {
    const nonce = await creator!.getNonce();
    const at = (ahead: number) => getCreateAddress({ from: creator!.address, nonce: nonce + ahead });
    const distributor = await ethers.deployContract(
      "RewardDistributor",
      [deployer!, feeToken, at(1)],
      creator,
    );
    const rewards = await ethers.deployContract(
      "Rewards",
      [
        {
          rollup,
          distributor,
          market: at(2),
          registry: ZeroAddress,
          genesisTime,
          epochDuration: clock.slotDuration * clock.slotsPerEpoch,
          slotsPerEpoch: clock.slotsPerEpoch,
          epochRing: clock.epochRing,
          claimDelay: clock.outboxDelay,
          claimWindow: clock.epochRing - 4n,
          committeeSize: 48,
          blockReward: 0n,
          attestationBonus: 1n,
          attesterReward: 0n,
          proverReward: parameters.blockReward,
        },
      ],
      creator,
    );
    return { distributor, rewards };
  };
  let created: Awaited<ReturnType<typeof create>> | undefined;
  const chain = await deployRollup({
    // A slow machine takes its time for what comes after the Rollup.
    genesisDelay: 3_600n,
    ...setUp,
    connection,
    rewards: async (planned) => {
      created = await create(planned);
      return created.rewards.getAddress();
    },
    parameters: {
      slotsPerEpoch: 4n,
      proofSubmissionEpochs: 3n,
      recordRing: 64n,
      epochRing: 16n,
      inboxRing: 64n,
      outboxDelay: 100n,
      ...setUp.parameters,
    },
  });
  const { distributor, rewards } = created!;
  const market = await ethers.deployContract(
    "ProofMarket",
    [chain.rollup, rewards, { ...parameters, owner: deployer!.address }],
    creator,
  );
  if (market.target !== (await rewards.config()).market) throw new Error("the market is at another address");
  const submitter = await ethers.deployContract("ProofSubmitter", [market]);
  const token = chain.contracts.feeToken;
  await (await token.transfer(distributor, 10n ** 24n)).wait();
  await (await token.transfer(chain.contracts.feePortal, 10n ** 24n)).wait();
  await (await token.approve(market, 10n ** 26n)).wait();
  return new MarketDriver(
    chain,
    { market: market.connect(deployer), rewards, distributor, submitter },
    parameters,
  );
}

export class MarketDriver {
  readonly chain: RollupDriver;
  readonly market: ProofMarket;
  readonly rewards: Rewards;
  readonly distributor: RewardDistributor;
  readonly submitter: ProofSubmitter;
  readonly parameters: typeof MARKET;
  readonly domain: QuoteDomain;
  /** Openings of the epochs proven here, the newest last. */
  readonly openings: Opening[] = [];
  readonly #nonces = new Map<string, bigint>();

  constructor(
    chain: RollupDriver,
    contracts: {
      market: ProofMarket;
      rewards: Rewards;
      distributor: RewardDistributor;
      submitter: ProofSubmitter;
    },
    parameters: typeof MARKET,
  ) {
    this.chain = chain;
    this.market = contracts.market;
    this.rewards = contracts.rewards;
    this.distributor = contracts.distributor;
    this.submitter = contracts.submitter;
    this.parameters = parameters;
    this.domain = {
      version: chain.parameters.version,
      chainId: 31_337n,
      market: toAddress(contracts.market.target as string),
      rollup: toAddress(chain.rollup.target as string),
      verifierKeyHash: BigInt(parameters.verifierKeyHash),
    };
  }

  get feePortal(): FeePortal {
    return this.chain.contracts.feePortal;
  }

  get token(): RollupDriver["contracts"]["feeToken"] {
    return this.chain.contracts.feeToken;
  }

  /** A prover with a bond and ether. */
  async prover(label: string, bond = 10n ** 18n): Promise<Wallet> {
    const wallet = new Wallet(keccak256(Buffer.from(label)), this.chain.connection.ethers.provider);
    await this.chain.connection.networkHelpers.setBalance(wallet.address, 10n ** 20n);
    if (bond > 0n) await (await this.market.deposit(wallet.address, bond)).wait();
    return wallet;
  }

  /** Blocks in all slots of an epoch that are still to come; the next transaction is after its end. */
  async epoch(epoch: number): Promise<void> {
    const slots = this.chain.parameters.slotsPerEpoch;
    const first = BigInt(epoch) * slots;
    const passed = await this.chain.currentSlot();
    // Genesis has slot 0.
    for (let slot = passed < first ? first || 1n : passed + 1n; slot < BigInt(epoch + 1) * slots; ++slot) {
      await this.chain.propose(slot);
    }
    await this.after(epoch);
  }

  /** The next transaction comes this many seconds after the end of an epoch. */
  async after(epoch: number, seconds = 1n): Promise<void> {
    await this.chain.toSlot(BigInt(epoch + 1) * this.chain.parameters.slotsPerEpoch, seconds);
  }

  /** Numbers of the first and the last block of an epoch that is pending. */
  blocksOf(epoch: number): [number, number] {
    const { slotsPerEpoch } = this.chain.parameters;
    const of = (slot: bigint): number => Number(slot / slotsPerEpoch);
    const numbers = this.chain.blocks
      .filter(({ fields }) => of(fields.slot) === epoch)
      .map(({ number }) => Number(number));
    return [numbers[0]!, numbers.at(-1)!];
  }

  quote(prover: Wallet, epoch: number, fee: number, changes: Partial<Quote> = {}): Quote {
    const nonce = this.#nonces.get(prover.address) ?? 0n;
    this.#nonces.set(prover.address, nonce + 1n);
    return {
      prover: toAddress(prover.address),
      epoch: toEpoch(epoch),
      fee,
      bond: 10n ** 20n,
      validUntil: 2 ** 39,
      nonce,
      ...changes,
    };
  }

  /** Arguments of `claim`, all but what `changes` gives as they should be. */
  claimArguments(prover: Wallet, quote: Quote, domain = this.domain) {
    const [, last] = this.blocksOf(quote.epoch);
    const { signature } = signQuote({ domain, quote, key: hexToBytes(prover.privateKey) });
    return [
      { ...quote, prover: prover.address },
      signature,
      this.chain.record(last),
      this.chain.blocks[last]?.record ?? NO_RECORD,
      this.word(),
    ] as const;
  }

  async claim(prover: Wallet, epoch: number, fee: number): Promise<TransactionReceipt> {
    const args = this.claimArguments(prover, this.quote(prover, epoch, fee));
    return (await (await this.market.claim(...args)).wait())!;
  }

  /** Proves an epoch for a prover, sent by anybody, and keeps its opening. */
  async prove(epoch: number, prover: string): Promise<Opening> {
    const [first, last] = this.blocksOf(epoch);
    const args = this.chain.epochProof(first, last, { prover });
    const receipt = await (await this.chain.rollup.submitEpochProof(args)).wait();
    return this.keep(receipt!);
  }

  /** The opening of the epoch that a transaction proved. */
  keep(receipt: TransactionReceipt): Opening {
    const { rollup } = this.chain;
    const event = receipt.logs
      .map((log) => rollup.interface.parseLog(log))
      .find((parsed) => parsed?.name === "EpochProven")!;
    const { epoch, timestamp, participation, seedWord, rewardsRoot, prover, number, previous } =
      event.args as unknown as {
        epoch: bigint;
        timestamp: bigint;
        participation: [bigint, bigint];
        seedWord: bigint;
        rewardsRoot: string;
        prover: string;
        number: bigint;
        previous: string;
      };
    const opening: Opening = {
      when: (epoch << 64n) | timestamp,
      participation: [participation[0], participation[1]],
      seedWord,
      rewardsRoot,
      prover,
      endRecord: this.chain.record(number),
      previous,
    };
    this.openings.push(opening);
    return opening;
  }

  /** Short opening of the epoch proven last. */
  word(opening = this.openings.at(-1)): Word {
    if (!opening) return NO_WORD;
    const { when, participation, seedWord, rewardsRoot, prover, endRecord, previous } = opening;
    const duties = keccak256(
      AbiCoder.defaultAbiCoder().encode(
        ["uint256", "uint256[2]", "uint256"],
        [when, participation, seedWord],
      ),
    );
    return { when, duties, rewardsRoot, prover, endRecordHash: hashRecord(endRecord), previous };
  }

  /** Spends an epoch's pot, after its claim delay. */
  async settle(opening = this.openings.at(-1)!): Promise<TransactionReceipt> {
    const due = (opening.when & ((1n << 64n) - 1n)) + this.chain.parameters.outboxDelay;
    const { time } = this.chain.connection.networkHelpers;
    if (BigInt(await time.latest()) < due) await time.setNextBlockTimestamp(due);
    return (await (await this.market.settle(opening)).wait())!;
  }
}
