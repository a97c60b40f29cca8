/**
 * A whole network in one process against one L1: node, sequencer, prover, users. What `npm start` and the end-to-end
 * tests run; every part is the one that operators run alone.
 */
import { join } from "node:path";
import { type JsonRpcProvider, Wallet } from "ethers";

import type { ActorJournal } from "../journal/actorJournal.ts";
import { openActorJournal } from "../journal/actorJournal.ts";
import { ProposalGuard } from "../journal/proposalGuard.ts";
import { ensureTrustedSetup } from "../l1/blobSidecar.ts";
import { suiteErrorDecoder } from "../l1/contractInterface.ts";
import { type FeeCeiling, readL1Fees } from "../l1/fees.ts";
import { HeadFollower } from "../l1/headFollower.ts";
import { L1Account } from "../l1/l1Account.ts";
import { connectL1 } from "../l1/provider.ts";
import { readProvenParticipation } from "../l1/provenParticipation.ts";
import { RollupContract, type RollupReference } from "../l1/rollupContract.ts";
import { Node, type NodeEvent } from "../node/node.ts";
import { chainIdentity, NodeStore } from "../node/nodeStore.ts";
import { openBlobSources } from "../node/openBlobSources.ts";
import { NodeService } from "../node/nodeService.ts";
import { type ProvenRoot, readProvenRoot } from "../node/provenRoot.ts";
import type { MarketDeployment } from "../market/marketContract.ts";
import type { MarketProverEvent } from "../prover/marketProver.ts";
import type { PriceView } from "../price/priceView.ts";
import type { CeilingRange } from "../prover/proofCeiling.ts";
import type { ProofMaker } from "../prover/proofMaker.ts";
import { ProofStore } from "../prover/proofStore.ts";
import { type ProverEvent, ProverService } from "../prover/proverService.ts";
import { type LedgerBooks, readLedgerBooks } from "../rewards/books.ts";
import { NodeLedger } from "../rpc/nodeLedger.ts";
import { RpcServer } from "../rpc/rpcServer.ts";
import { LocalAttester } from "../sequencer/attestation.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import type { MessagePolicy } from "../sequencer/messagePolicy.ts";
import { nodeMempool } from "../sequencer/nodeMempool.ts";
import { type ProposerEvent, ProposerService } from "../sequencer/proposerService.ts";
import { cachingVerifier } from "../sequencer/signatureCache.ts";
import { ActorError } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { sleep } from "../support/sleep.ts";
import { type TrafficEvent, TrafficService } from "../traffic/trafficService.ts";
import { Committees } from "../validator/committees.ts";
import type { ValidatorEvent } from "../validator/validatorService.ts";
import type { WatcherEvent } from "../watcher/watcherService.ts";
import { Absence } from "./absence.ts";
import { type GroupProver, ProverGroup } from "./proverGroup.ts";
import { type Statistics, StatisticsCollector } from "./statistics.ts";
import { ValidatorGroup, type ValidatorGroupOptions, type ValidatorKeys } from "./validatorGroup.ts";

/** What happened in the network, by the part that tells it. */
export type NetworkEvent =
  | { source: "node"; event: NodeEvent }
  | { source: "proposer"; event: ProposerEvent }
  | { source: "prover"; event: ProverEvent; index?: number }
  | { source: "market"; index: number; event: MarketProverEvent }
  | { source: "traffic"; event: TrafficEvent }
  | { source: "validator"; index: number; event: ValidatorEvent }
  | { source: "watcher"; event: WatcherEvent };

/** What an absence left on L1. */
export interface AbsenceResult {
  /** Of the validator. */
  index: number;
  epoch: number;
  /** Blocks of the epoch that it attested, of those counted. */
  attested: number;
  of: number;
}

/** What a sequencer leaves out. Looked at for every block, so that it can be changed while the network runs. */
export interface SequencerRules {
  messagePolicy: MessagePolicy;
  /** Leaves of accounts. */
  refuseSenders: Set<number>;
}

