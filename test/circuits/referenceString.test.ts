import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { bn254 } from "@noble/curves/bn254.js";
import { expect } from "chai";

import { BN254_SCALAR, TAU } from "../../scripts/circuits/developmentTau.ts";
import { ensureSrs, readG2, SrsError, type Progress } from "../../scripts/circuits/srs.ts";

const POINTS = 70;

describe("development reference string", function () {
  this.timeout(60_000);

  let cache: string;
  const progress: Progress[] = [];
  const make = (points = POINTS): ReturnType<typeof ensureSrs> =>
    ensureSrs({ kind: "development", points, cache, onProgress: (step) => progress.push(step) });

  before(async () => {
    cache = await mkdtemp(join(tmpdir(), "calpulli-srs-"));
  });
  beforeEach(() => progress.splice(0));
  after(() => rm(cache, { recursive: true, force: true }));

  it("holds the powers of tau in both groups", async () => {
    const srs = await make();
    expect(progress.at(-1)).to.deep.equal({
      stage: "development reference string",
      done: POINTS,
      total: POINTS,
    });
    const bytes = await readFile(join(srs.path, "bn254_g1.dat"));
    expect(bytes.length).to.equal(64 * POINTS);
    let power = 1n;
    for (let i = 0; i < POINTS; i++) {
      const { x, y } = bn254.G1.Point.BASE.multiply(power).toAffine();
      const point = x.toString(16).padStart(64, "0") + y.toString(16).padStart(64, "0");
      expect(bytes.subarray(64 * i, 64 * i + 64).toString("hex"), `point ${i}`).to.equal(point);
      power = (power * TAU) % BN254_SCALAR;
    }
    const { x, y } = bn254.G2.Point.BASE.multiply(TAU).toAffine();
    expect(await readG2(srs)).to.deep.equal([x.c0, x.c1, y.c0, y.c1]);
  });

  it("is found again, also where fewer points are enough", async () => {
    await make();
    await make(POINTS - 1);
    expect(progress).to.deep.equal([]);
  });

  it("is made again when the file is altered or cut", async () => {
    const { path } = await make();
    const file = join(path, "bn254_g1.dat");
    const good = await readFile(file);
    const bad = Buffer.from(good);
    bad[1_000]! ^= 1;
    for (const content of [bad, good.subarray(0, good.length - 64)]) {
      await writeFile(file, content);
      await make();
      expect((await readFile(file)).equals(good)).to.equal(true);
    }
    expect(await readdir(cache)).to.deep.equal(["development"]);
  });

  it("is not taken for the ceremony's", async () => {
    const { path } = await make();
    const before = process.env.CRS_PATH;
    process.env.CRS_PATH = path;
    try {
      const error: unknown = await ensureSrs({ kind: "ignition", points: 4, cache }).catch(
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(SrsError);
      expect(String(error)).to.match(/does not hold the reference string of the ceremony/);
      const short: unknown = await ensureSrs({ kind: "ignition", points: POINTS + 1, cache }).catch(
        (reason: unknown) => reason,
      );
      expect(String(short)).to.match(/holds 70 points .* 71 are needed/);
    } finally {
      if (before === undefined) delete process.env.CRS_PATH;
      else process.env.CRS_PATH = before;
    }
  });
});
