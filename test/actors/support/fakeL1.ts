/** An L1 in memory for node tests: blocks with events, reorgs, and a proposer that can lie. */
import type { JsonRpcProvider } from "ethers";

import { toAddress } from "../../../protocol/address.ts";
import { encodeBlock } from "../../../protocol/blockWords.ts";
import { genesisChainHash } from "../../../protocol/domain.ts";
import { type FeeConfig, PRICE_SCALE } from "../../../protocol/fees.ts";
import type { Field } from "../../../protocol/field.ts";
import { truncatedToField } from "../../../protocol/hash.ts";
import { chainHash } from "../../../protocol/header.ts";
import {
  MESSAGE_ASSET_DEPOSIT,
  MESSAGE_FEE_DEPOSIT,
  type Message,
  rollMessageHashes,
} from "../../../protocol/message.ts";
import { EMPTY_MESSAGE_HASH } from "../../../protocol/message.ts";
import { encodeRecord } from "../../../protocol/record.ts";
import { type KeyPair, schnorrKeyPair, schnorrVerify } from "../../../protocol/schnorr.ts";
import { SIZES } from "../../../protocol/sizes.ts";
import { toSlot, toTimestamp } from "../../../protocol/time.ts";
import { AccountTree } from "../../../protocol/tree.ts";
import { commitmentOf, versionedHashOf } from "../../../actors/l1/blobSidecar.ts";
import { withTail, withoutTail } from "../../../actors/l1/blobStore.ts";
import type { BlobSource } from "../../../actors/l1/blobSource.ts";
import type { L1Head } from "../../../actors/l1/provider.ts";
import type {
  L1Position,
  RollupContract,
  RollupEvent,
  RollupParameters,
} from "../../../actors/l1/rollupContract.ts";
import type { ChainPoint } from "../../../actors/node/chainState.ts";
import { type BuiltBlock, buildBlock } from "../../../actors/sequencer/buildBlock.ts";
import type { PooledTransaction } from "../../../actors/sequencer/mempool.ts";

const ROLLUP = "0x00000000000000000000000000000000000000aa";
const PROPOSER = "0x00000000000000000000000000000000000000bb";
export const PRICES = { feePerL2Gas: 10n, feePerDaGas: 20n };

/** Gives these prices whatever blocks hold: no L1 gas counts, and no excess is enough to matter. */
const CONSTANT_FEES: FeeConfig = {
  targetL2: 1n,
  targetDa: 6_554n, // a blob for 20 a byte
  fractionL2: 2n ** 48n - 1n,
  fractionDa: 2n ** 48n - 1n,
  proposeGas: 0n,
  proofGas: 0n,
  provingCost: PRICES.feePerL2Gas,
  maxFeePerL2Gas: 2n ** 50n,
  maxFeePerDaGas: 2n ** 50n,
  oracleLag: 1n,
  oracleLifetime: 65_535n,
};

export function fakeParameters(): RollupParameters {
  const genesisRoot = AccountTree.empty().root();
  return {
    address: ROLLUP,
    chainId: 31337,
    startBlock: 1,
    version: 1n,
    clock: { genesisTime: toTimestamp(1_000), slotDuration: 12, slotsPerEpoch: 2, proofSubmissionEpochs: 1 },
    sizes: SIZES.local,
    genesisRoot,
    genesisHash: genesisChainHash({ chainId: 31337n, rollup: toAddress(ROLLUP), version: 1n, genesisRoot }),
    initialOracle: { price: PRICE_SCALE, preBase: 1n, preBlob: 1n, postBase: 1n, postBlob: 1n },
    fees: CONSTANT_FEES,
    minimumFeeRegistration: 1n,
    minimumAssetRegistration: 1n,
    messageDeadline: 30,
    limits: { gasL2: 90_000n, gasDa: 768n, modifier: 100, records: 64 },
    validatorSet: ROLLUP,
    aggregateChallenge: ROLLUP,
    challengeWindow: 0n,
    feePortal: ROLLUP,
    assetPortal: ROLLUP,
    feeToken: ROLLUP,
    asset: ROLLUP,
  };
}

export const DOMAIN = truncatedToField(fakeParameters().genesisHash);

/** A key pair by number. */
export function keyPair(number: number): KeyPair {
  return schnorrKeyPair(new Uint8Array(32).fill(number + 1));
}

/** The two deposits that open an account. */
export function depositsOf(index: number, { fee = 10n ** 9n, asset = 1_000n } = {}): Message[] {
  const { publicKey } = keyPair(index);
  const common = {
    index,
    keyX: publicKey.x,
    keyParity: Number(publicKey.y & 1n),
    sender: toAddress(PROPOSER),
  };
  return [
    { type: MESSAGE_FEE_DEPOSIT, amount: fee, ...common },
    { type: MESSAGE_ASSET_DEPOSIT, amount: asset, ...common },
  ];
}

/** Changes to what a proposer claims. */
export interface Lie {
  stateRoot?: Field;
  gasL2?: bigint;
  /** Published instead of the block's own. */
  blob?: Uint8Array;
}

export class FakeL1 implements BlobSource {
  readonly parameters = fakeParameters();
  /** Without the zeros at their ends. */
  readonly blobs = new Map<string, Uint8Array>();
  /** What the blob source answers instead. */
  answer: ((hash: string) => Uint8Array) | undefined;
  #blocks: { head: L1Head; events: RollupEvent[] }[] = [];
  #fork = 0;
  /** Number of the newest block that is shown; absent: all are. */
  shownUpTo: number | undefined;