/** Parameters of {@link LocalNetwork.open}. */
export interface LocalNetworkOptions {
  rpcUrl: string;
  /** Beacon API; default: the same server, as with anvil. */
  beaconUrl?: string;
  deployment: RollupReference;
  /** Journals, state, blobs and proofs; a network that is opened again on the same folder goes on. */
  folder: string;
  /** L1 private keys. `traffic` holds both tokens; without it there are no users. */
  keys: { sequencer?: string; prover: string; traffic?: string; watcher?: string };
  /** BLS secret keys by committee position, of a permissioned set whose one sequencer is `keys.sequencer`. */
  attesterKeys?: readonly Uint8Array[];
  /** Staked validators, watched over by `keys.watcher`; in place of the two above. */
  validators?: readonly ValidatorKeys[];
  /** Whether one of them is offline for an epoch, see `absence.ts`. Default false. */
  absence?: boolean;
  /** Changes what a validator publishes, for rehearsals of challenges. */
  tamper?: ValidatorGroupOptions["tamper"];
  /** Makes the proofs; without it nothing is proven. */
  maker?: ProofMaker;
  /** Provers that compete in the proof market, with bonds there. Default: one prover, that of `keys`, outside of it. */
  provers?: { members: readonly GroupProver[]; deployment: MarketDeployment };
  /** Users that send transactions. Default 6. */
  users?: number;
  /** Of the users' keys and choices. Default 1. */
  seed?: number;
  /** Port of the node's JSON API, 0 for any free one; without it there is none. */
  rpcPort?: number;
  /** A sequencer that censors, for rehearsals of forced inclusion. Default: it takes everything as early as it can. */
  sequencer?: Partial<SequencerRules>;
  /** Exchange rate that proposers move towards and validators hold each other to. Default: nobody has an opinion. */
  priceView?: PriceView;
  /** L1 blocks whose events can be undone; what is deeper is kept on disk. Default 64. */
  reorgDepth?: number;
  /** Most that the actors pay L1. Default: no limit for the sequencer, `DEFAULT_PROOF_CEILING` for the prover. */
  feeCeilings?: { sequencer?: FeeCeiling; prover?: CeilingRange };
  /** Seconds between L1 blocks. Default 1. */
  l1BlockTime?: number;
  /** Milliseconds between questions to L1. Default 200. */
  pollInterval?: number;
  logger: Logger;
  onEvent?: (event: NetworkEvent) => void;
}

export class LocalNetwork implements Service {
  readonly node: Node;
  readonly mempool: Mempool;
  readonly heads: HeadFollower;
  readonly traffic: TrafficService | undefined;
  /** Provers in the market. */
  readonly provers: ProverGroup | undefined;
  readonly rpc: RpcServer | undefined;
  /** The staked validators. */
  readonly validators: ValidatorGroup | undefined;
  readonly #absence: Absence | undefined;
  readonly #provider: JsonRpcProvider;
  /** Those that follow L1, then those that act on it. */
  readonly #followers: readonly Service[];
  readonly #actors: readonly Service[];
  readonly #journals: readonly ActorJournal[];
  readonly #statistics: StatisticsCollector;
  readonly #listen: () => void;

  private constructor(parts: {
    node: Node;
    mempool: Mempool;
    heads: HeadFollower;
    traffic: TrafficService | undefined;
    provers: ProverGroup | undefined;
    rpc: RpcServer | undefined;
    validators: ValidatorGroup | undefined;
    absence: Absence | undefined;
    provider: JsonRpcProvider;
    followers: readonly Service[];
    actors: readonly Service[];
    journals: readonly ActorJournal[];
    statistics: StatisticsCollector;
    listen: () => void;
  }) {
    this.node = parts.node;
    this.mempool = parts.mempool;
    this.heads = parts.heads;
    this.traffic = parts.traffic;
    this.provers = parts.provers;
    this.rpc = parts.rpc;
    this.validators = parts.validators;
    this.#absence = parts.absence;
    this.#provider = parts.provider;
    this.#followers = parts.followers;
    this.#actors = parts.actors;
    this.#listen = parts.listen;
    this.#journals = parts.journals;
    this.#statistics = parts.statistics;
  }

