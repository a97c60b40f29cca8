import type { JsonRpcProvider } from "ethers";

import { chainHash } from "../../protocol/header.ts";
import { decodeRecord, genesisRecord, recordHash, type BlockRecord } from "../../protocol/record.ts";
import type { Field } from "../../protocol/field.ts";
import { announcedBlock } from "./verifyBlock.ts";
import { ActorError } from "../support/actorError.ts";
import { readHead } from "../l1/provider.ts";
import type { ProposedEvent, RollupContract } from "../l1/rollupContract.ts";

/** The proven state as L1 alone has it. */
export interface ProvenRoot {
  number: number;
  stateRoot: Field;
}

/**
 * Reads the proven state root from L1, with no node: the Rollup stores the hash of the proven block's record, the
 * record holds the chain hash, and the chain hash opens to the header with the root. Both preimages come from events
 * and are checked against the stored hash.
 * @throws ActorError L1_EVENT_UNEXPECTED when the events do not open the hash
 */
export async function readProvenRoot(parameters: {
  provider: JsonRpcProvider;
  rollup: RollupContract;
}): Promise<ProvenRoot> {
  const { provider, rollup } = parameters;
  const { proven } = await rollup.status();
  const { genesisHash, genesisRoot, initialOracle, startBlock } = rollup.parameters;
  if (proven === 0) return { number: 0, stateRoot: genesisRoot };

  const head = await readHead(provider);
  const events = await rollup.events({
    from: startBlock,
    to: head?.number ?? startBlock,
    readBlock: async (number) => (await readHead(provider, number))!,
  });
  const proposals = events.filter((event): event is ProposedEvent => event.type === "proposed");
  // The number of a block that was pruned or rolled back is given out again: the last event of a number is the one that stands.
  const eventOf = (number: number): ProposedEvent | undefined =>
    proposals.findLast((event) => event.number === number);

  const event = eventOf(proven);
  const parentEvent = eventOf(proven - 1);
  const parent: BlockRecord | undefined =
    proven === 1
      ? genesisRecord(genesisHash, initialOracle)
      : parentEvent && decodeRecord(parentEvent.record);
  if (!event || !parent) throw unopened(proven);
  const { record, header } = announcedBlock({ event, parent, parameters: rollup.parameters });
  if (recordHash(record) !== (await rollup.recordHash(proven)) || chainHash(header) !== record.chainHash) {
    throw unopened(proven);
  }
  return { number: proven, stateRoot: header.stateRoot };
}

function unopened(number: number): ActorError {
  return new ActorError(
    "L1_EVENT_UNEXPECTED",
    `L1's events do not open the record of block ${number}`,
    "check the RPC server",
  );
}
