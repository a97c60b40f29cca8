import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { toHex } from "../../protocol/bytes.ts";
import { keccakWords } from "../../protocol/hash.ts";

/** Finished proofs on disk by their public inputs: a restart submits them instead of proving again. */
export class ProofStore {
  readonly #folder: string;

  constructor({ folder }: { folder: string }) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  read(publicInputs: readonly bigint[]): Uint8Array | undefined {
    const path = this.#path(publicInputs);
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  }

  write(publicInputs: readonly bigint[], proof: Uint8Array): void {
    const path = this.#path(publicInputs);
    writeFileSync(`${path}.part`, proof);
    renameSync(`${path}.part`, path);
  }

  remove(publicInputs: readonly bigint[]): void {
    rmSync(this.#path(publicInputs), { force: true });
  }

  #path(publicInputs: readonly bigint[]): string {
    return join(this.#folder, `${toHex(keccakWords(publicInputs))}.proof`);
  }
}