  /**
   * Connects to L1 and puts the parts together; nothing runs before `start`.
   * @throws ActorError CHAIN_MISMATCH, JOURNAL_LOCKED or STORE_LOCKED while another network uses the folder
   */
  static async open(options: LocalNetworkOptions): Promise<LocalNetwork> {
    const {
      rpcUrl,
      beaconUrl = rpcUrl,
      deployment,
      folder,
      keys,
      logger,
      l1BlockTime = 1,
      pollInterval = 200,
    } = options;
    const provider = await connectL1({ url: rpcUrl, chainId: deployment.chainId });
    const journals: ActorJournal[] = [];
    let store: NodeStore | undefined;
    ensureTrustedSetup(); // takes seconds, which the first slot does not have
    try {
      const rollup = await RollupContract.connect({ provider, deployment });
      const nodeLogger = logger.child({ actor: "node" });
      const blobs = await openBlobSources({ folder: join(folder, "blobs"), beaconUrl, logger: nodeLogger });
      store = NodeStore.open({
        path: join(folder, "node.sqlite"),
        identity: chainIdentity(rollup.parameters),
        logger: nodeLogger,
      });
      const verifySignature = cachingVerifier();
      const node = new Node({
        provider,
        rollup,
        blobs,
        logger: nodeLogger,
        verifySignature,
        store,
        ...(options.reorgDepth === undefined ? {} : { reorgDepth: options.reorgDepth }),
      });
      const heads = new HeadFollower({ provider, logger: logger.child({ actor: "l1" }), pollInterval });
      const { sizes } = rollup.parameters;
      const refuseSenders = options.sequencer?.refuseSenders;
      const mempool = nodeMempool(node, { verifySignature, ...(refuseSenders ? { refuseSenders } : {}) });

      const errors = suiteErrorDecoder();
      const open = (actor: string): ActorJournal => {
        const journal = openActorJournal({
          path: join(folder, `${actor}.journal`),
          logger: logger.child({ actor }),
        });
        journals.push(journal);
        return journal;
      };
      const account = (actor: string, key: string, journal: ActorJournal): L1Account =>
        new L1Account({
          provider,
          signer: new Wallet(key),
          chainId: deployment.chainId,
          logger: logger.child({ actor }),
          errors,
          journal,
          pollInterval,
        });

      const { sequencer: sequencerCeiling, prover: proverCeiling } = options.feeCeilings ?? {};
      const makeProposer: ValidatorGroupOptions["makeProposer"] = (parts) =>
        new ProposerService({
          node,
          heads,
          account: parts.account,
          mempool,
          attester: parts.attester,
          guard: new ProposalGuard({ journal: parts.journal, scope: chainIdentity(node.parameters) }),
          logger: logger.child({ actor: parts.actor }),
          coinbase: parts.account.address,
          l1BlockTime,
          verifySignature,
          ...(sequencerCeiling ? { feeCeiling: sequencerCeiling } : {}),
          ...(refuseSenders ? { refuseSenders } : {}),
          ...(options.priceView ? { priceSource: options.priceView.source } : {}),
          get messagePolicy() {
            return options.sequencer?.messagePolicy ?? "eager";
          },
        });
      const sequencer = (key: string): ProposerService => {
        const journal = open("sequencer");
        return makeProposer({
          actor: "sequencer",
          account: account("sequencer", key, journal),
          journal,
          attester: new LocalAttester({ keys: options.attesterKeys ?? [] }),
        });
      };
      const validators =
        options.validators && keys.watcher !== undefined
          ? new ValidatorGroup({
              node,
              heads,
              provider,
              keys: options.validators,
              watcherKey: keys.watcher,
              folder,
              l1BlockTime,
              logger,
              openJournal: open,
              openAccount: account,
              makeProposer,
              tamper: options.tamper,
              priceView: options.priceView,
              verifySignature,
            })
          : undefined;
      const absence =
        validators && options.absence
          ? new Absence({
              group: validators,
              node,
              heads,
              l1BlockTime,
              logger: logger.child({ actor: "absence" }),
            })
          : undefined;
      const proposers = validators
        ? validators.members.map(({ proposer }) => proposer)
        : keys.sequencer === undefined
          ? []
          : [sequencer(keys.sequencer)];
      const committees = validators?.committees ?? new Committees({ provider, parameters: node.parameters });
      const group =
        options.maker && options.provers
          ? await ProverGroup.open({
              provers: options.provers.members,
              deployment: options.provers.deployment,
              provider,
              node,
              heads,
              maker: options.maker,
              folder,
              feeCeiling: proverCeiling,
              committees,
              l1BlockTime,
              logger,
              openJournal: open,
              openAccount: account,
            })
          : undefined;
      const prover =
        options.maker && !group
          ? new ProverService({
              node,
              heads,
              account: account("prover", keys.prover, open("prover")),
              maker: options.maker,
              logger: logger.child({ actor: "prover" }),
              store: new ProofStore({ folder: join(folder, "proofs") }),
              committees,
              l1BlockTime,
              ...(proverCeiling ? { feeCeiling: proverCeiling } : {}),
            })
          : undefined;
      const traffic =
        keys.traffic === undefined
          ? undefined
          : new TrafficService({
              node,
              heads,
              account: account("traffic", keys.traffic, open("traffic")),
              pool: mempool,
              logger: logger.child({ actor: "traffic" }),
              seed: options.seed ?? 1,
              users: options.users ?? 6,
              backlog: 4 * sizes.transactions,
            });

      const rpc =
        options.rpcPort === undefined
          ? undefined
          : new RpcServer({
              ledger: new NodeLedger({
                node,
                mempool,
                l1Head: () => heads.head?.number,
                l1Fees: () => readL1Fees(provider),
              }),
              port: options.rpcPort,
              logger: logger.child({ actor: "rpc" }),
            });

      const statistics = new StatisticsCollector();
      const tell = options.onEvent ?? (() => undefined);
      const listen = (): void => {
        node.on((event) => (statistics.onNode(event), tell({ source: "node", event })));
        for (const proposer of proposers) {
          proposer.on((event) => (statistics.onProposer(event), tell({ source: "proposer", event })));
        }
        for (const { validator, index } of validators?.members ?? []) {
          validator.on((event) => tell({ source: "validator", index, event }));
        }
        validators?.watcher.on((event) => (statistics.onWatcher(event), tell({ source: "watcher", event })));
        for (const { prover: member, market, index } of group?.members ?? []) {
          member.on((event) => (statistics.onProver(event), tell({ source: "prover", index, event })));
          market.on((event) => (statistics.onMarket(event), tell({ source: "market", index, event })));
        }
        prover?.on((event) => (statistics.onProver(event), tell({ source: "prover", event })));
        traffic?.on((event) => (statistics.onTraffic(event), tell({ source: "traffic", event })));
      };
      const followers = [heads, new NodeService({ node, heads, logger: logger.child({ actor: "node" }) })];
      const sequencers = validators ? [validators] : proposers;
      const actors = [...sequencers, absence, prover, group, traffic, rpc].filter(
        (service) => service !== undefined,
      );
      return new LocalNetwork({
        node,
        mempool,
        heads,
        traffic,
        rpc,
        validators,
        absence,
        provers: group,
        provider,
        followers,
        actors,
        journals,
        statistics,
        listen,
      });
    } catch (error) {
      for (const journal of journals) journal.close();
      store?.close();
      provider.destroy();
      throw error;
    }
  }

