import { expect } from "chai";
import { type JsonRpcProvider, Wallet } from "ethers";

import { suiteErrorDecoder } from "../../actors/l1/contractInterface.ts";
import { L1Account } from "../../actors/l1/l1Account.ts";
import { connectL1 } from "../../actors/l1/provider.ts";
import { Bonding } from "../../actors/market/bonding.ts";
import { MarketContract } from "../../actors/market/marketContract.ts";
import { LocalNetwork, type NetworkEvent } from "../../actors/network/localNetwork.ts";
import type { ProofMaker } from "../../actors/prover/proofMaker.ts";
import { readBooks } from "../../actors/rewards/readBooks.ts";
import { createLogger } from "../../actors/support/logger.ts";
import { sleep } from "../../actors/support/sleep.ts";
import { LOCAL_ACCOUNTS, localAddress, localPrivateKey } from "../../deploy/localAccounts.ts";
import { loadPreset } from "../../deploy/presets.ts";
import { toAddress } from "../../protocol/address.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { MOCK_VERIFIER } from "./support/randomKills.ts";
import { ATTESTER_KEY, type TestChain, startTestChain } from "./support/testChain.ts";

/** Accounts of three provers, and what an hour costs each, in TST. */
const ACCOUNTS = [5, 6, 7];
const TST = 10n ** 18n;
const HOUR = [10n * TST, 40n * TST, 90n * TST];

