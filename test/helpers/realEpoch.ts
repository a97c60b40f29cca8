/** An epoch of the local circuit's size on a driven Rollup, executed by the ledger and proven for real. */

import { EpochProver } from "../../actors/prover/proving.ts";
import { type Address, toAddress } from "../../protocol/address.ts";
import { decodeBlob } from "../../protocol/blob.ts";
import { epochInputs, type EpochToProve, type ProvenBlock } from "../../protocol/epochInputs.ts";
import { truncatedToField, type TruncatedHash } from "../../protocol/hash.ts";
import { chainHash, type Header } from "../../protocol/header.ts";
import { executeBlock } from "../../protocol/ledger.ts";
import {
  type Deposit,
  EMPTY_MESSAGE_HASH,
  type Message,
  MESSAGE_ASSET_DEPOSIT,
  MESSAGE_FEE_DEPOSIT,
  rollMessageHashes,
} from "../../protocol/message.ts";
import { encodeParticipation } from "../../protocol/participation.ts";
import { schnorrKeyPair } from "../../protocol/schnorr.ts";
import { SIZES } from "../../protocol/sizes.ts";
import { toSlot } from "../../protocol/time.ts";
import {
  encodeTransaction,
  KIND_TRANSFER,
  KIND_WITHDRAW,
  signTransaction,
  type TransactionWords,
} from "../../protocol/transaction.ts";
import { AccountTree } from "../../protocol/tree.ts";
import { buildCircuit } from "../../scripts/circuits/build.ts";
import { encodeBlob, makeSidecar, openCombined } from "./kzg.ts";
import { type Connection, deployRollup, type EpochProofArgs, type RollupDriver } from "./rollup.ts";

const sizes = SIZES.local;
const DEPOSIT = 10n ** 20n;
const FIRST_SLOT = 2;

export interface RealEpoch {
  driver: RollupDriver;
  args: EpochProofArgs;
}

/** Two blocks that deposit, transfer and withdraw, proposed in the second epoch; the epoch is over. */
export async function proveRealEpoch(
  setUp: { members?: number; connection?: Connection } = {},
): Promise<RealEpoch> {
  const prover = await EpochProver.open(await buildCircuit({ size: "local" }));
  const driver = await deployRollup({
    ...setUp,
    verifier: "EpochVerifierLocal",
    parameters: {
      slotsPerEpoch: BigInt(sizes.blocks),
      maxMessages: BigInt(sizes.messages),
      genesisRoot: AccountTree.empty().root(),
    },
  });
  const chain = new ProvenChain(driver);
  const keys = schnorrKeyPair(new TextEncoder().encode("owner of leaf 0"));
  const user = driver.members[0]!;
  const sender = toAddress(user.address);
  await driver.fund(user.address);
  await driver.toSlot(0);
  await driver.approve(user);

  const { x, y } = keys.publicKey;
  await driver.contracts.feePortal.connect(user).register(x, y, DEPOSIT);
  await driver.contracts.assetPortal.connect(user).deposit(0, x, y, DEPOSIT);
  const deposit: Omit<Deposit, "type"> = {
    index: 0,
    keyX: x,
    keyParity: Number(y & 1n),
    amount: DEPOSIT,
    sender,
  };
  const sign = (
    nonce: number,
    kind: typeof KIND_TRANSFER | typeof KIND_WITHDRAW,
    to: bigint,
  ): TransactionWords =>
    encodeTransaction(
      signTransaction({
        domain: chain.domain,
        keyPair: keys,
        body: { kind, from: 0, to, nonce, amount: 7n, maxFeePerL2Gas: 1n << 60n, maxFeePerDaGas: 1n << 60n },
      }),
    );

  await chain.add({
    slot: FIRST_SLOT,
    messages: [
      { ...deposit, type: MESSAGE_FEE_DEPOSIT },
      { ...deposit, type: MESSAGE_ASSET_DEPOSIT },
    ],
    transactions: [sign(0, KIND_TRANSFER, 0n), sign(1, KIND_WITHDRAW, sender)],
  });
  await chain.add({ slot: FIRST_SLOT + 1, messages: [], transactions: [sign(2, KIND_WITHDRAW, sender)] });
  await driver.toSlot(FIRST_SLOT + sizes.blocks);

  const inputs = epochInputs(chain.epoch(sender));
  const { statement } = inputs;
  const { z, gamma } = statement.challenge;
  const valid = driver.epochProof(1, sizes.blocks);
  const { y: value, opening } = openCombined(chain.words, z, gamma);
  const { proof } = await prover.prove(inputs.inputs);
  return {
    driver,
    args: {
      ...valid,
      prover: user.address,
      z,
      gamma,
      y: value,
      opening,
      participation: [...encodeParticipation(statement.participation)],
      withdrawals: [...statement.withdrawals],
      proofs: [`0x${Buffer.from(proof).toString("hex")}`],
    },
  };
}

interface Content {
  slot: number;
  messages: readonly Message[];
  transactions: readonly TransactionWords[];
}

/** Executes blocks with the ledger and proposes them. */
class ProvenChain {
  readonly #driver: RollupDriver;
  readonly #blocks: ProvenBlock[] = [];
  readonly #genesis: TruncatedHash;
  #state = AccountTree.empty();
  #messageHash = EMPTY_MESSAGE_HASH;

  constructor(driver: RollupDriver) {
    this.#driver = driver;
    this.#genesis = driver.genesis[0] as TruncatedHash;
  }

  get domain() {
    return truncatedToField(this.#genesis);
  }

  get words(): bigint[][] {
    return this.#blocks.map(({ words }) => [...words]);
  }

  async add({ slot, messages, transactions }: Content): Promise<void> {
    const prices = this.#driver.pricesOn(this.#driver.tipRecord, BigInt(slot));
    const used = [BigInt(transactions.length), ...transactions.flat()];
    const words = Array.from({ length: sizes.words }, (_, i) => used[i] ?? 0n);
    const sidecar = makeSidecar(words);
    const data = decodeBlob(encodeBlob(words), sizes);
    const result = executeBlock(this.#state, { data, messages, prices, domain: this.domain, sizes });
    const previous = this.#blocks.at(-1)?.header;
    this.#messageHash = rollMessageHashes(this.#messageHash, messages);
    const header: Header = {
      parentChainHash: previous ? chainHash(previous) : this.#genesis,
      stateRoot: result.state.root(),
      versionedHash: BigInt(sidecar.versionedHash),
      messageHash: this.#messageHash,
      slot: toSlot(slot),
      prices,
      gas: result.gas,
      parentBitmap: (this.#driver.tipRecord[4] >> 144n) & ((1n << 48n) - 1n),
    };
    const block = await this.#driver.propose(
      slot,
      {
        stateRoot: header.stateRoot,
        gasL2: result.gas.l2,
        gasDa: result.gas.da,
        messages: BigInt(messages.length),
      },
      sidecar,
    );
    if (block.record[0] !== chainHash(header)) throw new Error("the block's chain hash is not the ledger's");
    this.#state = result.state;
    this.#blocks.push({ header, words, result });
  }

  epoch(prover: Address): EpochToProve {
    return { sizes, genesisChainHash: this.#genesis, prover, previous: undefined, blocks: this.#blocks };
  }
}
