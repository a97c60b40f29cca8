/** Gates of each piece of the epoch circuit: what one more of it costs, as a difference of two small circuits. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { countGates } from "./countGates.ts";
import { compileProbe } from "./probes.ts";

interface Piece {
  readonly name: string;
  /** How often the two circuits contain it; enough of them to be above the fixed cost of lookup tables. */
  readonly copies: readonly [number, number];
  readonly uses: string;
  /** Type of one copy's input. */
  readonly input: string;
  /** A field element computed from the input `x`. */
  readonly body: string;
}

const PIECES: readonly Piece[] = [
  {
    name: "header, three compressions",
    copies: [4, 5],
    uses: "header::Header",
    input: "Header",
    body: "x.chain_hash([1; 8]).field",
  },
  {
    name: "message, two compressions",
    copies: [5, 6],
    uses: "message::roll",
    input: "[u32; 22]",
    body: "calpulli::numbers::pack(roll([1; 7], x))",
  },
  {
    name: "message, read and deposit",
    copies: [1, 2],
    uses: "message::{deposit, MessageWitness, read}",
    input: "MessageWitness",
    body: `{
        let none = calpulli::withdrawals::Withdrawals::new(3);
        let (root, list) = deposit(read(x.words, x.active), x.key_y, x.leaf, x.leaf.account.nonce, none);
        root + list.folded
    }`,
  },
  {
    name: "signature",
    copies: [1, 2],
    uses: "schnorr::{Blinding, Signature, verify}",
    input: "(Signature, std::embedded_curve_ops::EmbeddedCurvePoint)",
    body: "verify(x.0, x.1, x.1.x != 0, 7, Blinding { point: x.1 }) as Field",
  },
  {
    name: "tree update",
    copies: [1, 2],
    uses: "tree::{Index, Path, replace}",
    input: "(Field, Path, Field)",
    body: "replace(x.0, Index::of(x.0), x.1, x.2, x.0)",
  },
  {
    name: "transaction, four words read",
    copies: [1, 2],
    uses: "transaction::from_words",
    input: "[Field; 4]",
    body: "from_words(x).0.spare",
  },
  {
    name: "transaction slot, reading included",
    copies: [1, 2],
    uses: "slot::{Progress, Rules, run, SlotWitness}",
    input: "([Field; 4], SlotWitness, Rules, Field)",
    body: `{
        let list = calpulli::withdrawals::Withdrawals::new(3);
        let before = Progress { root: x.3, withdrawals: list, gas_l2: 0, gas_da: 0, fees: 0 };
        let (transaction, _) = calpulli::transaction::from_words(x.0);
        let after = run(true, x.3 == 5, transaction, x.1, x.2, before);
        after.root + after.withdrawals.folded + after.gas_l2 + after.gas_da
    }`,
  },
  {
    name: "blob words, hash of 24",
    copies: [1, 2],
    uses: "poseidon::hash",
    input: "[Field; 24]",
    body: "hash(x)",
  },
  {
    name: "participation of a block",
    copies: [1, 2],
    uses: "participation::Participation",
    input: "[u32; 2]",
    body: "Participation::none().count_if(x[0] == 1, x).counters[1]",
  },
];

/** Opening circuits differ in words or in blobs. */
const OPENINGS = { base: [1, 24], word: [1, 25], blob: [2, 24] } as const;

export interface PieceGates {
  readonly name: string;
  readonly gates: number;
}

/** Counts every piece. */
export async function countPieces(): Promise<PieceGates[]> {
  const counted: PieceGates[] = [];
  for (const { name, copies, ...piece } of PIECES) {
    const [less, more] = copies;
    const gates = (await gatesOf(repeated(piece, more))) - (await gatesOf(repeated(piece, less)));
    counted.push({ name, gates: gates / (more - less) });
  }
  const base = await gatesOf(opening(...OPENINGS.base));
  const perWord = (await gatesOf(opening(...OPENINGS.word))) - base;
  const perBlob = (await gatesOf(opening(...OPENINGS.blob))) - base;
  return [
    ...counted,
    { name: "opening of one blob of 24 words", gates: base },
    { name: "opening, one word position more", gates: perWord },
    { name: "opening, one blob more", gates: perBlob },
  ];
}

/** Prints the table. */
export async function printGateReport(): Promise<void> {
  for (const { name, gates } of await countPieces()) console.log(`${String(gates).padStart(8)}  ${name}`);
}

function repeated({ uses, input, body }: Omit<Piece, "name" | "copies">, copies: number): string {
  return `
use calpulli::${uses};
fn main(inputs: [${input}; ${copies}]) -> pub [Field; ${copies}] {
    let mut outputs = [0; ${copies}];
    for i in 0..${copies} {
        let x = inputs[i];
        outputs[i] = ${body};
    }
    outputs
}`;
}

function opening(blobs: number, words: number): string {
  return `
use calpulli::limbs::Limbs;
use calpulli::opening::{Challenge, open, OpeningWitness};
fn main(words: [[Field; ${words}]; ${blobs}], hash: Field, witness: OpeningWitness<${blobs}, ${words}>) -> pub Limbs {
    let mut limbs = [[Limbs::new(0, 0, 0); ${words}]; ${blobs}];
    for i in 0..${blobs} {
        for j in 0..${words} {
            limbs[i][j] = Limbs::of_word(words[i][j]);
        }
    }
    open(limbs, Challenge::draw(hash, hash), witness)
}`;
}

async function gatesOf(source: string): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "calpulli-gates-"));
  try {
    const file = join(directory, "program.json");
    await writeFile(file, JSON.stringify(await compileProbe(source)));
    return await countGates(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
