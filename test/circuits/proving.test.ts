import { expect } from "chai";

import { EpochProver, ProvingError, runBb } from "../../actors/prover/proving.ts";
import { altered } from "./support/inputs.ts";
import { openCircuit } from "./support/circuit.ts";
import { TestChain } from "./support/testChain.ts";

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(ProvingError);
  return (error as ProvingError).code;
}

describe("proving", function () {
  this.timeout(180_000);

  it("says which artefact is missing and how to make it", async () => {
    const { built } = await openCircuit();
    expect(await codeOf(EpochProver.open({ ...built, program: "/nowhere/program.json" }))).to.equal(
      "artifact-missing",
    );
    const prover = await EpochProver.open({ ...built, crs: "/nowhere" });
    const { inputs } = new TestChain().epoch({});
    const error: unknown = await prover.prove(inputs).catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "artifact-missing");
    expect(String(error)).to.match(/bn254_g1.dat is missing or too short. Run `npm run circuits`/);
  });

  it("says what the circuit refuses", async () => {
    const { prover } = await openCircuit();
    const { inputs } = new TestChain().epoch({});
    expect(await codeOf(prover.prove(altered(inputs, ["public", "y", 0])))).to.equal("unsatisfied");
  });

  it("does not start when it is already aborted", async () => {
    const { prover } = await openCircuit();
    const { inputs } = new TestChain().epoch({});
    expect(await codeOf(prover.prove(inputs, { signal: AbortSignal.abort() }))).to.equal("aborted");
  });

  it("passes on what the native prover complains about", async () => {
    expect(await codeOf(runBb(["gates", "-b", "/nowhere"]))).to.equal("prover-failed");
  });
});
