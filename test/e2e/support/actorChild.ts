/** One actor as a process of its own, as the operators' tasks run it: `node actorChild.ts CONFIG`. */
import { readFileSync } from "node:fs";

import { openNodeProcess } from "../../../actors/process/nodeProcess.ts";
import { openProverProcess } from "../../../actors/process/proverProcess.ts";
import { runUntilStopped } from "../../../actors/process/runUntilStopped.ts";
import { openSequencerProcess } from "../../../actors/process/sequencerProcess.ts";
import type { FollowOptions } from "../../../actors/process/followedRollup.ts";
import { openLocalProofMaker } from "../../../actors/prover/localProofMaker.ts";
import type { ProofMaker } from "../../../actors/prover/proofMaker.ts";
import { createLogger } from "../../../actors/support/logger.ts";
import type { Service } from "../../../actors/support/service.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { TrafficService } from "../../../actors/traffic/trafficService.ts";
import { readDeployment } from "../../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localPrivateKey } from "../../../deploy/localAccounts.ts";
import { buildCircuit } from "../../../scripts/circuits/build.ts";
import { ATTESTER_KEY } from "./attesterKey.ts";

/** What a child is told. */
export interface ActorChildConfig {
  actor: "node" | "sequencer" | "prover";
  rpcUrl: string;
  records: string;
  folder: string;
  reorgDepth: number;
  port: number;
  /** Empty proofs, for a deployment with the mock verifier. */
  mockProofs: boolean;
}

/** The mock verifier takes an empty proof. */
const mockMaker: ProofMaker = {
  async prove(_inputs, { signal }) {
    await sleep(500, signal);
    return { proof: new Uint8Array(), seconds: 0.5 };
  },
};

const config = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as ActorChildConfig;
const logger = createLogger({ level: "info" }).child({ actor: config.actor });

await runUntilStopped({
  logger,
  open: (onFatal) => {
    const { rpcUrl, folder, reorgDepth } = config;
    const deployment = readDeployment("e2e", config.records);
    return open({ rpcUrl, deployment, folder, reorgDepth, pollInterval: 100, onFatal, logger });
  },
});

async function open(follow: FollowOptions): Promise<Service> {
  const { port } = config;
  switch (config.actor) {
    case "node":
      return (await openNodeProcess({ ...follow, port, l1BlockTime: 1 })).service;
    case "sequencer": {
      const { service, followed, mempool } = await openSequencerProcess({
        ...follow,
        port,
        privateKey: localPrivateKey(LOCAL_ACCOUNTS.sequencer),
        attesterKeys: [ATTESTER_KEY],
        l1BlockTime: 1,
      });
      const { node, heads } = followed;
      const account = followed.account(
        localPrivateKey(LOCAL_ACCOUNTS.deployer),
        followed.openJournal("traffic"),
      );
      const options = { seed: 7, users: 3, backlog: 8 };
      const traffic = new TrafficService({ node, heads, account, pool: mempool, logger, ...options });
      return {
        start: async () => {
          await service.start();
          await traffic.start();
        },
        stop: async () => {
          await traffic.stop();
          await service.stop();
        },
      };
    }
    case "prover":
      return (
        await openProverProcess({
          ...follow,
          privateKey: localPrivateKey(LOCAL_ACCOUNTS.prover),
          maker: config.mockProofs
            ? mockMaker
            : await openLocalProofMaker(await buildCircuit({ size: "local" })),
          l1BlockTime: 1,
        })
      ).service;
  }
}
