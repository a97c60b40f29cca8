/**
 * The structured reference string: points τ^i·G1 and τ·G2 of BN254, in files as the prover reads them.
 *
 * - `ignition`: from the public ceremony; what public networks need. Found under CRS_PATH or downloaded.
 * - `development`: from a published τ (see developmentTau.ts), made here in seconds, without a network.
 *
 * Files are cached under `.cache/srs/<kind>/`, made beside and renamed, and checked by hash on every use: what is cut or
 * altered is made again.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { bn254 } from "@noble/curves/bn254.js";

import { TAU } from "./developmentTau.ts";
import type { Range } from "./powersWorker.ts";

export const SRS_KINDS = ["development", "ignition"] as const;
export type SrsKind = (typeof SRS_KINDS)[number];

export interface Srs {
  kind: SrsKind;
  /** Directory for the prover's CRS_PATH. */
  path: string;
}

export interface Progress {
  stage: string;
  done: number;
  total: number;
}

/** What a person can do about it stands in the message. */
export class SrsError extends Error {
  override name = "SrsError";
}

const G1_FILE = "bn254_g1.dat";
const G2_FILE = "bn254_g2.dat";
const SUM_FILE = "sha256";
const POINT_BYTES = 64;
const RANGE_POINTS = 4096;
const IGNITION_HOSTS = ["https://crs.aztec-cdn.foundation", "https://crs.aztec-labs.com"];