/** One network, one story: each test goes on where the last one ended. */
describe("Three provers in the market, on anvil, with a mock verifier", function () {
  this.timeout(600_000);
  let chain: TestChain;
  let network: LocalNetwork;
  let market: MarketContract;
  let provider: JsonRpcProvider | undefined;
  const folder = temporaryFolder();
  const events: NetworkEvent[] = [];
  /** The mock verifier takes an empty proof. */
  let hangs = false;
  const maker: ProofMaker = {
    async prove(_inputs, { signal }) {
      do await sleep(100, signal);
      while (hangs && !signal.aborted);
      signal.throwIfAborted();
      return { proof: new Uint8Array(), seconds: 1 };
    },
  };

  before(async () => {
    const preset = loadPreset("localPermissioned");
    chain = await startTestChain(
      {
        // Slots of a minute: the epoch's two, and the market's times beside them.
        market: {
          ...preset.market,
          reserve: { startBps: 2_000, maxBps: 8_000, rampSeconds: 60 },
          improvement: { windowSeconds: 24, stepBps: 10 },
          exclusiveSeconds: 120,
          graceSeconds: 24,
          raceSeconds: 60,
          bond: { ...preset.market.bond, withdrawalDelaySeconds: 40 * 120 },
        },
      },
      MOCK_VERIFIER,
    );
    const { deployment } = chain;
    const l1 = (provider = await connectL1({ url: chain.url, chainId: 31337 }));
    const logger = createLogger({ level: (process.env["LOG_LEVEL"] as "info" | undefined) ?? "silent" });
    const account = (index: number): L1Account =>
      new L1Account({
        provider: l1,
        signer: new Wallet(localPrivateKey(index)),
        chainId: 31337,
        logger,
        errors: suiteErrorDecoder(),
        pollInterval: 50,
      });
    market = new MarketContract({ provider: l1, deployment });
    const treasury = new Bonding({ provider: l1, deployment, account: account(LOCAL_ACCOUNTS.deployer) });
    for (const index of ACCOUNTS) await treasury.deposit(1_000n * TST, toAddress(localAddress(index)));

    network = await LocalNetwork.open({
      rpcUrl: chain.url,
      deployment,
      folder: folder.path,
      keys: {
        sequencer: localPrivateKey(LOCAL_ACCOUNTS.sequencer),
        prover: localPrivateKey(LOCAL_ACCOUNTS.prover),
      },
      attesterKeys: [ATTESTER_KEY],
      maker,
      provers: {
        deployment,
        members: ACCOUNTS.map((index, i) => ({
          key: localPrivateKey(index),
          pricing: {
            strategy: "cost-plus",
            machineHour: HOUR[i]!,
            marginBps: 500n,
            gas: 0n,
            bondCostBps: 0n,
          },
          secondsPerBlock: 6,
          submissionSeconds: 24,
          measures: i !== 1,
        })),
      },
      pollInterval: 50,
      logger,
      onEvent: (event) => events.push(event),
    });
    await network.start();
  });
  after(async () => {
    hangs = false;
    await network?.stop();
    provider?.destroy();
    await chain?.stop();
    folder.remove();
  });

  const address = (i: number) => localAddress(ACCOUNTS[i]!);
  const happened = (i: number, type: string, epoch: number): boolean =>
    events.some(
      (told) =>
        "index" in told &&
        told.index === i &&
        told.event.type === type &&
        "epoch" in told.event &&
        told.event.epoch === epoch,
    );
  async function until(what: string, condition: () => boolean, seconds = 90): Promise<void> {
    const deadline = performance.now() + seconds * 1_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
      await sleep(20);
    }
  }
  /** Two blocks, in the epoch's two slots. */
  async function epoch(): Promise<number> {
    let slot = (await chain.slot()) + 1;
    if (slot % 2 === 1) slot++;
    for (const at of [slot, slot + 1]) {
      await chain.toSlot(at);
      await until(`the block of slot ${at}`, () =>
        events.some(({ source, event }) => source === "proposer" && event.slot === at),
      );
    }
    return slot / 2;
  }
  /** Time passes on L1, a block every twelve seconds, until something happened. */
  async function pass(what: string, condition: () => boolean, blocks = 60): Promise<void> {
    for (let i = 0; i < blocks && !condition(); i++) {
      await chain.rpc("evm_increaseTime", [12]);
      await chain.rpc("evm_mine");
      for (let j = 0; j < 25 && !condition(); j++) await sleep(20);
    }
    if (!condition()) throw new Error(`${blocks} blocks passed without ${what}`);
  }

  it("give an epoch to the cheapest, who claims it, proves it and is paid its price", async () => {
    const number = await epoch();
    await pass("the settlement", () => happened(0, "settled", number));
    expect(happened(0, "claimed", number)).to.equal(true);
    expect(happened(0, "submitted", number)).to.equal(true);
    for (const i of [1, 2]) {
      expect(happened(i, "quoted", number)).to.equal(true);
      expect(happened(i, "proving", number)).to.equal(false);
    }
    const status = (await market.epoch(number))!;
    expect(status.stage).to.equal("delivered");
    expect(status.prover).to.equal(address(0));
    expect(await market.isSettled(number)).to.equal(true);
  });

  it("rescue an epoch whose claimant crashed; its bond is split", async () => {
    hangs = true;
    // Free, and reserved for later epochs.
    const bondOf = async (i: number): Promise<bigint> => {
      const { free, reserved } = await market.bond(toAddress(address(i)));
      return free + reserved;
    };
    const before = await bondOf(1);
    const number = await epoch();
    await pass("the claim", () => happened(0, "claimed", number));
    const { bond } = (await market.epoch(number))!;
    expect((await market.bond(toAddress(address(0)))).reserved).to.equal(bond);
    await network.provers!.crash(0);
    hangs = false;

    await pass("the rescue", () => [1, 2].some((i) => happened(i, "submitted", number)));
    await pass("the settlement", () => [1, 2].some((i) => happened(i, "settled", number)));
    const rescuer = happened(1, "submitted", number) ? 1 : 2;
    expect((await market.epoch(number))!.stage).to.equal("rescued");
    expect((await market.bond(toAddress(address(0)))).reserved).to.equal(0n);
    const { bond: parameters } = loadPreset("localPermissioned").market;
    const share = (bond * BigInt(parameters.rescueShareBps)) / 10_000n;
    expect(await bondOf(rescuer)).to.equal(before + share);
    expect(await bondOf(0)).to.equal(before - bond);
  });

  it("go on without the one that crashed: the next cheapest wins", async () => {
    const number = await epoch();
    await pass("the settlement", () => happened(1, "settled", number));
    expect(happened(1, "claimed", number)).to.equal(true);
    expect(happened(2, "submitted", number)).to.equal(false);
    expect((await market.epoch(number))!.prover).to.equal(address(1));
  });

  it("follow in their prices what proofs take, unless told to keep their estimate", () => {
    const asked = (i: number): number[] =>
      events.flatMap((told) =>
        told.source === "market" && told.index === i && told.event.type === "quoted" ? told.event.fee : [],
      );
    const [before, after] = asked(0);
    expect(after).to.be.lessThan(before!);
    expect(new Set(asked(1)).size).to.equal(1);
    expect(asked(1)).to.have.length.greaterThan(2);
  });

  it("leave the books right: bonds free, reserved and forfeited, and every unit in one place", async () => {
    const { deployment } = chain;
    const l1 = provider!;
    const { addresses } = deployment;
    const read = async () =>
      readBooks({ provider: l1, addresses, ...(await network.ledgerBooks()), fromBlock: 0 });
    const { differences, bonds, places, burnedBy, burned } = await read();
    expect(differences).to.deep.equal([]);
    expect(bonds.forfeited > 0n).to.equal(true);
    expect(burned).to.equal(burnedBy.market + burnedBy.feePortal);
    const { free, reserved, withdrawing, forfeited } = bonds;
    expect(free + reserved + withdrawing + forfeited).to.equal(3_000n * TST - burnedBy.market);
    expect(places.feePortal).to.equal(0n);
  });
});
