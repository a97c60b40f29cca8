import { LocalNetwork, type NetworkEvent } from "../../../actors/network/localNetwork.ts";
import type { ProofMaker } from "../../../actors/prover/proofMaker.ts";
import { type Logger, createLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { LOCAL_ACCOUNTS, localPrivateKey } from "../../../deploy/localAccounts.ts";
import { ATTESTER_KEY, type TestChain } from "./testChain.ts";

export interface TestNetwork {
  network: LocalNetwork;
  events: NetworkEvent[];
  /** Moves to the next slot and waits for its block. */
  nextSlot: () => Promise<void>;
  until: (what: string, condition: () => boolean, seconds?: number) => Promise<void>;
}

/** Opens and starts a network on a test chain. `LOG_LEVEL` shows what it does. */
export async function startTestNetwork({
  chain,
  folder,
  maker,
  users = 4,
  rpcPort,
}: {
  chain: TestChain;
  folder: string;
  maker?: ProofMaker;
  users?: number;
  rpcPort?: number;
}): Promise<TestNetwork> {
  const events: NetworkEvent[] = [];
  const network = await LocalNetwork.open({
    rpcUrl: chain.url,
    deployment: chain.deployment,
    folder,
    keys: {
      sequencer: localPrivateKey(LOCAL_ACCOUNTS.sequencer),
      prover: localPrivateKey(LOCAL_ACCOUNTS.prover),
      traffic: localPrivateKey(LOCAL_ACCOUNTS.deployer),
    },
    attesterKeys: [ATTESTER_KEY],
    ...(maker ? { maker } : {}),
    users,
    ...(rpcPort === undefined ? {} : { rpcPort }),
    pollInterval: 50,
    logger: testLogger(),
    onEvent: (event) => events.push(event),
  });
  await network.start();

  const until = async (what: string, condition: () => boolean, seconds = 60): Promise<void> => {
    const deadline = performance.now() + seconds * 1000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
      await sleep(20);
    }
  };
  return {
    network,
    events,
    until,
    nextSlot: async () => {
      const slot = (await chain.slot()) + 1;
      await chain.toSlot(slot);
      await until(`the block of slot ${slot}`, () => settled(events, slot));
      await network.node.sync();
    },
  };
}

function settled(events: readonly NetworkEvent[], slot: number): boolean {
  return events.some(({ source, event }) => source === "proposer" && event.slot === slot);
}

function testLogger(): Logger {
  return createLogger({ level: (process.env["LOG_LEVEL"] as "info" | undefined) ?? "silent" });
}
