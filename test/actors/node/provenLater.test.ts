import { expect } from "chai";

import { provenLater } from "../../../actors/node/provenLater.ts";
import type { ProposedEvent, RollupEvent } from "../../../actors/l1/rollupContract.ts";

const proposed = (number: number): ProposedEvent => ({ type: "proposed", number }) as ProposedEvent;
const proven = (number: number): RollupEvent => ({ type: "epochProven", number }) as RollupEvent;
const pruned = (upTo: number): RollupEvent => ({ type: "pruned", proven: upTo }) as RollupEvent;

describe("Proposals that are proven later", () => {
  it("are those up to a later proof, and none behind it", () => {
    const [one, two, three] = [proposed(1), proposed(2), proposed(3)];
    expect([...provenLater([one, two, proven(2), three])]).to.deep.equal([one, two]);
    expect([...provenLater([proven(2), three])]).to.deep.equal([]);
  });

  it("are not those that a prune dropped, though their numbers are proven", () => {
    const [one, dropped, again] = [proposed(1), proposed(2), proposed(2)];
    const trusted = provenLater([one, proven(1), dropped, pruned(1), again, proven(2)]);
    expect(trusted.has(one)).to.equal(true);
    expect(trusted.has(dropped)).to.equal(false);
    expect(trusted.has(again)).to.equal(true);
  });

  it("are not those that a roll-back dropped, though their numbers are proven", () => {
    const [one, dropped, again] = [proposed(1), proposed(2), proposed(2)];
    const rolledBack = { type: "rolledBack", last: 1 } as RollupEvent;
    const trusted = provenLater([one, dropped, rolledBack, again, proven(2)]);
    expect([...trusted]).to.deep.equal([one, again]);
  });
});
