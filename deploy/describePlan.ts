/** The plan of a deployment for people, as it is shown before anything is sent. */
import { formatEther, formatUnits, type InterfaceAbi } from "ethers";

import { namedArguments, readable } from "./namedArguments.ts";
import { costOf, gasToCome, type Outlook } from "./outlook.ts";
import type { Creation, Suite } from "./suite.ts";
import { dateOf, durationOf } from "./units.ts";

/** Several lines. */
export function describePlan(
  suite: Suite,
  outlook: Outlook,
  abis: Readonly<Record<string, InterfaceAbi>>,
): string {
  const { preset, network, chainId, deployer, nonce, owner, genesisTime, surroundings } = suite;
  const ahead = genesisTime - outlook.now;
  const facts: [string, string][] = [
    ["deployer", `${deployer}, ${formatEther(outlook.balance)} ETH, first nonce ${nonce}`],
    ["owner", `${owner}, ${outlook.ownerIsContract ? "a contract" : "an account"}`],
    ["council", surroundings.council],
    ["genesis", `${dateOf(genesisTime)}${ahead > 0 ? `, ${durationOf(ahead)} ahead of L1's head` : ""}`],
    ["circuit", `${preset.circuit}, key ${suite.verifier.verificationKeyHash}`],
    ...costLines(outlook),
  ];
  const { done, warnings } = outlook;
  return [
    `Plan: preset "${preset.name}" on "${network}" (chain ${chainId})`,
    `  ${preset.description}`,
    "",
    ...facts.map(([name, value]) => `  ${name.padEnd(9)} ${value}`),
    "",
    ...suite.creations.flatMap((creation, i) => creationLines(creation, i + 1, outlook, abis)),
    ...(done.length > 0 ? [`${done.length} of ${suite.creations.length} exist already.`, ""] : []),
    ...warnings.map((warning) => `Warning: ${warning}.`),
  ].join("\n");
}

/** Gas and price of what is still to come, for a plan that was rehearsed. */
export function costLines(outlook: Outlook): [string, string][] {
  if (!outlook.gas) return [];
  const lines: [string, string][] = [["gas", gasToCome(outlook).toLocaleString("en")]];
  if (outlook.gasPrice !== undefined) {
    const price = `${formatUnits(outlook.gasPrice, 9)} gwei`;
    lines.push(["cost", `${formatEther(costOf(outlook))} ETH at ${price}, L1's present price`]);
  }
  return lines;
}

function creationLines(
  { role, contract, address, constructorArguments }: Creation,
  number: number,
  { gas, done }: Outlook,
  abis: Readonly<Record<string, InterfaceAbi>>,
): string[] {
  const used = gas?.[role];
  const state = done.includes(role) ? "exists" : used === undefined ? "" : `${used.toLocaleString("en")} gas`;
  const name = contract.split(":").at(-1);
  const args = namedArguments(abis[contract]!, constructorArguments);
  return [
    `${String(number).padStart(2)} ${role}: ${name} at ${address}  ${state}`.trimEnd(),
    ...args.map((argument) => `     ${argument.name.padEnd(32)} ${readable(argument)}`),
    "",
  ];
}
