import { expect } from "chai";

import {
  ACCEPT,
  type GossipMessage,
  type TopicLimits,
  type Verdict,
  ignore,
  reject,
} from "../../../actors/p2p/gossip.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { silentLogger } from "../../../actors/support/logger.ts";

const TOPIC = "blocks";
const LIMITS: TopicLimits = { maxBytes: 8, burst: 4, seconds: 10 };
const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

function setUp(verdict: () => Verdict = () => ACCEPT) {
  let time = 0;
  const hub = new GossipHub({ logger: silentLogger, now: () => time });
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => hub.join(name)) as [
    ReturnType<GossipHub["join"]>,
    ReturnType<GossipHub["join"]>,
    ReturnType<GossipHub["join"]>,
  ];
  const received: GossipMessage[] = [];
  const unsubscribe = bob.subscribe(TOPIC, LIMITS, (message) => {
    received.push(message);
    return verdict();
  });
  const send = async (...data: number[]): Promise<void> => {
    alice.publish(TOPIC, bytes(...data));
    await delivered();
  };
  const scoreOf = (peer: string) => bob.scores().get(peer)!;
  return { hub, alice, bob, carol, received, unsubscribe, send, scoreOf, pass: (s: number) => (time += s) };
}

describe("Gossip hub", () => {
  it("brings a message to every other subscriber of its topic, never within the call", async () => {
    const { alice, carol, received, send } = setUp();
    const others: string[] = [];
    alice.subscribe(TOPIC, LIMITS, () => (others.push("alice"), ACCEPT));
    carol.subscribe(TOPIC, LIMITS, () => (others.push("carol"), ACCEPT));
    carol.subscribe("other", LIMITS, () => (others.push("other"), ACCEPT));
    const sent = send(1, 2);
    expect(received).to.have.length(0);
    await sent;
    expect(received).to.deep.equal([{ topic: TOPIC, data: bytes(1, 2), from: "alice" }]);
    expect(others).to.deep.equal(["carol"]);
  });

  it("gives each its own bytes", async () => {
    const { alice, carol, received } = setUp();
    carol.subscribe(TOPIC, LIMITS, ({ data }) => (data.fill(9), ACCEPT));
    const data = bytes(1);
    alice.publish(TOPIC, data);
    data[0] = 7;
    await delivered();
    expect(received[0]!.data).to.deep.equal(bytes(1));
  });

  it("drops duplicates, whoever sends them, at no cost to anybody", async () => {
    const { carol, received, send, scoreOf } = setUp();
    await send(1);
    await send(1);
    carol.publish(TOPIC, bytes(1));
    await delivered();
    expect(received).to.have.length(1);
    expect(scoreOf("alice")).to.deep.equal({ score: 0, shunned: false, dropped: { duplicate: 1 } });
    expect(scoreOf("carol").dropped).to.deep.equal({ duplicate: 1 });
  });

  it("drops what is too long, with a score", async () => {
    const { received, send, scoreOf } = setUp();
    await send(1, 2, 3, 4, 5, 6, 7, 8);
    await send(1, 2, 3, 4, 5, 6, 7, 8, 9);
    expect(received).to.have.length(1);
    expect(scoreOf("alice").dropped).to.deep.equal({ oversized: 1 });
    expect(scoreOf("alice").score).to.be.lessThan(0);
  });

  it("takes no more from a peer than its topic allows, and again with time", async () => {
    const { carol, received, send, scoreOf, pass } = setUp();
    for (let i = 0; i < 10; i++) await send(i);
    expect(received).to.have.length(4);
    expect(scoreOf("alice").dropped).to.deep.equal({ flood: 6 });
    carol.publish(TOPIC, bytes(50));
    await delivered();
    expect(received).to.have.length(5);
    pass(5);
    for (let i = 0; i < 10; i++) await send(100 + i);
    expect(received).to.have.length(7);
  });

  it("scores what a subscriber rejects, not what it ignores, nor its own failures", async () => {
    const verdicts: (() => Verdict)[] = [
      () => reject("badSignature"),
      () => ignore("untimely"),
      () => {
        throw new Error("ours");
      },
    ];
    const { send, scoreOf } = setUp(() => verdicts.shift()!());
    await send(1);
    const { score } = scoreOf("alice");
    expect(score).to.be.lessThan(0);
    await send(2);
    await send(3);
    expect(scoreOf("alice")).to.deep.equal({ score, shunned: false, dropped: { badSignature: 1 } });
  });

  it("shuns a peer that goes on, and listens again after a while", async () => {
    const { bob, received, send, scoreOf, pass } = setUp();
    for (let i = 0; i < 6; i++) bob.report("alice", "malformed");
    expect(scoreOf("alice").shunned).to.equal(true);
    await send(1);
    expect(received).to.have.length(0);
    expect(scoreOf("alice").dropped).to.deep.equal({ malformed: 6, shunned: 1 });
    pass(60);
    await send(2);
    expect(received).to.have.length(1);
    pass(1e6);
    expect(scoreOf("alice").score).to.equal(0);
  });

  it("brings nothing to or from a member that is cut off", async () => {
    const { alice, bob, received, send } = setUp();
    bob.connected = false;
    await send(1);
    bob.connected = true;
    alice.connected = false;
    await send(2);
    alice.connected = true;
    await send(3);
    expect(received.map(({ data }) => data[0])).to.deep.equal([3]);
  });

  it("ends a subscription", async () => {
    const { received, send, unsubscribe } = setUp();
    unsubscribe();
    await send(1);
    expect(received).to.have.length(0);
  });

  it("refuses a second member of the same name", () => {
    const { hub } = setUp();
    expect(() => hub.join("bob")).to.throw("bob");
  });
});

/** The hub delivers in the loop's next turn; the verdict follows in it. */
function delivered(): Promise<void> {
  return new Promise((done) => setImmediate(() => setImmediate(done)));
}
