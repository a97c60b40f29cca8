/**
 * Creates contracts from one account. The address of a creation follows from account and nonce, so contracts that need
 * each other are created with the addresses of those that come later, and nothing has to be wired afterwards.
 */
import {
  ContractFactory,
  getCreateAddress,
  type ContractTransactionReceipt,
  type Provider,
  type Signer,
} from "ethers";

import type { Artifact } from "./artifact.ts";
import type { Deployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";

/** Told of every creation. */
export interface CreationStep {
  contract: string;
  address: string;
  gasUsed: number;
}

/** Parameters of {@link Creator.plan}. */
export interface CreatorParameters<Name extends string> {
  deployer: Signer;
  provider: Provider;
  /** What will be created, in this order. */
  names: readonly Name[];
  readArtifact: (name: string) => Promise<Artifact>;
  onStep?: ((step: CreationStep) => void) | undefined;
}

/** A planned sequence of creations. The account must send nothing else until the last one. */
export class Creator<Name extends string> {
  /** Where each contract will stand, or stands already. */
  readonly at: Readonly<Record<Name, string>>;
  /** What was created so far. */
  readonly transactions: Deployment["transactions"] = [];
  /** L1 block of the last creation. */
  block = 0;
  readonly #parameters: CreatorParameters<Name>;

  private constructor(parameters: CreatorParameters<Name>, at: Record<Name, string>) {
    this.#parameters = parameters;
    this.at = at;
  }

  static async plan<Name extends string>(parameters: CreatorParameters<Name>): Promise<Creator<Name>> {
    const { deployer, provider, names } = parameters;
    const from = await deployer.getAddress();
    const nonce = await provider.getTransactionCount(from, "pending");
    const at = names.map((name, i) => [name, getCreateAddress({ from, nonce: nonce + i })] as const);
    return new Creator(parameters, Object.fromEntries(at) as Record<Name, string>);
  }

  /**
   * Creates the next contract of the plan.
   * @throws DeployError PLAN_BROKEN when it does not stand where the plan says
   */
  async create(name: Name, contract: string, constructorArguments: unknown[]): Promise<string> {
    const { deployer, readArtifact, onStep } = this.#parameters;
    const { abi, bytecode } = await readArtifact(contract);
    const instance = await new ContractFactory(abi, bytecode, deployer).deploy(...constructorArguments);
    const address = await instance.getAddress();
    if (address !== this.at[name]) {
      throw new DeployError(
        "PLAN_BROKEN",
        `${name} was created at ${address}, and others expect it at ${this.at[name]}`,
        "let the deployer's account send nothing else meanwhile, and deploy again",
      );
    }
    const receipt = await receiptOf(instance.deploymentTransaction());
    const gasUsed = Number(receipt.gasUsed);
    this.block = receipt.blockNumber;
    this.transactions.push({
      contract,
      address,
      hash: receipt.hash,
      gasUsed,
      constructorArguments: constructorArguments.map(plain),
    });
    onStep?.({ contract, address, gasUsed });
    return address;
  }
}

async function receiptOf(
  transaction: { wait(): Promise<ContractTransactionReceipt | null> } | null,
): Promise<ContractTransactionReceipt> {
  const receipt = await transaction?.wait();
  if (!receipt) throw new Error("a creation has no receipt");
  return receipt;
}

/** JSON has no bigint: decimal text, at any depth. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item)),
  );
}
