/** Amounts of tokens with 18 decimals, for people. */
import { formatUnits } from "ethers";

const DECIMALS = 18;

/** Every digit and no more: `0.07`, `1000.0`. */
export function exactTokens(amount: bigint): string {
  return formatUnits(amount, DECIMALS);
}

/** All 18 decimals, with commas, none for zero: amounts that end under each other are aligned at the point. */
export function alignedTokens(amount: bigint): string {
  if (amount === 0n) return "0".padEnd(DECIMALS + 2);
  const [whole = "0", fraction = ""] = exactTokens(amount).split(".");
  return `${withCommas(whole)}.${fraction.padEnd(DECIMALS, "0")}`;
}

/** Four decimals or, under a thousandth, three digits that count; rounded down. */
export function shortTokens(amount: bigint | string): string {
  const [whole = "0", fraction = ""] = (typeof amount === "string" ? amount : exactTokens(amount)).split(".");
  const zeros = /^0*/.exec(fraction)![0].length;
  const digits = BigInt(whole) === 0n && zeros >= 3 ? zeros + 3 : 4;
  const kept = fraction.slice(0, digits).replace(/0+$/, "");
  return withCommas(whole) + (kept === "" ? "" : `.${kept}`);
}

function withCommas(whole: string): string {
  return BigInt(whole).toLocaleString("en");
}
