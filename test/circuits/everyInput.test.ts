import { expect } from "chai";

import type { EpochInputs } from "../../protocol/epochInputs.ts";
import { openCircuit, refusal } from "./support/circuit.ts";
import { altered, placesByKind } from "./support/inputs.ts";
import { fullEpoch } from "./support/testChain.ts";

/** Inputs that the circuit takes whatever they are: L1 pays the prover, being public binds the address. */
const FREE = new Set(["public prover"]);

/** `cheats.test.ts` says why an input is refused; here none may be forgotten. */
describe("the epoch circuit is bound by every kind of input", function () {
  this.timeout(180_000);

  let epoch: EpochInputs;

  before(async () => {
    await openCircuit();
    epoch = fullEpoch();
    expect(await refusal(epoch)).to.equal(undefined);
  });

  it("its first or its last place", async () => {
    const kinds = placesByKind(epoch.inputs);
    expect(kinds.size).to.be.greaterThan(60);
    for (const [k, [kind, places]] of [...kinds].entries()) {
      // All of them, and behind the solver, are tried by `alteredWitness.heavy.test.ts`.
      const place = places[k % 2]!;
      const reason = await refusal({ inputs: altered(epoch.inputs, place) });
      if (FREE.has(kind)) expect(reason, place.join(".")).to.equal(undefined);
      else expect(reason, place.join(".")).to.be.a("string");
    }
  });
});
