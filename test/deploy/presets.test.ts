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

  it("refuses an Inbox ring smaller than what is consumed until a proof frees it", () => {
    // 2 messages a block, 2 blocks an epoch, 32 epochs.
    expect(refusal({ rings: { records: 128, epochs: 512, inbox: 127 } }).message).to.match(
      /rings.inbox: at least 128/,
    );
  });

  it("refuses numbers that the Rollup has no room for, before a deployment pays for it", () => {
    const tooMuch = 2 ** 32;
    for (const [change, path] of [
      [{ messageDeadlineSeconds: tooMuch }, /messageDeadlineSeconds/],
      [{ outboxDelaySeconds: tooMuch }, /outboxDelaySeconds/],
      [{ pause: { maxSeconds: tooMuch, cooldownSeconds: 2 * tooMuch } }, /pause.maxSeconds/],
      [{ proofSubmissionEpochs: 65_536 }, /proofSubmissionEpochs/],
      [{ rings: { records: 128, epochs: 512, inbox: tooMuch } }, /rings.inbox/],
      [{ rings: { records: tooMuch, epochs: 512, inbox: 1_024 } }, /rings.records/],
    ] as const)
      expect(refusal(change).message).to.match(path);
  });

  it("refuses forced transactions for nothing: whoever likes would fill the Inbox", () => {
    for (const forcedFeePerL2Gas of ["0", (2n ** 64n).toString()])
      expect(refusal({ fees: { ...(local()["fees"] as object), forcedFeePerL2Gas } }).message).to.match(
        /fees.forcedFeePerL2Gas: from 1 wei, at most 64 bits/,
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

  it("refuses a fee oracle that replaces samples before they count, and an exchange rate out of its bounds", () => {
    const fees = { ...(local().fees as object), oracleLagSlots: 6 };
    expect(refusal({ fees }).message).to.match(/oracleLagSlots: a sample must count/);
    const price = { ...(local().price as object), ethPerToken: "9999" };
    expect(refusal({ price }).message).to.match(/price.ethPerToken: from 10000/);
  });

  it("refuses a market in which a default pays, or whose claims outlast the bonds", () => {
    const market = local()["market"] as { bond: object };
    const bond = (change: object) => ({ market: { ...market, bond: { ...market.bond, ...change } } });
    expect(refusal(bond({ multipleBps: 20_000 })).message).to.match(/market: bondMultiple/);
    // Proofs are due within 31 epochs of 8 s, and a pause takes 120.
    expect(refusal(bond({ withdrawalDelaySeconds: 367 })).message).to.match(
      /market: withdrawalDelay: at least 368/,
    );
    expect(refusal({ market: { ...market, graceSeconds: 60 } }).message).to.match(/market: grace/);
    const listed = { ...market, ...bond({ floor: "0", multipleBps: 0 }).market, permissioned: true };
    expect(parsePreset({ ...local(), market: listed }, "local").market.permissioned).to.equal(true);
  });

  it("refuses amounts that are no whole numbers", () => {
    expect(refusal({ minimumRegistration: { fee: "0.5", asset: "1" } }).message).to.match(
      /minimumRegistration/,
    );
  });

  it("refuses a member list that is forgotten before its blocks are proven or pruned", () => {
    // 31 epochs of 8 s, and a pause of 120 s.
    expect(refusal({ validators: { kind: "permissioned", listDelaySeconds: 367 } }).message).to.match(
      /listDelaySeconds: at least 368/,
    );
  });

  it("ships what every kind of network needs", () => {
    expect(presetNames()).to.include.members(["local", "localPermissioned", "devnet", "sprtn", "testnet"]);
    expect(loadPreset("testnet")).to.deep.include({ slotSeconds: 72, epochSlots: 32 });
    expect(loadPreset("testnet").validators).to.include({ kind: "staked", committeeSize: 48 });
    expect(loadPreset("sprtn")).to.deep.include({ ownerIsContract: true });
  });

  it("refuses a public slot that is no multiple of L1's", () => {
    expect(refusal({ chainIds: [31337, 11155111], slotSeconds: 4 }).message).to.match(
      /slotSeconds: a multiple of 12/,
    );
  });
});

describe("presets of staked networks", () => {
  const staked = (change: Record<string, unknown>, others: Record<string, unknown> = {}): DeployError =>
    refusal({ ...others, validators: { ...(local().validators as object), ...change } });
  const churn = (change: Record<string, unknown>): DeployError =>
    staked({ churn: { ...(local().validators as { churn: object }).churn, ...change } });

  for (const [what, error, message] of [
    // An epoch is 8 s, a proof's term 30 epochs, a pause 120 s.
    [
      "an evidence window that a block can outlive unproven",
      () => staked({ evidenceWindowSeconds: 359 }),
      /evidenceWindowSeconds: at least 360/,
    ],
    [
      "a pause that makes it so, whose seconds lengthen a proof's term by whole epochs",
      () => staked({ evidenceWindowSeconds: 401 }, { pause: { maxSeconds: 161, cooldownSeconds: 86_400 } }),
      /evidenceWindowSeconds: at least 408/,
    ],
    [
      "an exit paid before its evidence is too old",
      () => staked({ exitDelaySeconds: 432 }),
      /exitDelaySeconds: more than 432/,
    ],
    [
      "an exit that takes more than a year",
      () => staked({ exitDelaySeconds: 365 * 86_400 + 1 }),
      /exitDelaySeconds: at most/,
    ],
    ["seeds overwritten while a committee answers", () => staked({ seedRing: 54 }), /seedRing: more than 54/],
    [
      "a genesis before the bootstrap set can be active",
      () => staked({ genesisDelaySeconds: 39 }),
      /genesisDelaySeconds: at least 40/,
    ],
    [
      "a reward for a challenge that pays who challenges himself",
      () => staked({ challenge: { slashBps: 1_000, rewardBps: 501, reserveRewards: 1, windowSeconds: 0 } }),
      /challenge.rewardBps: at most half/,
    ],
    [
      "a record ring that laps while a proposer answers for its block",
      () => staked({}, { rings: { records: 102, epochs: 512, inbox: 1024 } }),
      /rings.records: 103 blocks/,
    ],
    ["stakes in broken Gwei", () => staked({ minimumStake: "1000000001" }), /minimumStake: whole Gwei/],
    ["no stake", () => staked({ minimumStake: "0" }), /minimumStake: whole Gwei/],
    ["a committee greater than the bitmap", () => staked({ committeeSize: 49 }), /committeeSize/],
    [
      "growth slower than the least churn",
      () => churn({ growthRate: 1, minRate: 2 }),
      /churn.growthRate: at least minRate/,
    ],
    [
      "most churn below least churn",
      () => churn({ minRate: 4, maxRate: 3 }),
      /churn.maxRate: at least minRate/,
    ],
    ["more churn than the registry counts", () => churn({ maxRate: 65_536 }), /churn.maxRate/],
    ["parameters of a list", () => staked({ listDelaySeconds: 60 }), /listDelaySeconds/],
    ["an unknown kind", () => staked({ kind: "elected" }), /validators.kind/],
  ] as const) {
    it(`refuses ${what}`, () => expect(error().message).to.match(message));
  }

  it("accepts what is just long enough", () => {
    const validators = {
      ...(local().validators as object),
      evidenceWindowSeconds: 360,
      exitDelaySeconds: 393,
    };
    expect(
      parsePreset(
        { ...local(), validators: { ...validators, seedRing: 50, genesisDelaySeconds: 40 } },
        "local",
      ).validators,
    ).to.include({ exitDelaySeconds: 393 });
  });
});
