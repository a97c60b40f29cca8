import { expect } from "chai";

import { PeerScores } from "../../../actors/p2p/peerScores.ts";

describe("Scores of peers", () => {
  it("forget a peer that is gone without fault, and no other", () => {
    let time = 0;
    const scores = new PeerScores(() => time);
    scores.drop("good", "duplicate");
    scores.drop("bad", "malformed");
    for (const peer of ["good", "bad", "unknown"]) scores.forget(peer);
    expect([...scores.all().keys()]).to.deep.equal(["bad"]);
    time = 40;
    scores.forget("bad");
    expect(scores.all().size).to.equal(0);
  });

  it("know nothing of a peer by being asked", () => {
    const scores = new PeerScores(() => 0);
    expect(scores.isShunned("nobody")).to.equal(false);
    expect(scores.scoreOf("nobody")).to.equal(0);
    expect(scores.all().size).to.equal(0);
  });

  it("stay within their memory, whatever names peers come under", () => {
    const scores = new PeerScores(() => 0);
    for (let i = 0; i < 5_000; i++) scores.drop(`peer-${i}`, "malformed");
    expect(scores.all().size).to.equal(4_096);
    expect(scores.scoreOf("peer-4999")).to.equal(-20);
    expect(scores.scoreOf("peer-0")).to.equal(0);
  });
});
