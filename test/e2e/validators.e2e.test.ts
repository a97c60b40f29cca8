import { expect } from "chai";
import { Contract, Interface, type InterfaceAbi } from "ethers";
import { artifacts } from "hardhat";

import { LocalNetwork, type NetworkEvent } from "../../actors/network/localNetwork.ts";
import { openLocalProofMaker } from "../../actors/prover/localProofMaker.ts";
import type { AttestationProvider } from "../../actors/sequencer/attestation.ts";
import { BlsKey } from "../../actors/bls/blst.ts";
import { createLogger } from "../../actors/support/logger.ts";
import { sleep } from "../../actors/support/sleep.ts";
import {
  LOCAL_ACCOUNTS,
  localAttesterKey,
  localPrivateKey,
  localValidator,
} from "../../deploy/localAccounts.ts";
import { loadPreset, type Preset } from "../../deploy/presets.ts";
import { keyHash, keyHashToHex } from "../../protocol/bls.ts";
import { toEpoch } from "../../protocol/time.ts";
import { buildCircuit } from "../../scripts/circuits/build.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { startStakedChain, type StakedChain } from "./support/stakedChain.ts";

const VALIDATORS = 5;
const SLOT = 60;
/** State of a validator that was slashed under the minimum. */
const JAILED = 4n;

