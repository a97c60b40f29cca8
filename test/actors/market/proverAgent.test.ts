import { expect } from "chai";

import { costPlus, type CostModel } from "../../../actors/market/pricing.ts";
import { ProverAgent, type SeenEpoch, type SeenMarket } from "../../../actors/market/proverAgent.ts";
import { WorkSchedule } from "../../../actors/market/workSchedule.ts";
import { toAddress } from "../../../protocol/address.ts";
import { recoverQuoteSigner } from "../../../protocol/quote.ts";
import { domain, parameters, testProvers, type TestProver } from "./support.ts";

const [alice] = testProvers(1) as [TestProver];
const rival = toAddress(0xbadn);
const model: CostModel = { secondsPerBlock: 10, machineHour: 360_000n, gas: 1_000n, bondCost: 0n };

describe("actors/market/proverAgent", () => {
  let now = 0;
  let schedule: WorkSchedule;
  let agent: ProverAgent;

  beforeEach(() => {
    now = 1_000;
    schedule = new WorkSchedule({
      machines: 1,
      secondsPerBlock: 10,
      submissionSeconds: 24,
      breakSeconds: 500,
      now: () => now,
    });
    agent = new ProverAgent({
      key: alice.key,
      prover: alice.address,
      domain,
      parameters,
      model,
      strategy: costPlus(model, 1_000n),
      schedule,
      quoteSeconds: 60,
    });
  });

  const epoch = (changes: Partial<SeenEpoch> = {}): SeenEpoch => ({
    epoch: 5,
    blocks: 8,
    proverFees: 1_000_000n,
    complete: true,
    since: now,
    claim: undefined,
    ...changes,
  });
  const market = (epochs: readonly SeenEpoch[], available = 10n ** 9n): SeenMarket => ({
    now,
    epochs,
    account: { available, nonce: 3n },
    gasPrice: 2n,
    cheapestOther: () => undefined,
  });
  const claimBy = (prover = alice.address) => ({
    prover,
    fee: 110,
    claimedAt: 1_000,
    exclusiveUntil: 1_312,
    bond: 2_400_000n,
  });

  it("quotes what it could finish, signed, while the epoch still runs", () => {
    const [quote, none] = agent.quotes(market([epoch({ complete: false, since: undefined })]));
    expect(none).to.equal(undefined);
    expect(recoverQuoteSigner({ domain, ...quote! })).to.equal(alice.address);
    expect(quote!.quote).to.include({ epoch: 5, fee: 110, bond: 2_400_000n, validUntil: 1_060, nonce: 3n });
  });

  it("quotes nothing it could not finish, cannot bond, or that is firm", () => {
    expect(agent.quotes(market([epoch({ blocks: 29 })]))).to.have.length(0);
    expect(agent.quotes(market([epoch()], 2_399_999n))).to.have.length(0);
    now = 1_013;
    expect(agent.quotes(market([epoch({ claim: claimBy(rival) })]))).to.have.length(0);
  });

  it("owes a claim that it sees on chain, though it never heard of its landing", () => {
    expect(agent.assignment(market([epoch({ claim: claimBy() })]))).to.not.equal(undefined);
    agent.observe(market([epoch({ claim: claimBy() })]));
    expect(schedule.next()).to.deep.equal({ epoch: 5, blocks: 8, deadline: 1_312 });
    expect(agent.assignment(market([epoch({ claim: claimBy() })]))).to.deep.equal({
      epoch: 5,
      reason: "claim",
    });
    // A second look, or a restart, changes nothing.
    agent.observe(market([epoch({ claim: claimBy() })]));
    expect(schedule.jobs()).to.have.length(1);
    // What it owes leaves room for the next epoch only as far as it can finish both.
    expect(agent.quotes(market([epoch({ epoch: 6, blocks: 27 })]))).to.have.length(0);
  });

  it("forgets a claim that was outbid or proven, and breaks after a default", () => {
    agent.observe(market([epoch({ claim: claimBy() })]));
    agent.observe(market([epoch({ claim: claimBy(rival) })]));
    expect(schedule.next()).to.equal(undefined);
    expect(schedule.isBroken).to.equal(false);
    agent.observe(market([epoch({ claim: claimBy() })]));
    agent.observe(market([]));
    expect(schedule.next()).to.equal(undefined);
    expect(schedule.isBroken).to.equal(false);
    agent.observe(market([epoch({ claim: claimBy() })]));
    now = 1_312 + Number(parameters.grace) + 1;
    agent.observe(market([epoch({ claim: claimBy() })]));
    expect(schedule.isBroken).to.equal(true);
    expect(agent.quotes(market([epoch({ epoch: 6 })]))).to.have.length(0);
  });

  it("leaves another's exclusive time alone, and rescues after it when that pays", () => {
    now = 1_312;
    expect(agent.assignment(market([epoch({ claim: claimBy(rival), since: 1_000 })]))).to.equal(undefined);
    now = 1_313;
    expect(agent.assignment(market([epoch({ claim: claimBy(rival), since: 1_000 })]))).to.deep.equal({
      epoch: 5,
      reason: "rescue",
      pay: 800_000n + 1_200_000n,
    });
  });

  it("races for an epoch that nobody claimed once the reserve pays its cost", () => {
    const poor = { proverFees: 20_000n, since: 1_000 };
    expect(agent.assignment(market([epoch(poor)]))).to.equal(undefined);
    now = 1_060;
    // 8 blocks cost 8,000 of machines and 2,000 of gas; the reserve is 80 % of the pot.
    expect(agent.assignment(market([epoch(poor)]))).to.deep.equal({
      epoch: 5,
      reason: "race",
      pay: 16_000n,
    });
    expect(agent.assignment(market([epoch({ ...poor, complete: false })]))).to.equal(undefined);
  });
});
