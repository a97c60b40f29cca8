import { expect } from "chai";
import { readFileSync } from "node:fs";

import { DeployError } from "../../deploy/errors.ts";
import { loadPreset, parsePreset, presetNames } from "../../deploy/presets.ts";

const local = (): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL("../../deploy/presets/local.json", import.meta.url), "utf8")) as Record<
    string,
    unknown
  >;

function refusal(change: Record<string, unknown>): DeployError {
  try {
    parsePreset({ ...local(), ...change }, "local");
  } catch (error) {
    if (error instanceof DeployError) return error;
  }
  throw new Error("the preset was accepted");
}

describe("presets", () => {
  it("accepts every preset that ships", () => {
    expect(presetNames()).to.include("local");
    for (const name of presetNames()) expect(loadPreset(name).name).to.equal(name);
  });

  it("names the presets that exist when one is unknown", () => {
    expect(() => loadPreset("nowhere")).to.throw(DeployError, /no preset "nowhere".*local/);
  });

  it("reports every fault at once, with its path", () => {
    const error = refusal({ slotSeconds: 0, version: "one", rings: { records: 1, epochs: 0, inbox: 4 } });
    expect(error.code).to.equal("PRESET_INVALID");
    expect(error.message)
      .to.match(/slotSeconds/)
      .and.match(/version/)
      .and.match(/rings.epochs/);
  });

  it("refuses a field that does not exist, so that a misspelt one is not silently a default", () => {
    expect(refusal({ slotSecond: 4 }).message).to.match(/slotSecond/);
  });

  it("refuses an epoch longer than the circuit", () => {
    expect(refusal({ epochSlots: 3 }).message).to.match(
      /epochSlots: the circuit local proves at most 2 blocks/,
    );
  });

  it("refuses a record ring that unproven blocks would overrun", () => {
    expect(refusal({ rings: { records: 62, epochs: 128, inbox: 1024 } }).message).to.match(
      /63 records can be in use/,
    );
  });

  it("refuses pauses so close together that one could fall into what another held up", () => {
    const pause = (maxSeconds: number, cooldownSeconds: number) => ({
      pause: { maxSeconds, cooldownSeconds },
    });
    // The term of a proof is 31 epochs of 8 s.
    expect(refusal(pause(120, 367)).message).to.match(/pause.cooldownSeconds: at least 368/);
    const slow = { ...pause(120, 1_119), outboxDelaySeconds: 1_000 };
    expect(refusal(slow).message).to.match(/at least 1120/);
    expect(parsePreset({ ...local(), ...slow, ...pause(120, 1_120) }, "local").pause.maxSeconds).to.equal(
      120,
    );
  });

  it("refuses a council that is no address", () => {
    expect(refusal({ council: "treasury" }).message).to.match(/council/);
  });

  it("refuses shares of more than the whole fee", () => {
    const fees = { ...(local().fees as object), burnedBps: 6000, proverBps: 4001 };
    expect(refusal({ fees }).message).to.match(/more than 10,000/);
  });

  it("refuses amounts that are no whole numbers", () => {
    expect(refusal({ minimumRegistration: "0.5" }).message).to.match(/minimumRegistration/);
  });

  it("refuses a member list that could change within an epoch", () => {
    expect(refusal({ validators: { listDelaySeconds: 7 } }).message).to.match(/within an epoch/);
  });
});
