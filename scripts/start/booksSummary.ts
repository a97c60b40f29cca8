/** The books of the network token for the closing summary: values for `--json`, rows for people. */
import { owedByPortal, sum } from "../../actors/rewards/books.ts";
import type { ReadBooks } from "../../actors/rewards/readBooks.ts";
import { LOCAL_ACCOUNTS, localAddress, localValidator } from "../../deploy/localAccounts.ts";
import { alignedTokens } from "./amounts.ts";
import type { Group, Row } from "./layout.ts";
import { PROVERS } from "./provers.ts";
import { USER } from "./story.ts";

/** Amounts in base units, as text. */
export interface BooksSummary {
  /** L1 block of all figures. */
  block: number;
  minted: string;
  burned: Record<string, string>;
  supply: string;
  /** Where the supply is; together the supply. */
  places: Record<string, string>;
  /** What the FeePortal owes; together its balance. */
  feePortal: Record<string, string>;
  /** What does not add up; empty when the books are right. */
  differences: string[];
}

/** A figure of the books with what it is. */
type Entry = readonly [name: string, amount: bigint];

/** Everything that the books are made of, in the order in which it is told. */
interface Entries {
  burned: Entry[];
  places: Entry[];
  feePortal: Entry[];
}

/** @param validators number of local validators */
export function summariseBooks(books: ReadBooks, validators: number): { values: BooksSummary; group: Group } {
  const entries = entriesOf(books, validators);
  const text = (list: readonly Entry[]): Record<string, string> =>
    Object.fromEntries(list.map(([name, amount]) => [name, String(amount)]));
  const { block, minted, supply, differences } = books;
  return {
    values: {
      block,
      minted: String(minted),
      burned: text(entries.burned),
      supply: String(supply),
      places: text(entries.places),
      feePortal: text(entries.feePortal),
      differences: [...differences],
    },
    group: groupOf(books, entries),
  };
}

function entriesOf(books: ReadBooks, validators: number): Entries {
  const { burnedBy, places, stakes, bonds, buckets } = books;
  const owed = owedByPortal(books.feePortal);
  return {
    burned: [
      ["bonds of provers", burnedBy.market],
      ["fees", burnedBy.feePortal],
      ["slashed stakes", burnedBy.aggregateChallenge],
      ["anything else", books.burned - burnedBy.market - burnedBy.feePortal - burnedBy.aggregateChallenge],
    ],
    places: [
      ...walletsOf(books, validators),
      ["stakes", stakes ? stakes.staked : places.validatorSet],
      ["stakes that exit", stakes?.exiting ?? 0n],
      ["bonds, free", bonds.free],
      ["bonds, reserved", bonds.reserved],
      ["bonds, on their way out", bonds.withdrawing],
      ["bonds, forfeited", bonds.forfeited],
      ["FeePortal", places.feePortal],
      ["distributor, canonical", buckets.canonical],
      ["distributor, earmarked", buckets.earmarked],
      ["Rewards contract", places.rewards],
      ["challenge contract", places.aggregateChallenge],
    ],
    feePortal: [
      ["fee juice of accounts", owed.accounts],
      ["deposits not in a block yet", owed.waiting],
      ["deposits to be returned", owed.returns],
      ["fees not proven yet", owed.pending],
      ["fees credited, not paid yet", owed.credited],
    ],
  };
}

function walletsOf({ wallets, places }: ReadBooks, validators: number): Entry[] {
  const owners: Record<string, string[]> = {
    treasury: [localAddress(LOCAL_ACCOUNTS.treasury)],
    provers: PROVERS.map(({ account }) => localAddress(account)),
    validators: Array.from({ length: validators }, (_, index) => localValidator(index)).flatMap(
      ({ proposer, withdrawer }) => [proposer.address, withdrawer.address],
    ),
    "a user": [localAddress(USER)],
  };
  const entries = Object.entries(owners).map(([name, addresses]): Entry => [
    `wallets: ${name}`,
    sum(addresses.map((address) => wallets.get(address.toLowerCase()) ?? 0n)),
  ]);
  return [...entries, ["wallets: others", places.wallets - sum(entries.map(([, amount]) => amount))]];
}

function groupOf(books: ReadBooks, { burned, places, feePortal }: Entries): Group {
  const { block, minted, supply, differences } = books;
  const total = sum(places.map(([, amount]) => amount));
  const owed = sum(feePortal.map(([, amount]) => amount));
  const lines = [
    ["minted", minted],
    ...burned.map(([name, amount]): Entry => [`burned: ${name}`, amount]),
    ["total supply", supply],
    undefined,
    ...places,
    ["together", total],
    undefined,
    ...feePortal,
    ["together", owed],
  ] satisfies (Entry | undefined)[];
  const amounts = lines.map((line) => line && alignedTokens(line[1]));
  const labels = Math.max(...lines.map((line) => line?.[0].length ?? 0));
  const width = Math.max(...amounts.map((amount) => amount?.length ?? 0));
  const notes: Record<number, string> = {
    [lines.length - feePortal.length - 3]: equal(total, supply, "the supply"),
    [lines.length - 1]: equal(owed, books.places.feePortal, "FeePortal"),
  };
  const rows = lines.map((line, i): Row => {
    if (!line) return "";
    return `${line[0].padEnd(labels)}  ${amounts[i]!.padStart(width)}${notes[i] ? `  ${notes[i]}` : ""}`;
  });
  const wrong = differences.map((difference): Row => `WRONG: ${difference}`);
  return {
    title: `Books of TST at L1 block ${block}: every unit is in one place`,
    rows: [...rows, ...wrong],
  };
}

function equal(actual: bigint, expected: bigint, what: string): string {
  return actual === expected ? `= ${what}` : `NOT ${what}`;
}
