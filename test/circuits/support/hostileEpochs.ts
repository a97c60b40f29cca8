/** Differential test of circuit and ledger, over a run of seeds. */
import { expect } from "chai";

import { BN254_R } from "../../../protocol/field.ts";
import { openCircuit, refusal } from "./circuit.ts";
import { hostileEpoch, type HostileEpoch } from "./hostile.ts";
import { altered } from "./inputs.ts";

export function hostileEpochsAgree({ from, count }: { from: number; count: number }): void {
  const seen = new Map<string, number>();

  before(async function () {
    this.timeout(180_000);
    await openCircuit();
  });

  // The header carries the ledger's results: the circuit takes the epoch only if it comes to the same.
  for (let seed = from; seed < from + count; seed++) {
    it(`seed ${seed}`, async function () {
      this.timeout(60_000);
      const epoch = hostileEpoch(String(seed));
      for (const { result } of epoch.blocks) {
        for (const { outcome } of result.slots) {
          const name = outcome.type === "skipped" ? outcome.reason : outcome.type;
          seen.set(name, (seen.get(name) ?? 0) + 1);
        }
      }
      expect(await refusal(epoch)).to.equal(undefined);
      expect(await refusal({ inputs: liar(epoch, seed) })).to.be.a("string");
    });
  }

  it("among them were transactions that apply and that break each of many rules", () => {
    expect(seen.get("applied") ?? 0).to.be.greaterThan(count / 3);
    expect(seen.size, [...seen.keys()].join()).to.be.greaterThan(8);
  });
}

/** The same with something else claimed for its last block; the seed decides what. */
function liar({ inputs, blocks }: HostileEpoch, seed: number): HostileEpoch["inputs"] {
  const header = ["witness", "blocks", blocks.length - 1, "header"] as const;
  const places = [
    ["state_root", 7],
    ["message_hash", 6],
    ["gas_l2"],
    ["gas_da"],
    ["state_root", 0],
    ["message_hash", 0],
  ];
  return altered(inputs, [...header, ...places[seed % places.length]!], (x) => x ^ (BN254_R & 1n));
}
