import { attesterKey } from "../../../actors/sequencer/attestation.ts";
import { sha256 } from "../../../protocol/hash.ts";

/** The one secret key of the committee of end-to-end tests. */
export const ATTESTER_KEY = attesterKey(sha256(new TextEncoder().encode("end-to-end attester")));
