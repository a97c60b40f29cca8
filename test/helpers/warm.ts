/** Puts a fresh Rollup's rings in the state of their second lap: no word is zero. */
import { AbiCoder, keccak256, toBeHex } from "ethers";

import type { RollupDriver } from "./rollup.ts";

/** Slots of the mappings in the Rollup's storage. */
const RECORDS = 1n;
const EPOCHS = 2n;
const INBOX = 3n;

/** `epochs`: only that ring, on a chain that has begun. */
export async function warmRings(driver: RollupDriver, rings: "all" | "epochs" = "all"): Promise<void> {
  const { recordRing, epochRing, inboxRing } = driver.parameters;
  for (const [mapping, size] of [
    [RECORDS, recordRing],
    [EPOCHS, epochRing],
    [INBOX, inboxRing],
  ] as const) {
    if (rings === "epochs" && mapping !== EPOCHS) continue;
    // Words 0 of records and Inbox are in use: the genesis record, and the hash before the first message.
    for (let index = mapping === EPOCHS ? 0n : 1n; index < size; ++index) {
      const slot = keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [index, mapping]));
      await driver.connection.networkHelpers.setStorageAt(
        driver.rollup.target as string,
        BigInt(slot),
        keccak256(toBeHex(index + (mapping << 64n), 32)),
      );
    }
  }
}
