/** What a plan costs and what a reader should know before it is confirmed. */
import { formatEther, type JsonRpcProvider, type Provider } from "ethers";

import { readMarket } from "../actors/l1/fees.ts";
import { DeployError } from "./errors.ts";
import type { Suite } from "./suite.ts";
import { durationOf } from "./units.ts";
import { isContract } from "./validatorSet.ts";
import { isDevelopmentVerifier, LOCAL_CHAIN_IDS } from "./verifierGuard.ts";

/** Prices and surroundings at the time of a plan. */
export interface Outlook {
  /** Of each creation that is still to come, by role; without a rehearsal unknown. */
  gas: Readonly<Record<string, number>> | undefined;
  /** Base fee and tip at L1's head, in wei a unit of gas; undefined in process, where nobody pays. */
  gasPrice: bigint | undefined;
  /** Of the deployer, in wei. */
  balance: bigint;
  ownerIsContract: boolean;
  /** Seconds since 1970, at L1's head. */
  now: number;
  /** Roles that exist already. */
  done: readonly string[];
  warnings: readonly string[];
}

/** What is still to be paid, in wei at the present price. */
export function costOf({ gas, gasPrice, done }: Pick<Outlook, "gas" | "gasPrice" | "done">): bigint {
  return BigInt(gasToCome({ gas, done })) * (gasPrice ?? 0n);
}

/** Gas of what is still to be created. */
export function gasToCome({ gas = {}, done }: Pick<Outlook, "gas" | "done">): number {
  return Object.entries(gas).reduce((sum, [role, used]) => (done.includes(role) ? sum : sum + used), 0);
}

/** Parameters of {@link readOutlook}. */
export interface OutlookParameters {
  suite: Suite;
  gas: Outlook["gas"];
  provider: Provider;
  /** The same for questions about prices; absent in process. */
  rpc?: JsonRpcProvider;
  verifierCode: string;
}

export async function readOutlook(parameters: OutlookParameters): Promise<Outlook> {
  const { suite, gas, provider, rpc } = parameters;
  const market = rpc && (await readMarket(rpc));
  const codes = await Promise.all(suite.creations.map(({ address }) => provider.getCode(address)));
  const outlook = {
    gas,
    gasPrice: market && market.baseFeePerGas + market.tip,
    balance: await provider.getBalance(suite.deployer),
    ownerIsContract: await isContract(suite.owner, provider),
    now: (await provider.getBlock("latest"))!.timestamp,
    done: suite.creations.filter((_, i) => codes[i] !== "0x").map(({ role }) => role),
  };
  return { ...outlook, warnings: warningsOf(suite, outlook, parameters.verifierCode) };
}

/** Cost with room for a base fee that doubles while the deployment runs. */
const COMFORT = 2n;

function warningsOf(suite: Suite, outlook: Omit<Outlook, "warnings">, verifierCode: string): string[] {
  const { preset, deployer, owner, chainId, surroundings, genesisTime } = suite;
  const warnings: string[] = [];
  const warn = (applies: boolean, text: string): void => {
    if (applies) warnings.push(text);
  };
  const local = LOCAL_CHAIN_IDS.includes(chainId);
  const cost = costOf(outlook);
  warn(
    cost <= outlook.balance && cost * COMFORT > outlook.balance,
    "the balance does not suffice if L1's price doubles meanwhile; an interrupted deployment can be resumed",
  );
  warn(!local && same(owner, deployer), "the deployer is the owner and keeps all its power: see --owner");
  warn(
    !local && !outlook.ownerIsContract,
    "the owner is a plain account: one key has the power over tokens, validators and rewards",
  );
  warn(!local && same(surroundings.council, owner), "the owner is also the council that may pause proofs");
  warn(
    isDevelopmentVerifier(verifierCode),
    "the verifier is made on the development string: anyone can forge proofs",
  );
  warn(
    !local && !("address" in preset.asset),
    "the asset is a new token whose supply the owner gets: a test asset",
  );
  const ahead = genesisTime - outlook.now;
  warn(
    preset.validators.kind === "staked" && !local,
    `genesis is ${durationOf(Math.max(ahead, 0))} ahead: the bootstrap set must have deposited three epochs before`,
  );
  return warnings;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** @throws DeployError NO_FUNDS when the deployer cannot pay for what is to come at the present price */
export function refusePoverty({ deployer }: Suite, outlook: Outlook): void {
  const cost = costOf(outlook);
  if (cost <= outlook.balance) return;
  throw new DeployError(
    "NO_FUNDS",
    `the deployer ${deployer} has ${formatEther(outlook.balance)} ETH, and what is to come costs ${formatEther(cost)} ETH at L1's present price`,
    `send it ${formatEther(COMFORT * cost - outlook.balance)} ETH, which leaves room for twice that price`,
  );
}
