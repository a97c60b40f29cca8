import { expect } from "chai";
import { Noir, type CompiledCircuit, type InputMap } from "@noir-lang/noir_js";
import ckzg from "c-kzg";

import { hashAccount, type Account } from "../../protocol/account.ts";
import { fromBytes, toBytes } from "../../protocol/bytes.ts";
import { epochInputs } from "../../protocol/epochInputs.ts";
import { GRUMPKIN_GENERATOR, GRUMPKIN_ORDER, type GrumpkinPoint } from "../../protocol/grumpkin.ts";
import { truncatedToField } from "../../protocol/hash.ts";
import { chainHash } from "../../protocol/header.ts";
import { messageToUint32s, rollMessageHash, type MessageHash } from "../../protocol/message.ts";
import { openBlobs } from "../../protocol/opening.ts";
import { countParticipation, encodeParticipation } from "../../protocol/participation.ts";
import { poseidon2Hash, poseidon2Permute } from "../../protocol/poseidon2.ts";
import type { Field } from "../../protocol/field.ts";
import { schnorrSign, schnorrVerify, type Signature } from "../../protocol/schnorr.ts";
import { extremeRandom } from "../../protocol/vectors/random.ts";
import {
  sampleAccount,
  sampleHeader,
  sampleMessage,
  sampleWithdrawal,
} from "../../protocol/vectors/samples.ts";
import { encodeWithdrawal, foldWithdrawals } from "../../protocol/withdrawal.ts";
import { compileProbe } from "../../scripts/circuits/probes.ts";
import { blobOf, DOMAIN, GENESIS, PROVER, TestChain, User } from "./support/testChain.ts";

/** One circuit that shows what the pieces compute. */
const PROBE = `
use calpulli::account::Account;
use calpulli::header::Header;
use calpulli::message::roll;
use calpulli::participation::Participation;
use calpulli::poseidon::hash;
use calpulli::schnorr::{Blinding, Signature, verify};
use calpulli::withdrawals::{Withdrawal, Withdrawals};
use std::embedded_curve_ops::EmbeddedCurvePoint;

fn main(
    header: Header,
    parent: [u32; 8],
    message: [u32; 22],
    rolled: [u32; 7],
    account: Account,
    bitmap: [u32; 2],
    rho: Field,
    withdrawal: Withdrawal,
    signature: Signature,
    key: EmbeddedCurvePoint,
    digest: Field,
    blinding: EmbeddedCurvePoint,
) -> pub ([Field; 3], [u32; 7], Field, [Field; 2], Field, bool) {
    let exists = !((key.x == 0) & (key.y == 0));
    (
        [hash([1, 2, 3, 4, 5]), hash([1, 2, 3]), header.chain_hash(parent).field],
        roll(rolled, message),
        account.hash(),
        Participation::none().count_if(true, bitmap).counters,
        Withdrawals::new(rho).push_if(true, withdrawal).push_if(false, withdrawal).folded,
        verify(signature, key, exists, digest, Blinding { point: blinding }),
    )
}`;

