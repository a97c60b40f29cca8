import { generateKeyPair } from "@libp2p/crypto/keys";
import { expect } from "chai";

import { blockDataOf } from "../../../protocol/blob.ts";
import { executeBlock } from "../../../protocol/ledger.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { SIZES } from "../../../protocol/sizes.ts";
import { type Transaction, type TransactionBody, signTransaction } from "../../../protocol/transaction.ts";
import { AccountTree } from "../../../protocol/tree.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { Libp2pGossip } from "../../../actors/p2p/libp2pGossip.ts";
import { topicsOf } from "../../../actors/p2p/topics.ts";
import { Mempool } from "../../../actors/sequencer/mempool.ts";
import { TransactionGossip } from "../../../actors/sequencer/transactionGossip.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { DOMAIN, PRICES, depositsOf, fakeParameters, keyPair } from "../support/fakeL1.ts";

const topic = topicsOf(fakeParameters()).transactions;

describe("Gossip of transactions", () => {
  const state = executeBlock(AccountTree.empty(), {
    data: blockDataOf([], SIZES.local),
    messages: depositsOf(0),
    prices: PRICES,
    domain: DOMAIN,
    sizes: SIZES.local,
  }).state;

  const makePool = (): Mempool =>
    new Mempool({
      capacity: 4,
      nonceWindow: 8,
      domain: DOMAIN,
      view: () => ({ state, prices: PRICES }),
      verifySignature: schnorrVerify,
    });

  async function setUp() {
    const hub = new GossipHub({ logger: silentLogger });
    const pools = ["sender", "receiver"].map((name) => {
      const mempool = makePool();
      const connection = hub.join(name);
      return { mempool, connection, gossip: new TransactionGossip({ gossip: connection, topic, mempool }) };
    });
    for (const { gossip } of pools) await gossip.start();
    const [sender, receiver] = pools as [(typeof pools)[0], (typeof pools)[0]];
    return {
      sender,
      receiver,
      dropped: () => receiver.connection.scores().get("sender")?.dropped ?? {},
      send: async (transaction: Transaction): Promise<void> => {
        sender.gossip.send(transaction);
        await delivered();
      },
    };
  }

  const transfer = (changes: Partial<TransactionBody> = {}, signer = 0): Transaction => {
    const body: TransactionBody = {
      kind: 1,
      from: 0,
      to: 0n,
      nonce: 0,
      amount: 1n,
      maxFeePerL2Gas: PRICES.feePerL2Gas,
      maxFeePerDaGas: PRICES.feePerDaGas,
      ...changes,
    };
    return signTransaction({ domain: DOMAIN, keyPair: keyPair(signer), body });
  };

  it("fills another process's mempool", async () => {
    const { sender, receiver, send, dropped } = await setUp();
    const transaction = transfer();
    const id = sender.mempool.add(transaction);
    await send(transaction);
    expect(receiver.mempool.has(id)).to.equal(true);
    expect(dropped()).to.deep.equal({});
  });

  it("does the same over libp2p", async () => {
    const peers: Libp2pGossip[] = [];
    const pools: Mempool[] = [];
    const gossips: TransactionGossip[] = [];
    try {
      for (let i = 0; i < 2; i++) {
        const peer = await Libp2pGossip.open({
          key: await generateKeyPair("Ed25519"),
          listen: ["/ip4/127.0.0.1/tcp/0"],
          peers: peers.flatMap((other) => other.status().addresses),
          topics: [topic],
          logger: silentLogger,
        });
        await peer.start();
        peers.push(peer);
        pools.push(makePool());
        gossips.push(new TransactionGossip({ gossip: peer, topic, mempool: pools[i]! }));
        await gossips[i]!.start();
      }
      const transaction = transfer();
      const id = pools[0]!.add(transaction);
      gossips[0]!.send(transaction);
      for (let i = 0; i < 500 && !pools[1]!.has(id); i++) await sleep(10);
      expect(pools[1]!.has(id)).to.equal(true);
    } finally {
      for (const peer of peers) await peer.stop();
    }
  });

  it("blames a peer for what nobody signed, and for bytes that are no transaction", async () => {
    const { sender, receiver, send, dropped } = await setUp();
    await send(transfer({}, 1));
    expect(dropped()).to.deep.equal({ badSignature: 1 });
    await send(transfer({ kind: 3 }));
    sender.connection.publish(topic.name, new Uint8Array(127));
    sender.connection.publish(topic.name, new Uint8Array(128).fill(0xff));
    await delivered();
    expect(dropped()).to.deep.equal({ badSignature: 1, malformed: 3 });
    expect(receiver.mempool.size).to.equal(0);
  });

  it("blames nobody for what another tip may take", async () => {
    const { send, dropped, receiver } = await setUp();
    for (const change of [{ nonce: 9 }, { from: 1 }, { maxFeePerL2Gas: 0n }, { amount: 2n ** 95n }]) {
      await send(transfer(change));
    }
    expect(dropped()).to.deep.equal({});
    expect(receiver.mempool.size).to.equal(0);
  });
});

/** The hub delivers in the loop's next turn; the verdict follows in it. */
function delivered(): Promise<void> {
  return new Promise((done) => setImmediate(() => setImmediate(done)));
}
