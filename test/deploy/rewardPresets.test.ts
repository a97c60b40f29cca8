import { expect } from "chai";
import { readFileSync } from "node:fs";

import { DeployError } from "../../deploy/errors.ts";
import { loadPreset, parsePreset, presetNames, type Preset } from "../../deploy/presets.ts";
import { largestEpochReward, sequencerReward, yearlyGrowth } from "../../protocol/rewards.ts";
import { COMMITTEE_SIZE } from "../../protocol/sizes.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";

interface Raw {
  rewards: Record<string, unknown> & { mint: Record<string, unknown> };
}

const read = (name: string): Raw =>
  JSON.parse(readFileSync(new URL(`../../deploy/presets/${name}.json`, import.meta.url), "utf8")) as Raw;

/** The preset with other rewards, or why it is refused. */
function accept(name: string, rewards: Record<string, unknown>, mint = {}): Preset | DeployError {
  const raw = read(name);
  try {
    return parsePreset(
      { ...raw, rewards: { ...raw.rewards, ...rewards, mint: { ...raw.rewards.mint, ...mint } } },
      name,
    );
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
}

function committeeOf({ validators }: Preset): number {
  return validators.kind === "staked" ? validators.committeeSize : COMMITTEE_SIZE;
}

/**
 * A proposer that saw `seen` attestations and holds `own` seats beside earns this for its block and the seats, when it
 * carries `carried`, its own among them: nobody else's bit adds to it but by the bonus.
 */
function earnings({ rewards }: Preset, carried: number, own: number): bigint {
  return sequencerReward(rewards, carried) + rewards.attesterReward * BigInt(own);
}

function expectRefused(result: Preset | DeployError, message: RegExp): void {
  expect(result).to.be.instanceOf(DeployError);
  expect((result as DeployError).message).to.match(message);
}

describe("rewards of a preset", () => {
  it("pay a proposer less for every attestation it leaves out, in every parameter set that is accepted", () => {
    const random = seededRandom("presets/rewards");
    let accepted = 0;
    for (let i = 0; i < 600; ++i) {
      const name = presetNames()[i % presetNames().length]!;
      // From nothing at all to far more than can be minted.
      const amount = (): string =>
        random.below(8) === 0 ? "0" : random.bits(8 + random.below(64)).toString();
      const preset = accept(
        name,
        {
          blockReward: amount(),
          attestationBonus: amount(),
          attesterReward: amount(),
          proverReward: amount(),
        },
        { rate: random.below(1_000) },
      );
      if (preset instanceof DeployError) continue;
      ++accepted;
      const committee = committeeOf(preset);
      for (let seen = 1; seen <= committee; ++seen) {
        for (const own of [0, 1, seen - 1]) {
          expect(earnings(preset, seen, own) > earnings(preset, seen - 1, own)).to.equal(true);
        }
      }
      // Nor does leaving others unpaid leave more to it: a window mints what all of its blocks can earn.
      const { mint } = preset.rewards;
      const minted = (preset.token.initialSupply * BigInt(mint.rate)) / 1_000_000n;
      const epochs = BigInt(Math.floor(mint.windowSeconds / (preset.slotSeconds * preset.epochSlots)));
      expect(minted >= epochs * largestEpochReward(preset.rewards, preset.epochSlots, committee)).to.equal(
        true,
      );
      expect(yearlyGrowth(mint.windowSeconds, mint.maxRate) < 12n * 10n ** 17n).to.equal(true);
    }
    expect(accepted).to.be.greaterThan(50);
  });

  it("are refused without a bonus", () => {
    expectRefused(accept("testnet", { attestationBonus: "0" }), /leaves out an attestation/);
  });

  it("are refused beyond what is minted", () => {
    expectRefused(accept("testnet", { blockReward: "30000000000000000000" }), /a short distributor/);
  });

  it("are refused when a year of minting adds a fifth", () => {
    expectRefused(accept("testnet", {}, { maxRate: 3_400 }), /a fifth or more/);
  });

  it("are refused when the claims' window ends too soon, or too near the ring's end", () => {
    expectRefused(accept("testnet", { claimWindowEpochs: 253 }), /may become claimable 238 epochs after/);
    expectRefused(accept("testnet", { claimWindowEpochs: 1_009 }), /must be swept before/);
  });

  it("are refused for attesters of a permissioned set", () => {
    expectRefused(accept("devnet", { attesterReward: "1" }), /permissioned/);
  });

  it("are refused with a rate over its limit", () => {
    expectRefused(accept("testnet", {}, { rate: 3_001 }), /at most maxRate/);
  });

  it("mint less than a fifth of the supply a year, in every preset that ships", () => {
    for (const name of presetNames()) {
      const { mint } = loadPreset(name).rewards;
      expect(yearlyGrowth(mint.windowSeconds, mint.maxRate) < 12n * 10n ** 17n, name).to.equal(true);
    }
  });
});