  constructor() {
    this.mine([]);
  }

  get head(): L1Head {
    return this.#blocks.at(-1)!.head;
  }

  /** L1 time of an epoch's proof; 0 while there is none. */
  timeOfProof(epoch: number): number {
    const isIt = (event: RollupEvent): boolean => event.type === "epochProven" && event.epoch === epoch;
    return this.#blocks.find(({ events }) => events.some(isIt))?.head.timestamp ?? 0;
  }

  get provider(): JsonRpcProvider {
    const send = (_method: string, [tag]: [string]): Promise<unknown> => {
      const block =
        this.#blocks[tag === "latest" ? (this.shownUpTo ?? this.#blocks.length - 1) : Number(tag)];
      return Promise.resolve(block ? { ...block.head } : null);
    };
    return { send } as unknown as JsonRpcProvider;
  }

  get rollup(): RollupContract {
    const events = ({ from, to }: { from: number; to: number }): Promise<RollupEvent[]> =>
      Promise.resolve(this.#blocks.slice(from, to + 1).flatMap((block) => block.events));
    return { parameters: this.parameters, events } as unknown as RollupContract;
  }

  getBlobs({ versionedHashes }: { versionedHashes: readonly string[] }): Promise<Uint8Array[]> {
    return Promise.resolve(
      versionedHashes.map((hash) => this.answer?.(hash) ?? withTail(this.blobs.get(hash)!)),
    );
  }

  mine(make: ((at: L1Position) => RollupEvent)[]): void {
    const number = this.#blocks.length;
    const head: L1Head = {
      number,
      hash: `0x${this.#fork}-${number}`,
      parentHash: this.#blocks.at(-1)?.head.hash ?? "0x",
      timestamp: 1_000 + 12 * number,
    };
    const events = make.map((event, logIndex) => event({ block: head, transactionHash: "0x", logIndex }));
    this.#blocks.push({ head, events });
  }

  /** Drops the newest blocks; those that follow have other hashes. */
  reorg(depth: number): void {
    this.#blocks = this.#blocks.slice(0, -depth);
    this.#fork++;
  }

  send(messages: readonly Message[], before: readonly Message[] = []): void {
    this.mine(
      messages.map((message, i) => (at: L1Position): RollupEvent => {
        const all = [...before, ...messages.slice(0, i + 1)];
        return {
          type: "messageSent",
          at,
          index: all.length,
          message,
          rollingHash: rollMessageHashes(EMPTY_MESSAGE_HASH, all),
        };
      }),
    );
  }

  /** A block on top of `parent` as an honest builder makes it, or with a lie. Returns what was built. */
  propose(options: {
    parent: ChainPoint;
    slot: number;
    inbox?: readonly Message[];
    candidates?: readonly PooledTransaction[];
    lie?: Lie;
    /** False: signatures are taken to hold, and the versioned hash is made up. */
    real?: boolean;
  }): { built: BuiltBlock; point: ChainPoint } {
    const { parent, slot, inbox = [], candidates = [], lie = {}, real = true } = options;
    const built = buildBlock({
      parent,
      slot: toSlot(slot),
      prices: PRICES,
      inbox: inbox.slice(parent.record.messageCount),
      candidates,
      domain: DOMAIN,
      sizes: this.parameters.sizes,
      verifySignature: real ? schnorrVerify : () => true,
      ...(real ? {} : { hashBlob: () => madeUpHash(parent.number + 1) }),
    });
    return { built, point: this.publish({ parent, built, lie, real }) };
  }

  /** Mines a block that was built, with a lie or without. */
  publish({
    parent,
    built,
    lie = {},
    real = true,
  }: {
    parent: ChainPoint;
    built: BuiltBlock;
    lie?: Lie;
    real?: boolean;
  }): ChainPoint {
    const blob = lie.blob ?? built.blob;
    const header = {
      ...built.header,
      versionedHash: real ? BigInt(versionedHashOf(commitmentOf(blob))) : built.header.versionedHash,
      stateRoot: lie.stateRoot ?? built.header.stateRoot,
      gas: { ...built.header.gas, l2: lie.gasL2 ?? built.header.gas.l2 },
    };
    const versionedHash = `0x${header.versionedHash.toString(16).padStart(64, "0")}`;
    this.blobs.set(versionedHash, withoutTail(blob));
    const record = {
      ...parent.record,
      chainHash: chainHash(header),
      witnessHash: 1n,
      epochHash: 2n,
      messageHash: header.messageHash,
      messageCount: parent.record.messageCount + built.messages.length,
      number: parent.number + 1,
      slot: header.slot,
      bitmap: 1n,
    };
    const blk = encodeBlock({
      stateRoot: header.stateRoot,
      slot: header.slot,
      prices: PRICES,
      gas: header.gas,
      messages: built.messages.length,
      modifier: 0,
      bitmap: 1n,
      coinbase: toAddress(PROPOSER),
      signature: new Uint8Array(96),
    });
    this.mine([
      (at) => ({
        type: "proposed",
        at,
        number: record.number,
        record: encodeRecord(record),
        blk,
        versionedHash,
        proposer: PROPOSER,
      }),
    ]);
    return { number: record.number, record, state: built.result.state };
  }
}

function madeUpHash(number: number): string {
  return `0x01${number.toString(16).padStart(62, "0")}`;
}