describe("circuit pieces, against TypeScript", () => {
  const user = new User(3);
  const chain = new TestChain();
  const { inputs, blocks } = chain.epoch(
    { messages: [user.fees(12_345n)], parentBitmap: 0xf00dn },
    { parentBitmap: (1n << 47n) | (1n << 24n) | (1n << 23n) | 1n },
  );
  const { header } = blocks[1]!;
  const witness = inputs.witness as unknown as {
    start: Record<string, unknown>;
    blocks: { header: Record<string, unknown>; messages: { words: string[] }[] }[];
    blinding: { point: unknown };
  };
  const digest = 7n as Field;
  let noir: Noir;

  before(async function () {
    this.timeout(60_000);
    noir = new Noir((await compileProbe(PROBE)) as unknown as CompiledCircuit);
  });

  async function run(
    signature: Signature,
    key: GrumpkinPoint,
    others: Partial<InputMap> = {},
  ): Promise<unknown[]> {
    const low = (1n << 128n) - 1n;
    const { returnValue } = await noir.execute({
      header: witness.blocks[1]!.header,
      parent: words(header.parentChainHash, 8),
      message: messageToUint32s(user.fees(12_345n)),
      rolled: words(99n, 7),
      account: { key_x: "0x5", key_y: "0x6", fee_balance: "0x7", balance: "0x8", nonce: "0x9" },
      bitmap: words(header.parentBitmap, 2),
      rho: "0x1234567",
      withdrawal: { asset: true, amount: "0x55", recipient_high: "0x1", recipient_low: "0x2" },
      signature: { s_low: hex(signature.s & low), s_high: hex(signature.s >> 128n), e: hex(signature.e) },
      key: { x: hex(key.x), y: hex(key.y) },
      digest: hex(digest),
      blinding: witness.blinding.point,
      ...others,
    } as InputMap);
    return returnValue as unknown[];
  }

  it("hashes, chain hash, message hash, account, participation and withdrawals agree", async () => {
    const [hashes, rolled, account, counters, folded] = await run({ s: 1n, e: 1n }, user.keys.publicKey);
    expect((hashes as string[]).map(BigInt)).to.deep.equal([
      poseidon2Hash([1n, 2n, 3n, 4n, 5n] as Field[]),
      poseidon2Hash([1n, 2n, 3n] as Field[]),
      truncatedToField(chainHash(header)),
    ]);
    expect(join(rolled as string[])).to.equal(rollMessageHash(99n as MessageHash, user.fees(12_345n)));
    const expected = { key: { x: 5n, y: 6n }, feeBalance: 7n, balance: 8n, nonce: 9 } as Account;
    expect(BigInt(account as string)).to.equal(hashAccount(expected, poseidon2Permute));
    const counted = encodeParticipation(countParticipation([0n, header.parentBitmap]));
    expect((counters as string[]).map(BigInt)).to.deep.equal([...counted]);
    const word = (1n << 255n) | (0x55n << 160n) | (1n << 128n) | 2n;
    expect(BigInt(folded as string)).to.equal(foldWithdrawals(0x1234567n as Field, [word]));
  });

  it("they agree where every field is at a bound", async () => {
    for (const end of [extremeRandom("least"), extremeRandom("greatest")]) {
      const sampled = sampleHeader(end);
      const { prices, gas } = sampled;
      const message = sampleMessage(end);
      const account = sampleAccount(end);
      const withdrawal = encodeWithdrawal(sampleWithdrawal(end));
      const previous = end.bits(224);
      const rho = end.bits(248) as Field;
      const [hashes, rolled, leaf, counters, folded] = await run({ s: 1n, e: 1n }, user.keys.publicKey, {
        header: {
          state_root: words(sampled.stateRoot, 8),
          versioned_hash: words(sampled.versionedHash, 8),
          message_hash: words(sampled.messageHash, 7),
          slot: sampled.slot,
          fee_per_l2_gas: words(prices.feePerL2Gas, 2),
          fee_per_da_gas: words(prices.feePerDaGas, 2),
          gas_l2: hex(gas.l2),
          gas_da: hex(gas.da),
          parent_bitmap: words(sampled.parentBitmap, 2),
        },
        parent: words(sampled.parentChainHash, 8),
        message: messageToUint32s(message),
        rolled: words(previous, 7),
        account: {
          key_x: hex(account.key.x),
          key_y: hex(account.key.y),
          fee_balance: hex(account.feeBalance),
          balance: hex(account.balance),
          nonce: hex(BigInt(account.nonce)),
        },
        bitmap: words(sampled.parentBitmap, 2),
        rho: hex(rho),
        withdrawal: {
          asset: withdrawal >> 255n === 1n,
          amount: hex((withdrawal >> 160n) & ((1n << 95n) - 1n)),
          recipient_high: hex((withdrawal >> 128n) & 0xffffffffn),
          recipient_low: hex(withdrawal & ((1n << 128n) - 1n)),
        },
      });
      expect(BigInt((hashes as string[])[2]!)).to.equal(truncatedToField(chainHash(sampled)));
      expect(join(rolled as string[])).to.equal(rollMessageHash(previous as MessageHash, message));
      expect(BigInt(leaf as string)).to.equal(hashAccount(account, poseidon2Permute));
      const counted = encodeParticipation(countParticipation([0n, sampled.parentBitmap]));
      expect((counters as string[]).map(BigInt)).to.deep.equal([...counted]);
      expect(BigInt(folded as string)).to.equal(foldWithdrawals(rho, [withdrawal]));
    }
  });

  it("signatures hold or not, and never fail the solver", async function () {
    this.timeout(30_000);
    const { publicKey } = user.keys;
    const { s, e } = schnorrSign(user.keys, digest);
    const N = GRUMPKIN_ORDER;
    const generator = GRUMPKIN_GENERATOR;
    const opposite = { x: generator.x, y: P - generator.y } as GrumpkinPoint;
    const nobody = { x: 0n, y: 0n } as GrumpkinPoint;
    const cases: [string, Signature, GrumpkinPoint][] = [
      ["honest", { s, e }, publicKey],
      ["other s", { s: s + 1n, e }, publicKey],
      ["other e", { s, e: e ^ 1n }, publicKey],
      ["other key", { s, e }, new User(4).keys.publicKey],
      ["s + n", { s: s + N, e }, publicKey],
      ["s = n", { s: N, e }, publicKey],
      ["s = n - 1", { s: N - 1n, e }, publicKey],
      ["s of 256 bits", { s: (1n << 256n) - 1n, e }, publicKey],
      ["s in the high half just below n", { s: (N >> 128n) << 128n, e }, publicKey],
      ["zeros", { s: 0n, e: 0n }, publicKey],
      ["s = 0", { s: 0n, e }, publicKey],
      ["e = 0", { s, e: 0n }, publicKey],
      ["largest e", { s, e: (1n << 128n) - 1n }, publicKey],
      ["no key", { s, e }, nobody],
      ["generator as key", { s, e }, generator],
      ["generator as key, s = e", { s: e, e }, generator],
      ["opposite generator, s = e: R at infinity", { s: e, e }, opposite],
    ];
    for (const [name, signature, key] of cases) {
      const expected = schnorrVerify({ publicKey: key, message: digest, signature });
      expect((await run(signature, key))[5], name).to.equal(expected);
      expect(expected, name).to.equal(name === "honest");
    }
  });

  it("the witness of an opening agrees with c-kzg, blob by blob and combined", () => {
    loadTrustedSetup();
    const blobs = blocks.map((block) => block.words.map((word, j) => word + BigInt(j) * 3n ** 150n));
    const challenge = { z: 0xabcdef123456789n ** 4n, gamma: 0xfedcban ** 5n };
    const opening = openBlobs(blobs, challenge);
    const z = toBytes(challenge.z, 32);
    const values = blobs.map((blob) => fromBytes(ckzg.computeKzgProof(blobOf(blob), z)[1]));
    expect(opening.evaluations.map(({ value }) => value)).to.deep.equal(values);
    const R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
    expect(opening.y).to.equal((values[0]! + challenge.gamma * values[1]!) % R);
  });

  it("inputs of an epoch are refused without blocks, and with too many", () => {
    const epoch = { sizes: chain.sizes, genesisChainHash: GENESIS, prover: PROVER, previous: undefined };
    expect(() => epochInputs({ ...epoch, blocks: [] })).to.throw(/1 to 2 blocks/);
    expect(() => epochInputs({ ...epoch, blocks: [blocks[0]!, blocks[1]!, blocks[1]!] })).to.throw(
      /1 to 2 blocks/,
    );
    expect(DOMAIN).to.equal(truncatedToField(GENESIS));
  });
});

const P = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;

function loadTrustedSetup(): void {
  try {
    ckzg.loadTrustedSetup(0);
  } catch (error) {
    if (!String(error).includes("already loaded")) throw error;
  }
}

function hex(x: bigint): string {
  return `0x${x.toString(16)}`;
}

function words(x: bigint, count: number): string[] {
  return Array.from({ length: count }, (_, k) => hex((x >> BigInt(32 * (count - 1 - k))) & 0xffffffffn));
}

function join(parts: readonly string[]): bigint {
  return parts.reduce((sum, part) => (sum << 32n) | BigInt(part), 0n);
}
