/**
 * Three provers with different costs, for `npm start`. The cheapest of all wins the first epoch, and crashes with its claim
 * of a later one; another rescues that epoch and gets a share of the bond; the cheaper of the two that are left wins from
 * then on.
 */
import { Contract, Wallet } from "ethers";

import { contractInterface } from "../../actors/l1/contractInterface.ts";
import { connectL1 } from "../../actors/l1/provider.ts";
import type { NetworkEvent } from "../../actors/network/localNetwork.ts";
import type { GroupProver } from "../../actors/network/proverGroup.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localAddress, localPrivateKey } from "../../deploy/localAccounts.ts";
import { loadPreset } from "../../deploy/presets.ts";

const TST = 10n ** 18n;
const BOND = 500n * TST;

/**
 * Accounts of the mnemonic. Costs are made up, in TST an hour; proofs are real. Prices follow measured times, which differ
 * by what else the machine does: the costs lie so far apart that the order of the prices does not change. The reckless one
 * does not measure: it promises and asks what it always did.
 */
export const PROVERS = [
  { name: "cheap", account: 5, machineHour: 90n * TST },
  { name: "dear", account: 6, machineHour: 450n * TST },
  { name: "reckless", account: 7, machineHour: 30n * TST },
] as const;
export const RECKLESS = 2;

/** Seconds that a block takes to prove, for first promises: twice what an idle machine needs. */
const SECONDS_PER_BLOCK = 4;

/** Gives each prover its bond from the treasury, in one block. L1 must be mining on demand. */
export async function depositBonds(url: string, { chainId, addresses }: Deployment): Promise<void> {
  const provider = await connectL1({ url, chainId });
  try {
    const treasury = new Wallet(localPrivateKey(LOCAL_ACCOUNTS.treasury), provider);
    const token = new Contract(addresses.token, contractInterface("token/NetworkToken"), treasury);
    const market = new Contract(addresses.market, contractInterface("market/ProofMarket"), treasury);
    let nonce = await treasury.getNonce();
    const gasLimit = 200_000;
    await provider.send("evm_setAutomine", [false]);
    const total = BOND * BigInt(PROVERS.length);
    await token.getFunction("approve")(addresses.market, total, { nonce: nonce++, gasLimit });
    for (const { account } of PROVERS)
      await market.getFunction("deposit")(localAddress(account), BOND, { nonce: nonce++, gasLimit });
    await provider.send("evm_mine", []);
    await provider.send("evm_setAutomine", [true]);
  } finally {
    provider.destroy();
  }
}

/** What the network is told of them. */
export function marketProvers(): GroupProver[] {
  const { exclusiveSeconds } = loadPreset("local").market;
  return PROVERS.map(({ account, machineHour }, index) => ({
    key: localPrivateKey(account),
    pricing: { strategy: "cost-plus", machineHour, marginBps: 500n, gas: 0n, bondCostBps: 0n },
    secondsPerBlock: SECONDS_PER_BLOCK,
    submissionSeconds: 3,
    measures: index !== RECKLESS,
    // One machine: two proofs of one epoch would both be late.
    rescuePatience: exclusiveSeconds,
  }));
}

export function proverName(index: number): string {
  return PROVERS[index]?.name ?? `prover ${index}`;
}

/** Name of a prover by its address; the address itself for anybody else. */
export function nameOf(address: string): string {
  return PROVERS.find(({ account }) => localAddress(account) === address)?.name ?? address;
}

/** When the reckless prover crashes: with the first claim that it brings once an epoch is proven. */
export class CrashRule {
  #isArmed = false;
  #crashed: number | undefined;

  /** Epoch that it had claimed; undefined before the crash. */
  get crashed(): number | undefined {
    return this.#crashed;
  }

  /** Takes note of an event; true when the prover is to crash now, which is so once. */
  observe({ source, event, ...told }: NetworkEvent): boolean {
    if (source === "node" && event.type === "epochProven") this.#isArmed = true;
    if (source !== "market" || event.type !== "claimed") return false;
    if (!("index" in told) || told.index !== RECKLESS) return false;
    if (!this.#isArmed || this.#crashed !== undefined) return false;
    this.#crashed = event.epoch;
    return true;
  }
}
