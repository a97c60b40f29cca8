/** What the ValidatorRegistry tells: its parameters, its set, and where a validator stands. */
import { Contract, type JsonRpcProvider, ZeroAddress } from "ethers";

import { keyHashToHex, type KeyHash } from "../../protocol/bls.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import { readHead } from "../l1/provider.ts";
import { StakingError } from "./stakingError.ts";

/** As the contract's `ValidatorState`. */
export const STATES = ["none", "queued", "active", "exiting", "jailed"] as const;
export type ValidatorState = (typeof STATES)[number];

/** Where the registry stands, from the record of a deployment. */
export interface RegistryDeployment {
  network: string;
  chainId: number;
  validators: { kind: string };
  addresses: { validatorSet: string; token: string; rollup: string };
}

/** The followers' set. Times are seconds since 1970. */
export interface SetStatus {
  registry: string;
  /** Of a block of L1. */
  time: number;
  minimumStake: bigint;
  committeeSize: number;
  exitDelay: number;
  /** Active validators now. */
  active: number;
  /** Those that wait. */
  queued: number;
  /** How many a bootstrap set still lacks; 0 when it is complete. */
  bootstrapMissing: number;
  /** When a deposit made now would be active; undefined while the bootstrap set is incomplete. */
  nextActivation: number | undefined;
}

/** A validator. Times are seconds since 1970. */
export interface ValidatorStatus {
  keyHash: string;
  state: ValidatorState;
  /** Whether its key was registered once and paid out: it can never be again. */
  used: boolean;
  withdrawer: string;
  recipient: string;
  /** Undefined outside the set. */
  proposer: string | undefined;
  /** Undefined for a follower of the canonical instance. */
  instance: string | undefined;
  stake: bigint;
  position: number;
  /** How many come before it in the queue. */
  queuePosition: number;
  /** Undefined while the bootstrap set is incomplete, and outside the set. */
  activeFrom: number | undefined;
  /** When its exit can be paid; undefined when it has not left. */
  payableAt: number | undefined;
}

/** Greater than any time: not yet known. */
const NEVER = 2n ** 256n - 1n;

/** A reader of the registry. */
export class Registry {
  readonly address: string;
  readonly #provider: JsonRpcProvider;
  readonly #contract: Contract;

  /** @throws StakingError NOT_STAKED when the deployment has a permissioned list */
  constructor({ provider, deployment }: { provider: JsonRpcProvider; deployment: RegistryDeployment }) {
    if (deployment.validators.kind !== "staked") {
      throw new StakingError(
        "NOT_STAKED",
        `the validators of "${deployment.network}" are listed by its owner, nobody stakes there`,
        "name another --network or --record",
      );
    }
    this.address = deployment.addresses.validatorSet;
    this.#provider = provider;
    this.#contract = new Contract(this.address, contractInterface("staking/ValidatorRegistry"), provider);
  }

  async set(): Promise<SetStatus> {
    const time = await this.time();
    const [activation, queued] = (await this.#read("nextActivation", ZeroAddress)) as [bigint, bigint];
    const rules = (await this.#read("churnRules")) as { bootstrapSize: bigint };
    const active = Number(await this.#read("sizeAt", ZeroAddress, time));
    const bootstrapping = activation === NEVER || (active === 0 && queued === rules.bootstrapSize - 1n);
    return {
      registry: this.address,
      time,
      minimumStake: await this.minimumStake(),
      committeeSize: Number(await this.#read("committeeSize")),
      exitDelay: Number(await this.#read("exitDelay")),
      active,
      queued: Number(queued),
      bootstrapMissing: bootstrapping ? Number(rules.bootstrapSize - queued) : 0,
      nextActivation: moment(activation),
    };
  }

  async validator(keyHash: KeyHash): Promise<ValidatorStatus> {
    const name = keyHashToHex(keyHash);
    const info = (await this.#read("validatorOf", name)) as Record<string, bigint | string>;
    const big = (field: string): bigint => BigInt(info[field]!);
    const address = (field: string): string | undefined =>
      info[field] === ZeroAddress ? undefined : String(info[field]);
    const state = STATES[Number(info["state"])]!;
    return {
      keyHash: name,
      state,
      used: state === "none" && info["withdrawer"] !== ZeroAddress,
      withdrawer: String(info["withdrawer"]),
      recipient: String(info["recipient"]),
      proposer: address("proposer"),
      instance: address("instance"),
      stake: big("stake"),
      position: Number(big("position")),
      queuePosition: Number(big("queuePosition")),
      activeFrom: moment(big("activeFrom")),
      payableAt: moment(big("payableAt")),
    };
  }

  /** Whether validators may be pinned to an instance. */
  async knows(instance: string): Promise<boolean> {
    const { epochDuration } = (await this.#read("instanceOf", instance)) as { epochDuration: bigint };
    return epochDuration !== 0n;
  }

  async minimumStake(): Promise<bigint> {
    return BigInt(String(await this.#read("minimumStake")));
  }

  /** L1's, in seconds. */
  async time(): Promise<number> {
    return (await readHead(this.#provider))!.timestamp;
  }

  #read(name: string, ...args: unknown[]): Promise<unknown> {
    return this.#contract.getFunction(name).staticCall(...args) as Promise<unknown>;
  }
}

function moment(value: bigint): number | undefined {
  return value === 0n || value === NEVER ? undefined : Number(value);
}
