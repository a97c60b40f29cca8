import { createServer } from "node:net";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { expect } from "chai";

import {
  ACCEPT,
  type GossipMessage,
  type TopicLimits,
  type Verdict,
  ignore,
  reject,
} from "../../../actors/p2p/gossip.ts";
import { Libp2pGossip, type Libp2pGossipOptions } from "../../../actors/p2p/libp2pGossip.ts";
import { openPeerKey } from "../../../actors/p2p/peerKey.ts";
import { topicName } from "../../../actors/p2p/topics.ts";
import { silentLogger, type Logger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const LIMITS: TopicLimits = { maxBytes: 64, burst: 50, seconds: 10 };
const topicOf = (chainId: number) => ({
  name: topicName({ chainId, rollup: "0xAb" }, "blocks"),
  limits: LIMITS,
});
const TOPIC = topicOf(1);
/** Milliseconds within which peers know for whom they pass on a topic. */
const HEARTBEAT = 1_200;
const HERE = "/ip4/127.0.0.1/tcp/0";
const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

interface Warning {
  message: string;
  fields: object;
}

describe("Gossip over libp2p", function () {
  this.timeout(30_000);

  const opened: Libp2pGossip[] = [];
  afterEach(async () => {
    for (const gossip of opened.splice(0)) await gossip.stop();
  });

  async function open(options: Partial<Libp2pGossipOptions> = {}): Promise<Libp2pGossip> {
    const gossip = await Libp2pGossip.open({
      key: await generateKeyPair("Ed25519"),
      listen: [HERE],
      peers: [],
      topics: [TOPIC],
      redialEvery: 100,
      logger: silentLogger,
      ...options,
    });
    await gossip.start();
    opened.push(gossip);
    return gossip;
  }

  /** Peers that each know the one before, so that messages travel from the first to the last. */
  async function line(length: number): Promise<Libp2pGossip[]> {
    const peers: Libp2pGossip[] = [];
    for (let i = 0; i < length; i++) {
      const before = peers.at(-1);
      peers.push(await open({ peers: before ? before.status().addresses : [] }));
    }
    await until("the line", () =>
      peers.every((peer, i) => {
        const neighbours = Number(i > 0) + Number(i < length - 1);
        return peer.status().peers.length === neighbours;
      }),
    );
    return peers;
  }

  function listen(gossip: Libp2pGossip, judge: () => Verdict = () => ACCEPT, topic = TOPIC): GossipMessage[] {
    const received: GossipMessage[] = [];
    gossip.subscribe(topic.name, topic.limits, (message) => {
      received.push(message);
      return judge();
    });
    return received;
  }

  it("brings a message to every subscriber once, over peers in between, and not to its sender", async () => {
    const peers = await line(5);
    const received = peers.map((peer) => listen(peer));
    await sleep(HEARTBEAT);
    peers[0]!.publish(TOPIC.name, bytes(1, 2, 3));
    await until("the far end", () => received[4]!.length > 0);
    await sleep(300);
    expect(received.map(({ length }) => length)).to.deep.equal([0, 1, 1, 1, 1]);
    expect(received[4]![0]).to.deep.equal({ topic: TOPIC.name, data: bytes(1, 2, 3), from: peers[3]!.id });
    expect(peers[0]!.status().messages).to.deep.equal({ blocks: { sent: 1 } });
    expect(peers[4]!.status().messages).to.deep.equal({ blocks: { accepted: 1 } });
  });

  it("suppresses copies that arrive on several ways", async () => {
    const hub = await open();
    const address = hub.status().addresses;
    const peers = await Promise.all([1, 2].map(() => open({ peers: address })));
    // A ring: each hears the others twice.
    const last = await open({ peers: [...address, ...peers.flatMap((peer) => peer.status().addresses)] });
    const all = [hub, ...peers, last];
    await until("the ring", () => last.status().peers.length === 3);
    const received = all.map((peer) => listen(peer));
    await sleep(HEARTBEAT);
    last.publish(TOPIC.name, bytes(7));
    last.publish(TOPIC.name, bytes(7));
    hub.publish(TOPIC.name, bytes(7));
    await until("everybody", () => received.slice(1, 3).every(({ length }) => length > 0));
    await sleep(500);
    expect(received.every(({ length }) => length <= 1)).to.equal(true);
    expect(hub.scores().get(last.id)?.score ?? 0).to.equal(0);
  });

  it("keeps what nobody is there to hear for the first who comes", async () => {
    const first = await open();
    first.publish(TOPIC.name, bytes(4));
    const second = await open({ peers: first.status().addresses });
    const received = listen(second);
    await until("the message", () => received.length === 1);
    expect(received[0]!.data).to.deep.equal(bytes(4));
  });

  it("refuses a message that is too long before anybody decodes it, and scores its sender", async () => {
    const [sender, receiver] = await line(2);
    const received = listen(receiver!);
    await heard(sender!);
    sender!.publish(TOPIC.name, new Uint8Array(65));
    sender!.publish(TOPIC.name, new Uint8Array(64));
    await until("the shorter one", () => received.length > 0);
    expect(received[0]!.data).to.have.length(64);
    expect(received).to.have.length(1);
    expect(receiver!.scores().get(sender!.id)!.dropped).to.deep.equal({ oversized: 1 });
    expect(receiver!.status().messages).to.deep.equal({ blocks: { accepted: 1, oversized: 1 } });
  });

  it("scores what is rejected and hangs up on who goes on, for a while, with the reason", async () => {
    let time = 0;
    const warnings: Warning[] = [];
    const receiver = await open({ now: () => time, logger: warningsTo(warnings) });
    const sender = await open({ peers: receiver.status().addresses });
    const received = listen(receiver, () => reject("malformed"));
    await heard(sender);
    for (let i = 0; i < 6; i++) sender.publish(TOPIC.name, bytes(i));
    await until("the end of it", () => receiver.status().peers.length === 0);
    expect(receiver.scores().get(sender.id)).to.deep.include({ shunned: true, dropped: { malformed: 6 } });
    expect(warnings.map(({ fields }) => fields)).to.deep.equal([
      { peer: sender.id, dropped: '{"malformed":6}' },
    ]);

    // It dials again and again, and is not let in.
    await sleep(500);
    expect(receiver.status().peers).to.deep.equal([]);
    sender.publish(TOPIC.name, bytes(9));
    time = 1_000;
    await until("forgiveness", () => receiver.status().peers.length === 1);
    await until("the next message", () => received.length === 7);
  });

  it("passes on neither what is rejected nor what is ignored, and blames nobody for the latter", async () => {
    const [sender, middle, end] = await line(3);
    const verdicts = [reject("badSignature"), ignore("untimely"), ACCEPT];
    listen(middle!, () => verdicts.shift()!);
    const received = listen(end!);
    await sleep(HEARTBEAT);
    for (const value of [1, 2, 3]) {
      sender!.publish(TOPIC.name, bytes(value));
      await until("a verdict", () => verdicts.length === 3 - value);
    }
    await until("the good one", () => received.length > 0);
    expect(received.map(({ data }) => data[0])).to.deep.equal([3]);
    expect(middle!.scores().get(sender!.id)!.dropped).to.deep.equal({ badSignature: 1 });
    expect(end!.scores().get(middle!.id)?.score ?? 0).to.equal(0);
  });

  it("passes on what a judge accepts before subscribers are done, and scores what they reject later", async () => {
    const [sender, middle, end] = await line(3);
    let finish!: (verdict: Verdict) => void;
    middle!.relay(TOPIC.name, ({ data }) => (data[0] === 1 ? ACCEPT : reject("notEntitled")));
    middle!.subscribe(TOPIC.name, LIMITS, () => new Promise((done) => (finish = done)));
    const received = listen(end!);
    await sleep(HEARTBEAT);
    sender!.publish(TOPIC.name, bytes(2));
    sender!.publish(TOPIC.name, bytes(1));
    await until("what was passed on", () => received.length > 0);
    expect(received.map(({ data }) => data[0])).to.deep.equal([1]);
    expect(middle!.scores().get(sender!.id)!.dropped).to.deep.equal({ notEntitled: 1 });
    finish(reject("equivocation"));
    await until("the late score", () => middle!.scores().get(sender!.id)!.dropped.equivocation === 1);
  });

  it("scores who sends more than a topic allows, and still looks at it", async () => {
    const receiver = await open({ now: () => 0 });
    const sender = await open({ peers: receiver.status().addresses });
    const received = listen(receiver);
    await heard(sender);
    for (let i = 0; i < 60; i++) sender.publish(TOPIC.name, bytes(i));
    await until("all of it", () => received.length === 60);
    expect(receiver.scores().get(sender.id)!.dropped).to.deep.equal({ flood: 10 });
  });

  it("does not hear another chain's topic", async () => {
    const other = topicOf(2);
    const ours = await open();
    const theirs = await open({ topics: [other], peers: ours.status().addresses });
    const both = await open({ topics: [TOPIC, other], peers: ours.status().addresses });
    const received = listen(ours);
    listen(theirs, () => ACCEPT, other);
    await heard(both);
    expect(() => listen(ours, () => ACCEPT, other)).to.throw("no topic of this gossip");
    theirs.publish(other.name, bytes(1));
    both.publish(other.name, bytes(2));
    both.publish(TOPIC.name, bytes(3));
    await until("our own", () => received.length > 0);
    expect(received.map(({ data }) => data[0])).to.deep.equal([3]);
    expect(ours.status().messages).to.deep.equal({ blocks: { accepted: 1 } });
  });

  it("finds a peer again that was restarted, under the same id", async () => {
    const key = await generateKeyPair("Ed25519");
    const first = await open({ key });
    const [address] = first.status().addresses;
    const second = await open({ peers: [address!] });
    await until("the first connection", () => second.status().peers.length === 1);
    await first.stop();
    await until("the loss", () => second.status().peers.length === 0);

    const again = await open({ key, listen: [address!.replace(/\/p2p\/.*/, "")] });
    expect(again.id).to.equal(first.id);
    const received = listen(again);
    await until("the second connection", () => second.status().peers[0] === first.id);
    await heard(second);
    second.publish(TOPIC.name, bytes(5));
    await until("a message", () => received.length === 1);
  });

  it("warns once of a peer that is not there, and goes on", async () => {
    const warnings: Warning[] = [];
    const gossip = await open({ peers: ["/ip4/127.0.0.1/tcp/1"], logger: warningsTo(warnings) });
    await until("a warning", () => warnings.length > 0);
    await sleep(500);
    expect(warnings.map(({ message }) => message)).to.deep.equal(["a peer is not reached; trying again"]);
    const received = listen(await open({ peers: gossip.status().addresses }));
    await heard(gossip);
    gossip.publish(TOPIC.name, bytes(1));
    await until("a message", () => received.length === 1);
  });

  it("dials only, without an address to listen at", async () => {
    const hub = await open();
    const client = await open({ listen: [], peers: hub.status().addresses });
    expect(client.status().addresses).to.deep.equal([]);
    const received = listen(client);
    await heard(hub);
    hub.publish(TOPIC.name, bytes(1));
    await until("a message", () => received.length === 1);
  });

  it("leaves itself out of its own list of peers", async () => {
    const key = await generateKeyPair("Ed25519");
    const first = await open({ key });
    const [address] = first.status().addresses;
    await first.stop();
    const warnings: Warning[] = [];
    const listen = [address!.replace(/\/p2p\/.*/, "")];
    await open({ key, listen, peers: [address!], logger: warningsTo(warnings) });
    await sleep(300);
    expect(warnings).to.deep.equal([]);
  });

  it("says that its port is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as { port: number };
    try {
      expect(await codeOf(open({ listen: [`/ip4/127.0.0.1/tcp/${port}`] }))).to.equal("P2P_PORT_TAKEN");
      expect(await codeOf(open({ listen: ["/ip4/203.0.113.1/tcp/0"] }))).to.equal("P2P_LISTEN_FAILED");
    } finally {
      server.close();
    }
  });

  it("refuses addresses that it cannot use", async () => {
    for (const listen of [
      "8570",
      "/ip4/0.0.0.0",
      "/ip4/1.2.3.4/udp/1",
      "/dns4/a.b/tcp/1",
      "/ip4/1.2.3.4/tcp/1/ws",
    ]) {
      expect(await codeOf(open({ listen: [listen] })), listen).to.equal("P2P_ADDRESS_INVALID");
    }
    for (const peer of ["", "/ip4/1.2.3.4/tcp/x", "/ip4/1.2.3.4/tcp/1/p2p/nobody", "/unix/tmp/socket"]) {
      expect(await codeOf(open({ peers: [peer] })), peer).to.equal("P2P_ADDRESS_INVALID");
    }
  });
});