  /** Starts every part, in the order in which they need each other. Events and counts begin behind the first sync. */
  async start(): Promise<void> {
    for (const service of this.#followers) await service.start();
    this.#listen();
    for (const service of this.#actors) await service.start();
  }

  async stop(): Promise<void> {
    for (const service of [...this.#followers, ...this.#actors].toReversed()) await service.stop();
    for (const journal of this.#journals) journal.close();
    await this.node.close();
    this.#provider.destroy();
  }

  /** What happened since the network was started. */
  get statistics(): Statistics {
    return this.#statistics.current;
  }

  /**
   * Waits until L1 has accepted so many epoch proofs since the network was started.
   * @param stallSeconds time without a new block or proof after which the wait ends
   * @throws ActorError NETWORK_STALLED
   */
  async untilProven({
    epochs,
    stallSeconds = 120,
    signal,
  }: {
    epochs: number;
    stallSeconds?: number;
    signal?: AbortSignal;
  }): Promise<Statistics> {
    let progress = "";
    let since = performance.now();
    for (;;) {
      const { statistics } = this;
      if (statistics.proofs >= epochs) return this.#settled(epochs, signal);
      signal?.throwIfAborted();
      const now = `${statistics.blocks} blocks, ${statistics.proofs} proofs`;
      if (now !== progress) [progress, since] = [now, performance.now()];
      if (performance.now() - since > stallSeconds * 1000) {
        throw new ActorError(
          "NETWORK_STALLED",
          `nothing happened for ${stallSeconds} s after ${progress}`,
          "see the log",
        );
      }
      await sleep(100, signal);
    }
  }

  /** The node may see a proof before its sender has the receipt, with the gas. */
  async #settled(epochs: number, signal: AbortSignal | undefined): Promise<Statistics> {
    for (let tries = 50; tries > 0; tries--) {
      if ((this.statistics.gas.submitEpochProof?.count ?? 0) >= epochs) break;
      await sleep(100, signal);
    }
    return this.statistics;
  }

  /** Who was offline for an epoch, and what L1 has proven of its attestations then; undefined before that proof. */
  async absence(): Promise<AbsenceResult | undefined> {
    const absent = this.#absence?.absent.at(-1);
    if (!absent) return undefined;
    const participation = await readProvenParticipation({
      provider: this.#provider,
      parameters: this.node.parameters,
      epoch: absent.epoch,
    });
    if (!participation) return undefined;
    const { index, epoch, position } = absent;
    return { index, epoch, attested: participation.counts[position]!, of: participation.blocks };
  }

  /** What the ledger says of the network token, and the L1 block at which it does. */
  async ledgerBooks(): Promise<{ block: number; ledger: LedgerBooks }> {
    await this.node.sync();
    // No event of a later L1 block is applied before the next answer of L1.
    return { block: this.node.syncedTo, ledger: readLedgerBooks(this.node.chain) };
  }

  /** The state that L1 alone has as proven, opened from its events. */
  provenState(): Promise<ProvenRoot> {
    return readProvenRoot({ provider: this.#provider, rollup: this.node.rollup });
  }
}
