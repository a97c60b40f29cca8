import { type JsonRpcProvider, toBeHex } from "ethers";

import {
  type Participation,
  type ParticipationWords,
  decodeParticipation,
} from "../../protocol/participation.ts";
import { contractInterface } from "./contractInterface.ts";
import type { RollupParameters } from "./rollupContract.ts";

/** How often each committee position attested in an epoch, as L1 has it proven; undefined before its proof. */
export async function readProvenParticipation({
  provider,
  parameters,
  epoch,
}: {
  provider: JsonRpcProvider;
  parameters: RollupParameters;
  epoch: number;
}): Promise<Participation | undefined> {
  const abi = contractInterface("rollup/IRollup");
  const logs = await provider.getLogs({
    address: parameters.address,
    topics: [abi.getEvent("EpochProven")!.topicHash, toBeHex(epoch, 32)],
    fromBlock: parameters.startBlock,
  });
  const parsed = logs.length > 0 ? abi.parseLog(logs.at(-1)!) : undefined;
  return parsed
    ? decodeParticipation([...(parsed.args["participation"] as bigint[])] as unknown as ParticipationWords)
    : undefined;
}
