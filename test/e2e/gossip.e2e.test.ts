import { createServer } from "node:net";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { openWatcherProcess } from "../../actors/process/watcherProcess.ts";
import { createKeystore } from "../../actors/staking/keystore.ts";
import { createLogger } from "../../actors/support/logger.ts";
import type { Service } from "../../actors/support/service.ts";
import { sleep } from "../../actors/support/sleep.ts";
import type { Node } from "../../actors/node/node.ts";
import type { WatcherEvent } from "../../actors/watcher/watcherService.ts";
import { writeDeployment } from "../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localPrivateKey, localValidator } from "../../deploy/localAccounts.ts";
import { loadPreset, type Preset } from "../../deploy/presets.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { ProcessUnderTest } from "./support/actorProcesses.ts";
import { runTask } from "./support/runTask.ts";
import { startStakedChain, type StakedChain } from "./support/stakedChain.ts";

const VALIDATORS = 4;
/** Seconds: the machine's own time must not end a slot, and a proposer waits a sixth of it for who is missing. */
const SLOT = 30;
const PASSWORD = "correct horse";
const hardhat = fileURLToPath(new URL("../../node_modules/hardhat/dist/src/cli.js", import.meta.url));

type Verified = Extract<WatcherEvent, { type: "verified" }>;