/** Finds the reference string with at least `points` points, or makes it. */
export async function ensureSrs({
  kind,
  points,
  cache,
  onProgress = () => {},
}: {
  kind: SrsKind;
  points: number;
  /** Directory that holds one directory a kind. */
  cache: string;
  onProgress?: (progress: Progress) => void;
}): Promise<Srs> {
  const given = process.env.CRS_PATH;
  if (kind === "ignition" && given) {
    await assertIgnition(given, points);
    return { kind, path: given };
  }
  const path = join(cache, kind);
  if (await isIntact(path, points)) return { kind, path };

  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(`${path}.`);
  try {
    const [g1, g2] = [join(work, G1_FILE), join(work, G2_FILE)];
    if (kind === "development") {
      await makeDevelopmentPowers(g1, points, onProgress);
      await writeFile(g2, developmentG2());
    } else {
      await download(G1_IGNITION, points * POINT_BYTES, g1, onProgress);
      await download(G2_IGNITION, 128, g2, () => {});
      await assertIgnition(work, points);
    }
    await writeFile(join(work, SUM_FILE), await checksum(work));
    await replaceDirectory(work, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { kind, path };
}

/** Puts a finished directory in its place; where two processes do the same at once, either result serves both. */
export async function replaceDirectory(from: string, to: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    await rm(to, { recursive: true, force: true });
    try {
      return await rename(from, to);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** Coordinates of τ·G2 as the prover's file holds them: x.c0, x.c1, y.c0, y.c1. */
export async function readG2({ path }: Srs): Promise<[bigint, bigint, bigint, bigint]> {
  const bytes = await readFile(join(path, G2_FILE));
  const word = (k: number) => BigInt(`0x${bytes.subarray(32 * k, 32 * k + 32).toString("hex")}`);
  return [word(0), word(1), word(2), word(3)];
}

const G1_IGNITION = "g1.dat";
const G2_IGNITION = "g2.dat";

async function isIntact(path: string, points: number): Promise<boolean> {
  if (!existsSync(join(path, SUM_FILE))) return false;
  const { size } = await stat(join(path, G1_FILE)).catch(() => ({ size: 0 }));
  if (size < points * POINT_BYTES) return false;
  return (await readFile(join(path, SUM_FILE), "utf8")) === (await checksum(path));
}

async function checksum(path: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of [G1_FILE, G2_FILE]) hash.update(await readFile(join(path, name)).catch(() => ""));
  return hash.digest("hex");
}

/** Worker threads take ranges from one queue; ranges land at their place in the file. */
async function makeDevelopmentPowers(
  file: string,
  points: number,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const handle = await open(file, "w");
  const queue: Range[] = [];
  for (let first = 0; first < points; first += RANGE_POINTS) {
    queue.push({ first, count: Math.min(RANGE_POINTS, points - first) });
  }
  let done = 0;
  const runWorker = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL("./powersWorker.ts", import.meta.url));
      const next = () => {
        const range = queue.shift();
        if (range) worker.postMessage(range);
        else worker.terminate().then(() => resolve(), reject);
      };
      worker.on("error", reject);
      worker.on("message", ({ first, bytes }: { first: number; bytes: Uint8Array }) => {
        handle
          .write(bytes, 0, bytes.length, first * POINT_BYTES)
          .then(() => {
            done += bytes.length / POINT_BYTES;
            onProgress({ stage: "development reference string", done, total: points });
            next();
          })
          .catch(reject);
      });
      next();
    });
  try {
    const workers = Math.min(availableParallelism(), queue.length);
    await Promise.all(Array.from({ length: workers }, runWorker));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function developmentG2(): Uint8Array {
  const { x, y } = bn254.G2.Point.BASE.multiply(TAU).toAffine();
  const words = [x.c0, x.c1, y.c0, y.c1];
  return Buffer.from(words.map((word) => word.toString(16).padStart(64, "0")).join(""), "hex");
}

async function download(
  name: string,
  bytes: number,
  file: string,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const reasons: string[] = [];
  for (const host of IGNITION_HOSTS) {
    try {
      const response = await fetch(`${host}/${name}`, { headers: { Range: `bytes=0-${bytes - 1}` } });
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
      const out = createWriteStream(file);
      let done = 0;
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        const wanted = chunk.subarray(0, bytes - done);
        done += wanted.length;
        if (!out.write(wanted)) await once(out, "drain");
        onProgress({ stage: "reference string of the ceremony", done, total: bytes });
        if (done === bytes) break;
      }
      await new Promise<void>((resolve) => out.end(resolve));
      if (done === bytes) return;
      throw new Error(`only ${done} of ${bytes} bytes`);
    } catch (error) {
      reasons.push(`${host}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new SrsError(
    `The reference string of the ceremony could not be had (${reasons.join("; ")}). ` +
      "Put bn254_g1.dat and bn254_g2.dat under CRS_PATH, or use the development string on a local network.",
  );
}

/** The string is long enough, starts with G, and its second point and G2 point have the same secret. */
async function assertIgnition(path: string, points: number): Promise<void> {
  const { size } = await stat(join(path, G1_FILE)).catch(() => ({ size: 0 }));
  if (size < points * POINT_BYTES) {
    throw new SrsError(
      `${path} holds ${Math.floor(size / POINT_BYTES)} points of the reference string; ${points} are needed.`,
    );
  }
  const handle = await open(join(path, G1_FILE));
  const { buffer } = await handle.read(Buffer.alloc(128), 0, 128, 0);
  await handle.close();
  const word = (k: number) => BigInt(`0x${buffer.subarray(32 * k, 32 * k + 32).toString("hex")}`);
  const [x0, x1, y0, y1] = await readG2({ kind: "ignition", path });
  const second = bn254.G1.Point.fromAffine({ x: word(2), y: word(3) });
  const g2 = bn254.G2.Point.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } });
  second.assertValidity();
  g2.assertValidity();
  const left = bn254.pairing(second, bn254.G2.Point.BASE);
  const right = bn254.pairing(bn254.G1.Point.BASE, g2);
  const isDevelopment = g2.equals(bn254.G2.Point.BASE.multiply(TAU));
  if (word(0) !== 1n || word(1) !== 2n || !bn254.fields.Fp12.eql(left, right) || isDevelopment) {
    throw new SrsError(`${path} does not hold the reference string of the ceremony.`);
  }
}
