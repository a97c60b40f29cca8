/** The owner's side of a validator: deposit, pin, exit, payment. Each asks the registry first and says what stands against it. */
import { Contract, Interface, type JsonRpcProvider, ZeroAddress } from "ethers";

import { addressToHex, type Address } from "../../protocol/address.ts";
import {
  blsPublicKey,
  blsSign,
  exitDigest,
  keyHash,
  keyHashToHex,
  keyWords,
  provePossession,
  signaturePointWords,
  type KeyHash,
  type RegistryDomain,
} from "../../protocol/bls.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import { RevertError, type L1Account, type SendResult } from "../l1/l1Account.ts";
import { Registry, type RegistryDeployment, type ValidatorStatus } from "./registry.ts";
import { StakingError } from "./stakingError.ts";

const ERC20 = new Interface([
  "function approve(address spender, uint256 value) returns (bool)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function balanceOf(address owner) view returns (uint256)",
]);
const GWEI = 10n ** 9n;

/** Parameters of {@link Staker}. */
export interface StakerOptions {
  provider: JsonRpcProvider;
  deployment: RegistryDeployment;
  /** Sends and pays. */
  account: L1Account;
}

/** Parameters of {@link Staker.deposit}. */
export interface StakeDeposit {
  /** The attester's key. */
  secret: bigint;
  /** Sends the validator's blocks. */
  proposer: Address;
  /** Owns the stake. */
  withdrawer: Address;
  /** Instance to stay with; absent: follows the canonical one. */
  instance?: Address | undefined;
  /** Base units; default: the least that is allowed. */
  amount?: bigint | undefined;
}

/** A validator after one of its transactions. */
export interface Sent {
  hash: string;
  gasUsed: bigint;
  validator: ValidatorStatus;
}

export class Staker {
  readonly registry: Registry;
  readonly #options: StakerOptions;

  /** @throws StakingError NOT_STAKED */
  constructor(options: StakerOptions) {
    this.#options = options;
    this.registry = new Registry(options);
  }

