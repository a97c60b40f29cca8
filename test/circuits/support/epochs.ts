/** Builds epochs for circuit tests on the reference ledger. */
import { ethers } from "ethers";

import {
  epochInputs,
  type CircuitSize,
  type EpochBlock,
  type EpochHeader,
  type EpochInputs,
  type EpochMessage,
} from "../../../protocol/epochInputs.ts";
import { chainHash, execute, Tree, type Outcome } from "./reference.ts";

export const DOMAIN = 0x00aa000000000000000000000000000000000000000000000000000000c0ffeen;
export const PRICES = { feePerL2Gas: 7n, feePerDaGas: 1_000n };
export const PROVER = 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266n;

/** A chain of blocks that starts at genesis. */
export class Chain {
  readonly tree = new Tree();
  readonly size: CircuitSize;
  messageHash = 0n;
  /** As 32 bytes. */
  tip = DOMAIN << 8n;
  last: EpochHeader | undefined;
  slot = 0;

  constructor(size: CircuitSize) {
    this.size = size;
  }

  /** Words of a blob with these transactions, and of the wanted length. */
  blob(transactions: readonly (readonly bigint[])[], count = BigInt(transactions.length)): bigint[] {
    const words = [count, ...transactions.flat()];
    return [...words, ...new Array<bigint>(1 + 4 * this.size.transactions - words.length).fill(0n)];
  }

  add({
    words = this.blob([]),
    messages = [],
    bitmap = 0n,
    prices = PRICES,
  }: {
    words?: bigint[];
    messages?: EpochMessage[];
    bitmap?: bigint;
    prices?: typeof PRICES;
  }): { block: EpochBlock; outcome: Outcome } {
    const { tree, size, messageHash } = this;
    const outcome = execute({ tree, size, domain: DOMAIN, prices, words, messages, messageHash });
    this.slot += 3;
    const header: EpochHeader = {
      parentChainHash: this.tip,
      stateRoot: tree.root,
      versionedHash: BigInt(ethers.id(`blob ${this.slot}`)),
      messageHash: outcome.messageHash,
      slot: this.slot,
      ...prices,
      gasL2: outcome.gasL2,
      gasDa: outcome.gasDa,
      parentBitmap: bitmap,
    };
    this.messageHash = outcome.messageHash;
    this.tip = chainHash(header);
    this.last = header;
    return { block: { header, words, messages, trace: outcome.trace }, outcome };
  }

  /** Runs blocks as one epoch and makes the circuit's inputs. */
  epoch(
    contents: readonly Parameters<Chain["add"]>[0][],
  ): EpochInputs & { outcomes: Outcome[]; blocks: EpochBlock[] } {
    const before = this.tip;
    const previous = this.last;
    const results = contents.map((content) => this.add(content));
    const withdrawals = results.flatMap(({ outcome }) => outcome.withdrawals);
    const blocks = results.map(({ block }) => block);
    const made = epochInputs({
      size: this.size,
      domain: DOMAIN,
      prover: PROVER,
      rho: rhoOf(this.tip, withdrawals),
      chainHashBefore: before >> 8n,
      chainHashAfter: this.tip >> 8n,
      previous,
      blocks,
      idle: this.tree.read(0n),
      withdrawals,
    });
    return { ...made, blocks, outcomes: results.map(({ outcome }) => outcome) };
  }
}

export function rhoOf(chainHashAfter: bigint, withdrawals: readonly bigint[]): bigint {
  const words = [chainHashAfter, ...withdrawals];
  return (
    BigInt(
      ethers.solidityPackedKeccak256(
        words.map(() => "uint256"),
        words,
      ),
    ) >> 8n
  );
}
