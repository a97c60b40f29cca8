import { expect } from "chai";

import { addressToHex } from "../../../protocol/address.ts";
import { attestationDigest } from "../../../protocol/attestation.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { toSlot } from "../../../protocol/time.ts";
import type { L1Head } from "../../../actors/l1/provider.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { buildBlock } from "../../../actors/sequencer/buildBlock.ts";
import { CommitteeAttester } from "../../../actors/sequencer/committeeAttester.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import type { PriceOpinion } from "../../../actors/price/priceStep.ts";
import { checkProposal } from "../../../actors/validator/proposalCheck.ts";
import { type ValidatorEvent, ValidatorService } from "../../../actors/validator/validatorService.ts";
import {
  COINBASE,
  committeeOf,
  contextOn,
  domain,
  openSigner,
  parameters,
  smallChain,
} from "../support/committee.ts";
import { DOMAIN, PRICES } from "../support/fakeL1.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const SIZE = 4;
const SLOT = 3;
const { inbox, tip } = smallChain();
const price = tip.record.oracle.price;
/** The market stands four per cent over the record. */
const seen: PriceOpinion = { market: (price * 104n) / 100n, tolerance: 100 };

describe("A committee with a view of the market", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  /** Position 0 proposes with a step; the others hold it to their opinions. */
  async function propose(modifier: number, opinions: (PriceOpinion | undefined)[]) {
    const folder = temporaryFolder();
    cleanups.push(() => folder.remove());
    const hub = new GossipHub({ logger: silentLogger });
    const committees = { of: () => Promise.resolve(committeeOf(SIZE)) };
    const time = parameters.clock.genesisTime + SLOT * parameters.clock.slotDuration;
    const signerOf = (position: number) => {
      const { journal, signer } = openSigner(folder.path, position);
      cleanups.push(() => journal.close());
      return signer;
    };
    const events: ValidatorEvent[] = [];
    for (const [i, opinion] of opinions.entries()) {
      const validator = new ValidatorService({
        rollup: {
          parameters,
          proposerOf: () => Promise.resolve({ proposer: "0x", position: 0, committeeSize: SIZE }),
        },
        heads: { refresh: () => Promise.resolve({ timestamp: time } as L1Head) },
        gossip: hub.join(`member-${i + 1}`),
        committees,
        signer: signerOf(i + 1),
        check: (proposal) => checkProposal(proposal, { ...contextOn(tip, inbox), opinion }),
        l1BlockTime: 1,
        logger: silentLogger,
      });
      validator.on((event) => events.push(event));
      await validator.start();
      cleanups.push(() => validator.stop());
    }
    const attester = new CommitteeAttester({
      parameters,
      gossip: hub.join("proposer"),
      committees,
      signer: signerOf(0),
      logger: silentLogger,
      cutOff: 300,
      giveUp: 400,
    });
    const block = buildBlock({
      parent: tip,
      slot: toSlot(SLOT),
      prices: PRICES,
      inbox: inbox.slice(tip.record.messageCount),
      candidates: [],
      domain: DOMAIN,
      sizes: parameters.sizes,
      verifySignature: schnorrVerify,
    });
    const attested = { slot: toSlot(SLOT), chainHash: block.chainHash, modifier, coinbase: COINBASE };
    const bitmap = await attester
      .attest({
        slot: SLOT,
        digest: attestationDigest({ kind: "Attestation", domain, block: attested }),
        duty: { proposer: "0x", position: 0, committeeSize: SIZE },
        block,
        parent: tip,
        coinbase: addressToHex(COINBASE),
        modifier,
      })
      .then(({ bitmap: attesters }) => attesters)
      .catch((error: unknown) => {
        if (isActorError(error, "QUORUM_MISSED")) return undefined;
        throw error;
      });
    const reasons = events.flatMap((event) => (event.type === "refused" ? [event.reason] : []));
    return { bitmap, reasons };
  }

  it("signs a step towards it", async () => {
    expect((await propose(100, [seen, seen, seen])).bitmap).to.equal(0b1111n);
  });

  it("gives no quorum to a proposer with a wrong price", async () => {
    const { bitmap, reasons } = await propose(-100, [seen, seen, seen]);
    expect(bitmap).to.equal(undefined);
    expect(reasons).to.deep.equal(["modifierWrongWay", "modifierWrongWay", "modifierWrongWay"]);
  });

  it("needs more than a third with an opinion for that: those without one sign", async () => {
    expect((await propose(-100, [seen, seen, undefined])).bitmap).to.equal(undefined);
    expect((await propose(-100, [seen, undefined, undefined])).bitmap).to.equal(0b1101n);
  });

  it("signs for a proposer that leaves the price as it is", async () => {
    expect((await propose(0, [seen, seen, undefined])).bitmap).to.equal(0b1111n);
  });
});
