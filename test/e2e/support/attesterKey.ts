import { blsSecretKey } from "../../../protocol/bls.ts";
import { toBytes } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/hash.ts";

/** The one secret key of the committee of end-to-end tests. */
export const ATTESTER_KEY = toBytes(
  blsSecretKey(sha256(new TextEncoder().encode("end-to-end attester"))),
  32,
);
