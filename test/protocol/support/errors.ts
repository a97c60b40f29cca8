import { expect } from "chai";

import { ProtocolError, type ProtocolErrorCode } from "../../../protocol/errors.ts";

/** Asserts that a function throws a `ProtocolError` of the given code, with a remedy. */
export function expectProtocolError(code: ProtocolErrorCode, run: () => unknown): ProtocolError {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(ProtocolError);
    const refused = error as ProtocolError;
    expect(refused.code).to.equal(code);
    expect(refused.remedy).to.not.equal("");
    expect(refused.message).to.contain(refused.remedy);
    return refused;
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}