describe("Key of a peer", () => {
  const folder = temporaryFolder();
  after(() => folder.remove());
  const path = join(folder.path, "p2p.key");
  const idOf = (key: PrivateKey): string => key.publicKey.toString();

  it("is made once, for its owner alone, and kept", async () => {
    const first = await openPeerKey(path);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(idOf(await openPeerKey(path))).to.equal(idOf(first));
    expect(idOf(await openPeerKey(join(folder.path, "another.key")))).to.not.equal(idOf(first));
  });

  it("is not used when others can read it, or when it is damaged", async () => {
    chmodSync(path, 0o644);
    expect(await codeOf(openPeerKey(path))).to.equal("KEY_UNUSABLE");
    chmodSync(path, 0o600);
    writeFileSync(path, "0801");
    expect(await codeOf(openPeerKey(path))).to.equal("KEY_UNUSABLE");
  });
});

/** Waits until somebody hears a peer's topic: what is published from then on leaves at once. */
async function heard(gossip: Libp2pGossip): Promise<void> {
  await until("a subscriber", () => gossip.listeners(TOPIC.name) > 0);
}

async function until(what: string, condition: () => boolean, seconds = 10): Promise<void> {
  const deadline = performance.now() + 1000 * seconds;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(10);
  }
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof Error && "code" in error && "remedy" in error) return String(error.code);
      throw error;
    },
  );
}

/** A logger that keeps its warnings. */
function warningsTo(warnings: Warning[]): Logger {
  const nothing = (): void => undefined;
  return {
    debug: nothing,
    info: nothing,
    warn: (fields, message) => warnings.push({ fields, message }),
    error: nothing,
    child: () => silentLogger,
  };
}