/** One network over several processes, one story: each test goes on where the last one ended. */
describe("Validators in processes of their own, over libp2p", function () {
  this.timeout(120_000);

  let chain: StakedChain;
  let watcher: { service: Service; node: Node };
  let ports: number[];
  const validators: ProcessUnderTest[] = [];
  let killed: ProcessUnderTest | undefined;
  const events: WatcherEvent[] = [];
  const folder = temporaryFolder();
  const passwordFile = join(folder.path, "password");
  const keystoreOf = (index: number): string => join(folder.path, `keystore-${index}.json`);
  const addressOf = (index: number): string => `/ip4/127.0.0.1/tcp/${ports[index]}`;
  const verified = (): Verified[] => events.filter((event) => event.type === "verified");

  before(async () => {
    chain = await startStakedChain({ preset: slowPreset(), validators: VALIDATORS });
    writeDeployment(chain.deployment, folder.path);
    writeFileSync(passwordFile, PASSWORD);
    ports = await freePorts(VALIDATORS);
    for (let index = 0; index < VALIDATORS; index++) {
      const { attesterSecret, proposer } = localValidator(index);
      await createKeystore({
        path: keystoreOf(index),
        secret: attesterSecret,
        password: PASSWORD,
        kdf: "pbkdf2",
      });
      const keyFile = join(folder.path, `l1-${index}.key`);
      writeFileSync(keyFile, proposer.privateKey, { mode: 0o600 });
      validators.push(validator(index, keyFile));
    }
    for (const process of validators) process.start();
    watcher = await openWatcher();
    await watcher.service.start();
    await Promise.all(validators.map((process) => process.until("running")));
  });
  after(async () => {
    await Promise.all(validators.map((process) => process.end("SIGKILL")));
    await watcher?.service.stop();
    await chain?.stop();
    folder.remove();
  });

  /** As an operator runs it. In a ring: nobody knows everybody, and messages are passed on. */
  function validator(index: number, keyFile: string): ProcessUnderTest {
    const data = join(folder.path, `validator-${index}`);
    const options = {
      rpc: chain.url,
      record: folder.path,
      data,
      keystore: keystoreOf(index),
      "password-file": passwordFile,
      "key-file": keyFile,
      "p2p-listen": addressOf(index),
      "p2p-peers": addressOf((index + 1) % VALIDATORS),
      port: "0",
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    return new ProcessUnderTest({
      name: `validator ${index}`,
      folder: data,
      command: [hardhat, "validator", ...words, "--json"],
    });
  }

  /** Address of a validator's JSON API. */
  const apiOf = (index: number): string =>
    String(validators[index]!.log.find(({ msg }) => msg === "the node answers")!["url"]);

  async function openWatcher(): Promise<{ service: Service; node: Node }> {
    const opened = await openWatcherProcess({
      rpcUrl: chain.url,
      deployment: chain.deployment,
      folder: join(folder.path, "watcher"),
      privateKey: localPrivateKey(LOCAL_ACCOUNTS.watcher),
      hasSeeds: true,
      p2p: { listen: [], peers: [addressOf(0), addressOf(2)] },
      port: 0,
      l1BlockTime: 1,
      pollInterval: 100,
      logger: createLogger({ level: (process.env["LOG_LEVEL"] as "info" | undefined) ?? "silent" }),
    });
    opened.watcher.on((event) => events.push(event));
    return { service: opened.service, node: opened.followed.node };
  }

  async function until(what: string, condition: () => boolean, seconds = 30): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    while (!condition()) {
      const ended = validators.find((process) => !process.runs && process !== killed);
      if (ended) throw new Error(`${ended.name}: ${ended.errors}`);
      if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
      await sleep(20);
    }
  }

  const slotNow = async (): Promise<number> =>
    Math.floor(((await chain.time()) - chain.deployment.genesisTime) / SLOT);

  /** Validator that proposes in a slot; undefined while the epoch has no committee. */
  async function proposerOf(slot: number): Promise<number | undefined> {
    const duty = await watcher.node.rollup.proposerOf(slot);
    const index = Array.from({ length: VALIDATORS }, (_, i) => i).find(
      (i) => localValidator(i).proposer.address.toLowerCase() === duty?.proposer.toLowerCase(),
    );
    return index;
  }

  /** Goes to the next slot that one of `awake` proposes in, and waits until the watcher has verified its block. */
  async function nextBlock(awake = [0, 1, 2, 3]): Promise<Verified> {
    const before = verified().length;
    for (;;) {
      const slot = (await slotNow()) + 1;
      await chain.moveTo(chain.deployment.genesisTime + slot * SLOT);
      const proposer = await proposerOf(slot);
      if (proposer === undefined || !awake.includes(proposer)) continue;
      await until(`the block of slot ${slot}`, () => verified().length > before);
      return verified().at(-1)!;
    }
  }

  it("find each other, and fill an epoch with blocks that all of them attested", async () => {
    await until("connections", () =>
      validators.every(({ log }) => log.some(({ msg }) => msg === "connected to a peer")),
    );
    for (let i = 0; i < 4; i++) {
      const block = await nextBlock();
      expect(block.number).to.equal(i + 1);
      expect(block.committeeSize).to.equal(4);
      expect(block.attestations, `block ${block.number}`).to.equal(4);
    }
    expect(new Set(verified().map(({ epoch }) => epoch)).size).to.be.at.least(2);
  });

  it("tell their operator of peers and messages", async () => {
    const status = (await (await fetch(`${apiOf(0)}/p2p`)).json()) as {
      peers: { connected: boolean; score: number }[];
      messages: Record<string, Record<string, number>>;
    };
    // Two neighbours and the watcher.
    expect(status.peers.filter(({ connected }) => connected)).to.have.length(3);
    expect(status.peers.every(({ score }) => score === 0)).to.equal(true);
    const { sent = 0, accepted = 0 } = status.messages["attestations"]!;
    expect(sent + accepted).to.be.at.least(3);
  });

  it("hand on a quote that a prover brought to one of them", async () => {
    const l1 = { record: folder.path, rpc: chain.url, account: String(LOCAL_ACCOUNTS.treasury) };
    const bonded = await runTask("market:bond", { ...l1, amount: "1e20" });
    expect(bonded.exitCode, bonded.error).to.equal(0);
    const { epoch } = verified()[0]!;
    const quote = { ...l1, epoch: String(epoch), fee: "1500", node: apiOf(0) };
    // Each process reads the bond from L1 in its own time.
    await sleep(2_000);
    const sent = await runTask("market:quote", quote);
    expect(sent.exitCode, sent.error).to.equal(0);
    let fees: number[] = [];
    for (let i = 0; i < 100 && fees.length === 0; i++) {
      await sleep(50);
      const answer = await fetch(`${apiOf(2)}/quotes/${epoch}`);
      fees = ((await answer.json()) as { quotes: { fee: number }[] }).quotes.map(({ fee }) => fee);
    }
    expect(fees).to.deep.equal([1_500]);
  });

  it("go on without one of them that is killed", async () => {
    killed = validators[1]!;
    await killed.end("SIGKILL");
    const block = await nextBlock([0, 2, 3]);
    expect(block.attestations).to.equal(3);
    expect(verified().at(-1)!.number).to.equal(5);
  });

  it("have it back after a restart, under its old peer id, attesting and proposing", async () => {
    const victim = validators[1]!;
    const [first] = victim.log.filter(({ msg }) => msg === "in the gossip");
    const from = victim.log.length;
    victim.start();
    killed = undefined;
    await victim.until("running", { from });
    await until("connections", () => victim.log.slice(from).some(({ msg }) => msg === "connected to a peer"));
    expect(victim.log.slice(from).find(({ msg }) => msg === "in the gossip")!["peer"]).to.equal(
      first!["peer"],
    );
    // Its neighbour dials again within five seconds.
    await until(
      "its neighbour",
      () => validators[0]!.log.filter(({ msg }) => msg === "connected to a peer").length > 1,
    );

    const block = await nextBlock();
    expect(block.attestations).to.equal(4);
    let proposed = false;
    for (let i = 0; i < 12 && !proposed; i++) {
      await nextBlock();
      proposed = victim.log.slice(from).some(({ msg }) => msg === "proposed");
    }
    expect(proposed, "a block of its own").to.equal(true);
  });

  it("lose no block, sign nothing twice and drop nobody", async () => {
    const { pending } = await watcher.node.rollup.status();
    expect(pending).to.equal(verified().at(-1)!.number);
    expect(verified().map(({ number }) => number)).to.deep.equal(
      Array.from({ length: pending }, (_, i) => i + 1),
    );
    const others = events
      .map(({ type }) => type)
      .filter((type) => type !== "verified" && type !== "seedFixed");
    expect(others).to.deep.equal([]);
    for (const { log } of validators) {
      expect(log.filter(({ msg }) => /hung up|refused|missed/.test(msg))).to.deep.equal([]);
    }
  });

  it("end in order when they are told to", async () => {
    const codes = await Promise.all(validators.map((process) => process.end("SIGTERM")));
    expect(codes).to.deep.equal([0, 0, 0, 0]);
  });

  describe("say what is wrong", () => {
    const refused = async (options: Record<string, string>, message: RegExp): Promise<void> => {
      const { error, exitCode } = await runTask("validator", {
        record: folder.path,
        rpc: chain.url,
        data: join(folder.path, "refused"),
        keystore: keystoreOf(0),
        passwordFile,
        p2pListen: "/ip4/127.0.0.1/tcp/0",
        port: 0,
        ...options,
      });
      expect(exitCode).to.equal(1);
      expect(error).to.match(/^Error: [^\n]+$/);
      expect(error).to.match(message);
    };

    it("with a password, a keystore or an address", async () => {
      const wrong = join(folder.path, "wrong");
      writeFileSync(wrong, "wrong horse");
      await refused({ passwordFile: wrong }, /the password does not open .*keystore-0.json/);
      await refused({ keystore: join(folder.path, "none.json") }, /cannot be read: ENOENT/);
      await refused({ p2pPeers: "somewhere:8570" }, /"somewhere:8570" is no address/);
      await refused({ coinbase: `0x${"11".repeat(20)}` }, /no account to propose with/);
      chmodSync(keystoreOf(0), 0o644);
      await refused({}, /others than its owner may read/);
      chmodSync(keystoreOf(0), 0o600);
    });

    it("with a port that another program has", async () => {
      const server = createServer().listen(ports[0], "127.0.0.1");
      await new Promise((done) => server.once("listening", done));
      try {
        await refused({ p2pListen: addressOf(0) }, /the port of \/ip4\/127.0.0.1\/tcp\/\d+ is taken/);
      } finally {
        server.close();
      }
    });

    it("without anybody to talk to", async () => {
      const { error, exitCode } = await runTask("watcher", { record: folder.path, rpc: chain.url, port: 0 });
      expect(exitCode).to.equal(1);
      expect(error).to.match(/nobody is named to talk to; give --p2p-peers/);
    });
  });
});

/** The local preset with four validators, and slots that outlast what happens in them. */
function slowPreset(): Preset {
  const local = loadPreset("local");
  if (local.validators.kind !== "staked") throw new Error("the local preset stakes");
  const { validators, market } = local;
  return {
    ...local,
    slotSeconds: SLOT,
    validators: {
      ...validators,
      genesisDelaySeconds: 16 + 4 * 2 * SLOT,
      exitDelaySeconds: 150 * SLOT,
      evidenceWindowSeconds: 100 * SLOT,
      challenge: { ...validators.challenge, windowSeconds: 6 * SLOT },
      churn: { ...validators.churn, bootstrapSize: VALIDATORS },
    },
    market: { ...market, bond: { ...market.bond, withdrawalDelaySeconds: 100 * SLOT } },
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((done) => server.once("listening", done))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
