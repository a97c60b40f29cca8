/** A prover's bond: each step asks the market first and says what stands against it. */
import { Contract, Interface } from "ethers";

import { type Address, addressToHex, toAddress } from "../../protocol/address.ts";
import type { L1Account } from "../l1/l1Account.ts";
import { type BondStatus, MarketContract, type MarketContractOptions } from "./marketContract.ts";
import { MarketError } from "./marketError.ts";

const ERC20 = new Interface([
  "function approve(address spender, uint256 value) returns (bool)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function balanceOf(address owner) view returns (uint256)",
]);

/** Parameters of {@link Bonding}. */
export interface BondingOptions extends MarketContractOptions {
  /** Sends and pays. */
  account: L1Account;
}

/** A bond after one of its transactions. */
export interface BondSent {
  hash: string;
  gasUsed: bigint;
  bond: BondStatus;
}

export class Bonding {
  readonly market: MarketContract;
  readonly #options: BondingOptions;

  /** @throws MarketError NO_MARKET */
  constructor(options: BondingOptions) {
    this.#options = options;
    this.market = new MarketContract(options);
  }

  /** Adds to a prover's bond; the market's allowance is raised when it does not suffice. @throws MarketError AMOUNT_INVALID, CANNOT_PAY */
  async deposit(amount: bigint, prover = this.#self): Promise<BondSent> {
    if (amount === 0n) throw new MarketError("AMOUNT_INVALID", "the amount is 0", "give more");
    const { provider, deployment, account } = this.#options;
    const token = new Contract(deployment.addresses.token, ERC20, provider);
    const [held, allowed] = (await Promise.all([
      token.getFunction("balanceOf")(account.address),
      token.getFunction("allowance")(account.address, this.market.address),
    ])) as [bigint, bigint];
    if (held < amount) {
      throw new MarketError(
        "CANNOT_PAY",
        `${account.address} has ${held} base units of TST, not ${amount}`,
        "send it some, or give less",
      );
    }
    if (allowed < amount) {
      const data = ERC20.encodeFunctionData("approve", [this.market.address, amount]);
      await account.send({ purpose: "approve", to: deployment.addresses.token, data });
    }
    return this.#send("deposit", [addressToHex(prover), amount], prover);
  }

  /** First step out. @throws MarketError AMOUNT_INVALID */
  async initiate(amount: bigint): Promise<BondSent> {
    const { free } = await this.market.bond(this.#self);
    if (amount === 0n || amount > free) {
      throw new MarketError(
        "AMOUNT_INVALID",
        `of the bond ${free} base units are free, and ${amount} are asked for`,
        "wait until claims are ended, or ask for less",
      );
    }
    return this.#send("initiateWithdrawal", [amount]);
  }

  /** Second step. @throws MarketError NOTHING_TO_WITHDRAW, WITHDRAWAL_TOO_EARLY */
  async finalise(to = this.#self): Promise<BondSent> {
    const { withdrawableAt } = await this.market.bond(this.#self);
    if (withdrawableAt === undefined) {
      throw new MarketError(
        "NOTHING_TO_WITHDRAW",
        "nothing is on its way out",
        "start with --withdraw and --amount",
      );
    }
    const block = await this.#options.provider.getBlock("latest");
    if (block && block.timestamp < withdrawableAt) {
      throw new MarketError(
        "WITHDRAWAL_TOO_EARLY",
        `it can be taken from ${new Date(withdrawableAt * 1_000).toISOString()} on`,
        "come back then",
      );
    }
    return this.#send("finaliseWithdrawal", [addressToHex(to)]);
  }

  get #self(): Address {
    return toAddress(this.#options.account.address);
  }

  async #send(method: string, values: readonly unknown[], prover = this.#self): Promise<BondSent> {
    const data = this.market.encode(method, values);
    const { hash, receipt } = await this.#options.account.send({
      purpose: method,
      to: this.market.address,
      data,
    });
    return { hash, gasUsed: receipt.gasUsed, bond: await this.market.bond(prover) };
  }
}