  /**
   * Registers a validator with stake of the account. The registry's allowance is raised when it does not suffice.
   * @throws StakingError ALREADY_REGISTERED, KEY_USED, AMOUNT_INVALID, CANNOT_PAY, BOOTSTRAP_INCOMPLETE, UNKNOWN_INSTANCE
   */
  async deposit({
    secret,
    proposer,
    withdrawer,
    instance,
    amount,
  }: StakeDeposit): Promise<Sent & { amount: bigint; approved: bigint }> {
    const key = blsPublicKey(secret);
    const name = keyHash(key);
    await this.#refuseKnown(name);
    const minimum = await this.registry.minimumStake();
    const stake = amount ?? minimum;
    if (stake < minimum || stake % GWEI !== 0n) {
      throw new StakingError(
        "AMOUNT_INVALID",
        `a stake is at least ${minimum} base units and whole Gwei, this is ${stake}`,
        "leave out --amount for the least",
      );
    }
    const pinned = instance === undefined ? ZeroAddress : addressToHex(instance);
    if (pinned !== ZeroAddress) await this.#refuseUnknown(pinned);
    const approved = await this.#fund(stake);
    const args = {
      proposer: addressToHex(proposer),
      withdrawer: addressToHex(withdrawer),
      instance: pinned,
      amount: stake,
      key: keyWords(key),
      proof: signaturePointWords(provePossession(secret, { domain: this.#domain, withdrawer })),
    };
    const sent = await this.#send("deposit", [args]);
    return { ...(await this.#after(name, sent)), amount: stake, approved };
  }

  /**
   * Leaves the set. The account must be the validator's withdrawer.
   * @param recipient who is paid; default: the withdrawer
   * @throws StakingError NOT_REGISTERED, KEY_USED, ALREADY_EXITING, NOT_WITHDRAWER, EXITS_EXHAUSTED
   */
  async exit(name: KeyHash, recipient?: Address): Promise<Sent> {
    const validator = await this.#leaving(name);
    this.#refuseOthers(validator, "choose another --account, or let the attester's key sign: --signed");
    const to = recipient === undefined ? ZeroAddress : addressToHex(recipient);
    return this.#after(name, await this.#send("initiateExit", [validator.keyHash, to]));
  }

  /** The same with the attester's signature, sent by any account; the withdrawer is paid. @throws as {@link exit} */
  async exitSigned(secret: bigint): Promise<Sent> {
    const key = blsPublicKey(secret);
    await this.#leaving(keyHash(key));
    const signature = blsSign(secret, exitDigest(key, this.#domain));
    const args = [keyWords(key), signaturePointWords(signature)];
    return this.#after(keyHash(key), await this.#send("initiateExitSigned", args));
  }

  /**
   * Makes a follower of the canonical instance stay with one, in its queue. The account must be the validator's withdrawer.
   * @param proposer sends its blocks from then on; default: who does now
   * @throws StakingError NOT_REGISTERED, KEY_USED, ALREADY_EXITING, NOT_WITHDRAWER, NOT_FOLLOWING, UNKNOWN_INSTANCE,
   * EXITS_EXHAUSTED, BOOTSTRAP_INCOMPLETE
   */
  async pin(name: KeyHash, instance: Address, proposer?: Address): Promise<Sent> {
    const validator = await this.#leaving(name);
    this.#refuseOthers(validator, "choose another --account");
    if (validator.state === "jailed" || validator.instance !== undefined) {
      throw new StakingError(
        "NOT_FOLLOWING",
        validator.instance === undefined
          ? "the validator is jailed and in no set"
          : `the validator stays with ${validator.instance}`,
        validator.instance === undefined
          ? "top up and rejoin first"
          : "it can only leave: npx hardhat stake:exit",
      );
    }
    const to = addressToHex(instance);
    await this.#refuseUnknown(to);
    const sender = proposer === undefined ? validator.proposer : addressToHex(proposer);
    return this.#after(name, await this.#send("pin", [validator.keyHash, to, sender]));
  }

  /** Pays a validator that left to its recipient. @throws StakingError NOT_EXITING, NOT_PAYABLE with the time */
  async withdraw(name: KeyHash): Promise<Sent & { recipient: string; amount: bigint }> {
    const { state, used, payableAt, recipient, stake } = await this.registry.validator(name);
    if (state !== "exiting") {
      throw new StakingError(
        "NOT_EXITING",
        used ? "its exit was paid already" : `the validator is in state ${state}, and only exits are paid`,
        used ? "nothing is left to do" : "leave first: npx hardhat stake:exit",
      );
    }
    const time = await this.registry.time();
    if (payableAt! > time) {
      throw new StakingError(
        "NOT_PAYABLE",
        `the exit can be paid from ${new Date(payableAt! * 1000).toISOString()}, in ${payableAt! - time} s`,
        "come back then",
      );
    }
    const sent = await this.#send("finaliseExit", [keyHashToHex(name)]);
    return { ...(await this.#after(name, sent)), recipient, amount: stake };
  }

  get #domain(): RegistryDomain {
    return {
      chainId: BigInt(this.#options.deployment.chainId),
      registry: BigInt(this.registry.address) as Address,
    };
  }

  async #refuseKnown(name: KeyHash): Promise<void> {
    const { state, used, keyHash: shown } = await this.registry.validator(name);
    if (used) {
      throw new StakingError(
        "KEY_USED",
        `${shown} was a validator before, and a key registers once`,
        "make a new one: npx hardhat stake:keys --new FILE",
      );
    }
    if (state !== "none") {
      throw new StakingError(
        "ALREADY_REGISTERED",
        `${shown} is a validator already, in state ${state}`,
        "see npx hardhat stake:status",
      );
    }
  }

  async #refuseUnknown(instance: string): Promise<void> {
    if (await this.registry.knows(instance)) return;
    throw new StakingError(
      "UNKNOWN_INSTANCE",
      `the registry knows no instance ${instance}`,
      "check --instance, or leave it out to follow the canonical one",
    );
  }

  #refuseOthers({ withdrawer }: ValidatorStatus, remedy: string): void {
    const { address } = this.#options.account;
    if (withdrawer.toLowerCase() === address.toLowerCase()) return;
    throw new StakingError(
      "NOT_WITHDRAWER",
      `the stake belongs to ${withdrawer}, and this account is ${address}`,
      remedy,
    );
  }

  async #leaving(name: KeyHash): Promise<ValidatorStatus> {
    const validator = await this.registry.validator(name);
    const { state, used, payableAt, keyHash: shown } = validator;
    if (used) throw new StakingError("KEY_USED", `${shown} left and was paid`, "nothing is left to do");
    if (state === "none")
      throw new StakingError("NOT_REGISTERED", `${shown} is no validator`, "check the key and the network");
    if (state !== "exiting") return validator;
    throw new StakingError(
      "ALREADY_EXITING",
      `${shown} has left, its stake can be paid from ${new Date(payableAt! * 1000).toISOString()}`,
      "then run npx hardhat stake:withdraw",
    );
  }

  /** Checks the balance, and allows just this amount unless enough is allowed. @returns what was approved, or 0 */
  async #fund(amount: bigint): Promise<bigint> {
    const { account, provider, deployment } = this.#options;
    const { token } = deployment.addresses;
    const contract = new Contract(token, ERC20, provider);
    const read = async (name: string, ...args: string[]): Promise<bigint> =>
      BigInt(String(await contract.getFunction(name).staticCall(...args)));
    const balance = await read("balanceOf", account.address);
    if (balance < amount) {
      throw new StakingError(
        "CANNOT_PAY",
        `${account.address} has ${balance} base units of TST, not ${amount}`,
        "send it some, or choose another --account",
      );
    }
    if ((await read("allowance", account.address, this.registry.address)) >= amount) return 0n;
    const data = ERC20.encodeFunctionData("approve", [this.registry.address, amount]);
    await account.send({ purpose: "approve", to: token, data });
    return amount;
  }

  async #send(method: string, args: unknown[]): Promise<SendResult> {
    const data = contractInterface("staking/ValidatorRegistry").encodeFunctionData(method, args);
    try {
      return await this.#options.account.send({ purpose: method, to: this.registry.address, data });
    } catch (error) {
      throw refusalOf(error) ?? error;
    }
  }

  async #after(name: KeyHash, { hash, receipt }: SendResult): Promise<Sent> {
    return { hash, gasUsed: receipt.gasUsed, validator: await this.registry.validator(name) };
  }
}

/** What cannot be seen before sending. */
function refusalOf(error: unknown): StakingError | undefined {
  if (!(error instanceof RevertError) || !error.contractError) return undefined;
  const { name, args } = error.contractError;
  switch (name) {
    case "Churn__ExitsExhausted": {
      const next = new Date(Number(args["nextWindow"]) * 1000).toISOString();
      return new StakingError(
        "EXITS_EXHAUSTED",
        "as many validators as may leave in this window have left",
        `try again from ${next}`,
        error,
      );
    }
    case "ValidatorRegistry__BootstrapIncomplete":
      return new StakingError(
        "BOOTSTRAP_INCOMPLETE",
        "validators can be pinned to an instance only when the bootstrap set is active",
        "wait until it is, or leave out --instance of a deposit",
        error,
      );
    default:
      return undefined;
  }
}
