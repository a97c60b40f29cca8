import { expect } from "chai";

import { toAddress } from "../../../protocol/address.ts";
import { encodeAggregateOpening } from "../../../protocol/aggregateOpening.ts";
import { attestationDigest } from "../../../protocol/attestation.ts";
import { type Epoch, slotStart } from "../../../protocol/time.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { attestationOpening } from "../../../actors/prover/attestationOpening.ts";
import type { EpochWork } from "../../../actors/prover/epochWork.ts";
import type { CommitteeMember } from "../../../actors/validator/committees.ts";
import { attestedBlockOf } from "../../../protocol/gossip.ts";
import {
  committeeOf,
  domain,
  honestProposal,
  memberKey,
  parameters,
  smallChain,
} from "../support/committee.ts";

const WINDOW = 100;
const PROPOSER = "0x00000000000000000000000000000000000000dd";
const BITMAP = 0b1011n;
const { inbox, tip } = smallChain();
const proposal = honestProposal({ parent: tip, slot: 3, inbox });
const digest = attestationDigest({ kind: "Attestation", domain, block: attestedBlockOf(proposal) });
const signature = memberKey(0).sign(digest);
const { slot, coinbase } = attestedBlockOf(proposal);
const start = slotStart(parameters.clock, slot);

/** An epoch whose last block is this one. */
function workOf({
  bitmap = BITMAP,
  bytes = signature,
}: { bitmap?: bigint; bytes?: Uint8Array } = {}): EpochWork {
  const claims = { slot, modifier: -7, bitmap, coinbase, signature: bytes };
  const block = { number: 3, record: { ...tip.record, bitmap }, claims, proposer: PROPOSER };
  return { epoch: 1 as Epoch, blocks: [block] } as unknown as EpochWork;
}

const open = (
  age: number,
  work = workOf(),
  committee: CommitteeMember[] | undefined = committeeOf(4),
): Promise<readonly bigint[]> =>
  attestationOpening({
    work,
    parameters: { ...parameters, challengeWindow: BigInt(WINDOW) },
    committees: committee && { of: () => Promise.resolve(committee) },
    time: start + age,
  });

describe("Opening of the last block's aggregate for an epoch's proof", () => {
  it("shows witness, point and the keys of those who attested while the block is young", async () => {
    expect(await open(WINDOW - 1)).to.deep.equal(
      encodeAggregateOpening({
        witness: { proposer: toAddress(PROPOSER), modifier: -7, coinbase, signature },
        keys: [0, 1, 3].map((k) => memberKey(k).publicKey),
      }),
    );
  });

  it("shows nothing when the block is old enough", async () => {
    expect(await open(WINDOW)).to.deep.equal([]);
  });

  it("shows nothing when nobody attested", async () => {
    expect(await open(0, workOf({ bitmap: 0n }))).to.deep.equal([]);
  });

  for (const [what, attempt] of [
    [
      "a key of the committee is not known",
      () =>
        open(
          0,
          workOf(),
          committeeOf(4).map((member, k) => (k === 3 ? { ...member, key: undefined } : member)),
        ),
    ],
    ["the committee is not known", () => open(0, workOf(), [])],
    ["the published bytes are no point", () => open(0, workOf({ bytes: new Uint8Array(96) }))],
  ] as const) {
    it(`fails, with a remedy, when ${what}`, async () => {
      const error: unknown = await attempt().catch((thrown: unknown) => thrown);
      expect(isActorError(error, "STATE_UNAVAILABLE"), String(error)).to.equal(true);
    });
  }
});
