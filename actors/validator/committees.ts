import { Contract, type JsonRpcProvider } from "ethers";

import { hexToBytes } from "../../protocol/bytes.ts";
import { type KeyHash, type PublicKey, keyHash } from "../../protocol/bls.ts";
import { type Epoch, epochStart } from "../../protocol/time.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";

/** One position of a committee. */
export interface CommitteeMember {
  /** Address that sends its blocks. */
  proposer: string;
  keyHash: KeyHash;
  /** Undefined while no deposit showed it. */
  key: PublicKey | undefined;
}

/** Parameters of {@link Committees}. */
export interface CommitteesOptions {
  provider: JsonRpcProvider;
  parameters: RollupParameters;
  /** L1 block from which deposits are read: that of the registry's creation. Default: that of the Rollup. */
  startBlock?: number;
  /** Keys that no event shows, such as those of a permissioned set. */
  keys?: readonly PublicKey[];
}

/** Epochs whose committees are kept. */
const KEPT_EPOCHS = 64;

/** Committees and their keys as L1 has them: members from the validator set, keys from its deposits. */
export class Committees {
  readonly #options: CommitteesOptions;
  readonly #set: Contract;
  readonly #keys = new Map<KeyHash, PublicKey>();
  readonly #epochs = new Map<number, readonly Omit<CommitteeMember, "key">[]>();
  #readTo: number;

  constructor(options: CommitteesOptions) {
    const { provider, parameters, keys = [] } = options;
    this.#options = options;
    this.#set = new Contract(
      parameters.validatorSet,
      contractInterface("staking/IValidatorRegistry"),
      provider,
    );
    this.#readTo = (options.startBlock ?? parameters.startBlock) - 1;
    for (const key of keys) this.#keys.set(keyHash(key), key);
  }

  /** Members by position; none while the epoch's committee is not drawn. */
  async of(epoch: Epoch): Promise<CommitteeMember[]> {
    const members = this.#epochs.get(epoch) ?? (await this.#read(epoch));
    if (members.some((member) => !this.#keys.has(member.keyHash))) await this.#readKeys();
    return members.map((member) => ({ ...member, key: this.#keys.get(member.keyHash) }));
  }

  /** Reads everything anew: after an L1 reorg an epoch may have another committee. */
  forget(): void {
    this.#epochs.clear();
  }

  async #read(epoch: Epoch): Promise<readonly Omit<CommitteeMember, "key">[]> {
    const { address, clock } = this.#options.parameters;
    let answer: [string[], string[]];
    try {
      answer = (await this.#set
        .getFunction("committeeOf")
        .staticCall(address, epoch, epochStart(clock, epoch))) as [string[], string[]];
    } catch (error) {
      if ((error as { code?: string }).code === "CALL_EXCEPTION") return [];
      throw error;
    }
    const [proposers, hashes] = answer;
    const members = hashes.map((hash, k) => ({
      proposer: proposers[k]!,
      keyHash: ((BigInt(hash) >> 32n) << 32n) as KeyHash,
    }));
    if (members.length === 0) return members;
    if (this.#epochs.size >= KEPT_EPOCHS) this.#epochs.delete(this.#epochs.keys().next().value!);
    this.#epochs.set(epoch, members);
    return members;
  }

  /** Deposits since the last look. What an L1 reorg takes back stays known: a key hash has one key. */
  async #readKeys(): Promise<void> {
    const { provider } = this.#options;
    const head = await provider.getBlockNumber();
    if (head <= this.#readTo) return;
    const event = this.#set.interface.getEvent("Deposited")!;
    const logs = await provider.getLogs({
      address: await this.#set.getAddress(),
      topics: [event.topicHash],
      fromBlock: this.#readTo + 1,
      toBlock: head,
    });
    for (const log of logs) {
      const parsed = this.#set.interface.parseLog(log);
      if (!parsed) continue;
      const words = parsed.args["key"] as bigint[];
      const key = hexToBytes(
        `0x${words.map((word) => word.toString(16).padStart(64, "0")).join("")}`,
      ) as PublicKey;
      this.#keys.set(keyHash(key), key);
    }
    this.#readTo = head;
  }
}
