/**
 * The provers of a network in one process: each with an account, a journal, costs and a quote pool of its own, and a
 * place in the gossip hub. They share one node and one machine; what they ask for differs by the costs they are told.
 */
import { join } from "node:path";
import type { JsonRpcProvider } from "ethers";

import type { ActorJournal } from "../journal/actorJournal.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { L1Account } from "../l1/l1Account.ts";
import type { MarketDeployment } from "../market/marketContract.ts";
import type { Node } from "../node/node.ts";
import { GossipHub } from "../p2p/hub.ts";
import type { MarketProver } from "../prover/marketProver.ts";
import { type OpenMarketProverOptions, openMarketProver } from "../prover/openMarketProver.ts";
import type { CeilingRange } from "../prover/proofCeiling.ts";
import type { ProofMaker } from "../prover/proofMaker.ts";
import { ProofStore } from "../prover/proofStore.ts";
import { ProverService } from "../prover/proverService.ts";
import { ActorError } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import { Mutex } from "../support/mutex.ts";
import type { Service } from "../support/service.ts";
import type { Committees } from "../validator/committees.ts";

/** One prover of the group, as it is told. */
export interface GroupProver extends Pick<
  OpenMarketProverOptions,
  "pricing" | "secondsPerBlock" | "submissionSeconds" | "breakSeconds" | "rescuePatience"
> {
  /** L1 private key: signs quotes, sends, and is paid. */
  key: string;
  /** Whether promises and prices follow what proofs take. Default true; without, the first estimate stays. */
  measures?: boolean;
}

/** Parameters of {@link ProverGroup.open}. */
export interface ProverGroupOptions {
  provers: readonly GroupProver[];
  provider: JsonRpcProvider;
  deployment: MarketDeployment;
  node: Node;
  heads: HeadFollower;
  maker: ProofMaker;
  /** See `ProverOptions.committees`. */
  committees: Pick<Committees, "of">;
  folder: string;
  feeCeiling?: CeilingRange | undefined;
  l1BlockTime: number;
  logger: Logger;
  openJournal: (actor: string) => ActorJournal;
  openAccount: (actor: string, key: string, journal: ActorJournal) => L1Account;
}

/** A prover that runs. */
export interface RunningProver {
  index: number;
  address: string;
  prover: ProverService;
  market: MarketProver;
  service: Service;
}

export class ProverGroup implements Service {
  readonly members: readonly RunningProver[];
  readonly #stopped = new Set<number>();

  private constructor(members: readonly RunningProver[]) {
    this.members = members;
  }

  /** @throws MarketError NO_MARKET */
  static async open(options: ProverGroupOptions): Promise<ProverGroup> {
    const hub = new GossipHub({ logger: options.logger.child({ actor: "quotes" }) });
    const maker = oneAtATime(options.maker);
    const members: RunningProver[] = [];
    for (const [index, told] of options.provers.entries()) {
      members.push(await openMember({ ...options, maker }, index, told, hub));
    }
    return new ProverGroup(members);
  }

  async start(): Promise<void> {
    for (const { service } of this.members) await service.start();
  }

  async stop(): Promise<void> {
    for (const { index } of this.members) await this.crash(index);
  }

  /** Stops one prover for good, whatever it has promised. */
  async crash(index: number): Promise<void> {
    const member = this.members[index];
    if (!member) {
      throw new ActorError("STATE_UNAVAILABLE", `there is no prover ${index}`, "choose one of the group");
    }
    if (this.#stopped.has(index)) return;
    this.#stopped.add(index);
    await member.service.stop();
  }
}

async function openMember(
  options: ProverGroupOptions,
  index: number,
  { key, measures = true, ...told }: GroupProver,
  hub: GossipHub,
): Promise<RunningProver> {
  const { provider, deployment, node, heads, maker, folder, feeCeiling, l1BlockTime } = options;
  const actor = `prover-${index}`;
  const logger = options.logger.child({ actor });
  const account = options.openAccount(actor, key, options.openJournal(actor));
  const { market, service } = await openMarketProver({
    ...told,
    provider,
    deployment,
    node,
    heads,
    account,
    privateKey: key,
    gossip: hub.join(actor),
    l1BlockTime,
    logger,
  });
  const prover = new ProverService({
    node,
    heads,
    account,
    maker,
    logger,
    store: new ProofStore({ folder: join(folder, `${actor}-proofs`) }),
    l1BlockTime,
    committees: options.committees,
    selection: market,
    ...(feeCeiling ? { feeCeiling } : {}),
  });
  prover.on((event) => {
    if (event.type === "proved" && measures) market.measured(event);
  });
  return {
    index,
    address: account.address,
    prover,
    market,
    service: {
      start: async () => {
        await service.start();
        await prover.start();
      },
      stop: async () => {
        await prover.stop();
        await service.stop();
      },
    },
  };
}

/** A proof takes every core: two at a time would both be late. */
function oneAtATime(maker: ProofMaker): ProofMaker {
  const order = new Mutex();
  return {
    prove: (inputs, options) =>
      order.run(() => {
        options.signal.throwIfAborted();
        return maker.prove(inputs, options);
      }),
  };
}
