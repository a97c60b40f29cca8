/** Transactions between mempools: what one process took from a user reaches the proposer of the next slot. */
import { fromBytes, wordsToBytes } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  type Transaction,
  type TransactionWords,
  decodeTransaction,
  encodeTransaction,
} from "../../protocol/transaction.ts";
import { ACCEPT, type Gossip, type Verdict, ignore, reject } from "../p2p/gossip.ts";
import { TRANSACTION_BYTES, type Topic } from "../p2p/topics.ts";
import type { Service } from "../support/service.ts";
import { type Mempool, MempoolError, type MempoolRefusal } from "./mempool.ts";

/** Parameters of {@link TransactionGossip}. */
export interface TransactionGossipOptions {
  gossip: Gossip;
  topic: Topic;
  mempool: Mempool;
}

/** What a refusal says about the sender: another tip, or another pool, may refuse what it took. */
const VERDICTS: Readonly<Record<MempoolRefusal, Verdict>> = {
  ENCODING: reject("malformed"),
  UNKNOWN_KIND: reject("malformed"),
  BAD_SIGNATURE: reject("badSignature"),
  UNKNOWN_SENDER: ignore("untimely"),
  NONCE_TOO_LOW: ignore("untimely"),
  NONCE_TOO_FAR: ignore("untimely"),
  FEE_TOO_LOW: ignore("untimely"),
  CANNOT_PAY: ignore("untimely"),
  BAD_RECIPIENT: ignore("untimely"),
  SENDER_REFUSED: ignore("notEntitled"),
  NONCE_TAKEN: ignore("duplicate"),
  DUPLICATE: ignore("duplicate"),
  POOL_FULL: ignore("untimely"),
};

export class TransactionGossip implements Service {
  readonly #options: TransactionGossipOptions;
  #stop: (() => void) | undefined;

  constructor(options: TransactionGossipOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    const { gossip, topic } = this.#options;
    this.#stop ??= gossip.subscribe(topic.name, topic.limits, ({ data }) => this.#judge(data));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    return Promise.resolve();
  }

  /** Sends a transaction that our own pool took. */
  send(transaction: Transaction): void {
    const { gossip, topic } = this.#options;
    gossip.publish(topic.name, wordsToBytes(encodeTransaction(transaction)));
  }

  #judge(data: Uint8Array): Verdict {
    try {
      if (data.length !== TRANSACTION_BYTES) return reject("malformed");
      const words = [0, 32, 64, 96].map((at) => fromBytes(data.subarray(at, at + 32)));
      this.#options.mempool.add(decodeTransaction(words as unknown as TransactionWords));
      return ACCEPT;
    } catch (error) {
      if (error instanceof ProtocolError) return reject("malformed");
      if (error instanceof MempoolError) return VERDICTS[error.code];
      throw error;
    }
  }
}