/** One network, one story: each test goes on where the last one ended. */
describe("Staked validators on anvil", function () {
  this.timeout(240_000);

  let chain: StakedChain;
  let network: LocalNetwork;
  const folder = temporaryFolder();
  const events: NetworkEvent[] = [];
  /** Validator whose next block carries an aggregate over something else. */
  let cheat: number | undefined;

  /** What a cheating proposer publishes: the bits of its committee, and a signature of its own making. */
  const tamper = (index: number, honest: AttestationProvider): AttestationProvider => ({
    async attest(request) {
      const attestation = await honest.attest(request);
      if (cheat !== index) return attestation;
      cheat = undefined;
      return { ...attestation, signature: new BlsKey(localAttesterKey(index)).sign(request.digest) };
    },
  });

  before(async function () {
    this.timeout(600_000); // the first run makes the reference string
    const local = loadPreset("local");
    if (local.validators.kind !== "staked") throw new Error("the local preset stakes");
    // Slots are a minute long, so that the machine's own time never ends one.
    const preset: Preset = {
      ...local,
      slotSeconds: SLOT,
      validators: {
        ...local.validators,
        genesisDelaySeconds: 16 + 4 * 2 * SLOT,
        exitDelaySeconds: 150 * SLOT,
        evidenceWindowSeconds: 100 * SLOT,
        // Every proof here comes while its last block is young.
        challenge: { ...local.validators.challenge, windowSeconds: 100 * SLOT },
      },
      market: { ...local.market, bond: { ...local.market.bond, withdrawalDelaySeconds: 100 * SLOT } },
    };
    chain = await startStakedChain({ preset, validators: VALIDATORS });
    network = await LocalNetwork.open({
      rpcUrl: chain.url,
      deployment: chain.deployment,
      folder: folder.path,
      keys: {
        prover: localPrivateKey(LOCAL_ACCOUNTS.prover),
        watcher: localPrivateKey(LOCAL_ACCOUNTS.watcher),
      },
      validators: Array.from({ length: VALIDATORS }, (_, index) => ({
        proposer: localValidator(index).proposer.privateKey,
        attester: localAttesterKey(index),
      })),
      tamper,
      maker: await openLocalProofMaker(await buildCircuit({ size: "local" })),
      pollInterval: 50,
      logger: createLogger({ level: (process.env["LOG_LEVEL"] as "info" | undefined) ?? "silent" }),
      onEvent: (event) => events.push(event),
    });
    await network.start();
  });
  after(async () => {
    await network?.stop();
    await chain?.stop();
    folder.remove();
  });

  const until = async (what: string, condition: () => boolean, seconds = 60): Promise<void> => {
    const deadline = performance.now() + seconds * 1000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
      await sleep(20);
    }
  };
  const slotNow = async (): Promise<number> =>
    Math.floor(((await chain.time()) - chain.deployment.genesisTime) / SLOT);
  const settled = (slot: number): boolean =>
    events.some(({ source, event }) => source === "proposer" && "slot" in event && event.slot === slot);

  /** Goes to the next slot that has a proposer and waits for its block. @returns the slot */
  async function nextSlot(): Promise<number> {
    for (;;) {
      const slot = (await slotNow()) + 1;
      await chain.moveTo(chain.deployment.genesisTime + slot * SLOT);
      if (!(await network.node.rollup.proposerOf(slot))) continue;
      await until(`the block of slot ${slot}`, () => settled(slot));
      await network.node.sync();
      return slot;
    }
  }

  /** Validator that proposes in a slot. */
  async function proposerOf(slot: number): Promise<number> {
    const duty = await network.node.rollup.proposerOf(slot);
    return Array.from({ length: VALIDATORS }, (_, i) => i).find(
      (i) => localValidator(i).proposer.address.toLowerCase() === duty?.proposer.toLowerCase(),
    )!;
  }

  async function registryInfo(index: number): Promise<{ state: bigint; stake: bigint }> {
    const { abi } = await artifacts.readArtifact("ValidatorRegistry");
    const registry = new Contract(chain.deployment.addresses.validatorSet, abi, chain.provider);
    const hash = keyHashToHex(keyHash(new BlsKey(localAttesterKey(index)).publicKey));
    return (await registry.getFunction("validatorOf").staticCall(hash)) as { state: bigint; stake: bigint };
  }

  it("propose in turns, attest each other's blocks, and their aggregates hold", async () => {
    for (let i = 0; i < 3; i++) await nextSlot();
    const { chain: state } = network.node;
    expect(state.pending).to.equal(3);
    await until("the watcher", () => network.statistics.attestations.length === 3);
    expect(network.statistics).to.deep.include({
      committeeSize: 4,
      attestations: [4, 4, 4],
      wrongAggregates: 0,
      missedSlots: 0,
    });
    await until("the first proof", () => network.statistics.proofs > 0, 120);
  });

  it("show the last block's aggregate in a proof that comes while it is young", async () => {
    const submission = (): { hash: string } | undefined =>
      events
        .map(({ source, event }) => (source === "prover" && event.type === "submitted" ? event : undefined))
        .find((event) => event !== undefined);
    await until("the prover's word of it", () => submission() !== undefined);
    const { data } = (await chain.provider.getTransaction(submission()!.hash))!;
    const abi = new Interface((await artifacts.readArtifact("Rollup")).abi as InterfaceAbi);
    const [args] = abi.decodeFunctionData("submitEpochProof", data) as unknown as [{ attestation: bigint[] }];
    // Witness and point, and a key of three words for each of the four.
    expect(args.attestation).to.have.length(11 + 3 * 4);
  });

  it("meet the quorum without a member that is offline", async () => {
    const slot = (await slotNow()) + 1;
    const proposer = await proposerOf(slot);
    const committee = await network.validators!.committees.of(toEpoch(Math.floor(slot / 2)));
    const absent = network.validators!.members.find(
      ({ index, signer }) =>
        index !== proposer && committee.some((member) => member.keyHash === signer.keyHash),
    )!;
    const before = network.statistics.attestations.length;
    await network.validators!.setOnline(absent.index, false);
    await nextSlot();
    await network.validators!.setOnline(absent.index, true);
    await until("the watcher", () => network.statistics.attestations.length > before);
    expect(network.statistics.attestations.at(-1)).to.equal(3);
    expect(network.statistics.wrongAggregates).to.equal(0);
  });

  it("lose a block with a wrong aggregate to the watcher, and its proposer loses stake", async () => {
    const slot = (await slotNow()) + 1;
    cheat = await proposerOf(slot);
    const liar = cheat;
    const before = await registryInfo(liar);
    const { pending } = network.node.chain;
    await nextSlot();
    await until("the challenge", () => network.statistics.invalidations === 1);
    await network.node.sync();

    expect(network.statistics).to.include({ wrongAggregates: 1, rollBacks: 1 });
    expect(network.node.chain.pending).to.equal(pending);
    const now = await registryInfo(liar);
    expect(now.stake < before.stake).to.equal(true);
    expect(now.state).to.equal(JAILED);
  });

  it("go on from the block before it, and prove what follows", async () => {
    const { proofs } = network.statistics;
    const { pending } = network.node.chain;
    for (let i = 0; i < 3; i++) await nextSlot();
    expect(network.node.chain.pending).to.be.greaterThan(pending + 1);
    expect(network.node.chain.tip.number).to.equal(network.node.chain.pending);
    await until("a proof behind the roll-back", () => network.statistics.proofs > proofs, 120);
    expect(network.statistics.invalidations).to.equal(1);
    expect(network.statistics.equivocations).to.equal(0);
  });
});
