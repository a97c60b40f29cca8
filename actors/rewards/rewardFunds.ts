import { Contract, type Provider } from "ethers";

import { contractInterface } from "../l1/contractInterface.ts";

/** Where the network token is that rewards and fees come from; base units. */
export interface RewardFunds {
  supply: bigint;
  /** In the distributor, for the canonical rollup. */
  canonical: bigint;
  /** In the distributor, for named rewards contracts. */
  earmarked: bigint;
  /** In the FeePortal: what users brought and is not paid out or burned. */
  feePortal: bigint;
  /** What the next mint of a fresh window brings, and since when that can be. */
  mintable: bigint;
  mintableFrom: number;
}

/** Reads the funds of a deployment. */
export async function readFunds(parameters: {
  provider: Provider;
  addresses: { token: string; rewardDistributor: string; incentives: string; feePortal: string };
}): Promise<RewardFunds> {
  const { provider, addresses } = parameters;
  const read = async (path: string, address: string, view: string, ...args: unknown[]): Promise<bigint> =>
    BigInt(
      (await new Contract(address, contractInterface(path), provider)
        .getFunction(view)
        .staticCall(...args)) as bigint,
    );
  const { token, rewardDistributor, incentives, feePortal } = addresses;
  const [supply, canonical, earmarked, portal, mintable, nextWindow, window] = await Promise.all([
    read("token/NetworkToken", token, "totalSupply"),
    read("rewards/RewardDistributor", rewardDistributor, "canonicalBalance"),
    read("rewards/RewardDistributor", rewardDistributor, "totalEarmarked"),
    read("token/NetworkToken", token, "balanceOf", feePortal),
    read("rewards/Incentives", incentives, "mintable"),
    read("rewards/Incentives", incentives, "nextWindow"),
    read("rewards/Incentives", incentives, "window"),
  ]);
  return {
    supply,
    canonical,
    earmarked,
    feePortal: portal,
    mintable,
    mintableFrom: Number(nextWindow * window),
  };
}
