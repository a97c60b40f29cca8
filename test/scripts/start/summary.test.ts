import { expect } from "chai";

import type { NetworkResult } from "../../../scripts/start/networkRun.ts";
import { missingOf, summarise } from "../../../scripts/start/summary.ts";
import { networkResult } from "./support/networkResult.ts";

const ROOT = `0x${"12".repeat(32)}`;
const deployment = { transactions: [{ gasUsed: 1_000 }, { gasUsed: 234 }] } as Parameters<
  typeof summarise
>[0]["deployment"];

function summaryOf(change: Partial<NetworkResult> = {}, parts: { resynced?: string; columns?: number } = {}) {
  const { resynced = ROOT, columns } = parts;
  const result = { ...networkResult(), ...change };
  const roots = { l1: ROOT, resynced };
  return summarise({ result, deployment, roots, began: 5_000, ended: 105_000, columns });
}

const withoutRescue = (): NetworkResult["market"] => ({ ...networkResult().market, rescue: null });

describe("the closing summary of npm start", () => {
  it("has its groups in the order in which a newcomer asks", () => {
    const titles = summaryOf()
      .text.split("\n")
      .filter((line) => /^ {2}\S/.test(line))
      .map((line) => line.trim().split(/[ :]/)[0]);
    expect(titles).to.deep.equal(["Chain", "Committee", "Market", "Rewards", "Books", "Gas"]);
  });

  it("keeps lines within the terminal, but for a hash", () => {
    for (const columns of [80, 100]) {
      const lines = summaryOf({}, { columns }).text.split("\n");
      expect(lines.filter(({ length }) => length > columns)).to.deep.equal([]);
    }
  });

  it("shows who asked, claimed, proved and was paid for every epoch, cheapest prover first", () => {
    const { text } = summaryOf();
    expect(text).to.match(/epoch {2}reckless +cheap +dear {2}claimed by {2}proven by {2}paid TST/);
    expect(text).to.match(/ 1 +1\.76 % +5\.25 % +26\.25 % {2}reckless +cheap +3\.2 {2}rescue/);
    expect(text).to.match(/ 4 +- +5\.25 % +26\.25 % {2}cheap +cheap +0\.21\n/);
    expect(text).to.include("reckless 1, 0.21 TST; cheap 5, 4.04 TST; dear 0, 0 TST");
    expect(text).to.include("4.8 TST of it to the cheap prover, 4.8 TST burned");
  });

  it("counts the command's seconds from its own start", () => {
    const { values } = summaryOf();
    expect(values.seconds).to.equal(100);
    expect(values.secondsToFirstProof).to.equal(15.2);
    expect(values.secondsToFirstProofInAll).to.equal(20);
    expect(values.gasUsed["propose"]).to.deep.equal({ count: 2, min: 80_000, avg: 90_000, max: 100_000 });
    expect(values.gasUsed["deploy"]!.avg).to.equal(1_234);
  });

  it("survives JSON", () => {
    const { values } = summaryOf();
    expect(JSON.parse(JSON.stringify(values))).to.deep.equal(values);
  });

  it("shows both roots when they differ", () => {
    const other = `0x${"34".repeat(32)}`;
    const { text } = summaryOf({}, { resynced: other });
    expect(text).to.include("DIFFERENT");
    expect(text).to.include(ROOT).and.to.include(other);
  });

  describe("what did not happen", () => {
    it("is nothing after the whole story", () => {
      expect(missingOf(networkResult())).to.deep.equal([]);
      expect(summaryOf().text).not.to.include("Did not happen");
    });

    const { market, told, rewards } = networkResult();
    const parts: Record<string, [Partial<NetworkResult>, RegExp]> = {
      "a withdrawal": [{ told: { forced: told.forced! } }, /no withdrawal/],
      "a forced transfer": [{ told: { withdrawal: told.withdrawal! } }, /no forced transfer/],
      "a rescue": [{ market: withoutRescue() }, /rescued/],
      "a prover's payment": [{ market: { ...market, settlements: 5 } }, /not every prover was paid/],
      "a sequencer's claim": [{ rewards: { ...rewards, sequencer: null } }, /claimed their rewards/],
      "an attester's claim": [{ rewards: { ...rewards, attester: null } }, /claimed their rewards/],
    };
    for (const [what, [change, sentence]] of Object.entries(parts)) {
      it(`is named: ${what}`, () => {
        const { values, text } = summaryOf(change);
        expect(values.missing).to.have.length(1);
        expect(values.missing[0]).to.match(sentence);
        expect(text).to.match(/Did not happen in this run\n +\S/);
        expect(text).to.match(sentence);
      });
    }

    it("comes with a hint when there were fewer epochs than the story has", () => {
      const short = { ...withoutRescue(), settlements: 1, epochs: market.epochs.slice(0, 1) };
      expect(summaryOf({ market: short }).text).to.include("(6 epochs, the default, tell the whole story)");
      expect(summaryOf({ market: withoutRescue() }).text).not.to.include("(6 epochs");
    });
  });
});
