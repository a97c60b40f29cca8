import { expect } from "chai";
import type { Interface } from "ethers";
import { dataSlice, type ErrorDescription, isHexString } from "ethers";

/** The custom error a call or transaction reverted with, decoded by the first interface that knows it. */
export async function refusal(
  attempt: Promise<unknown>,
  ...interfaces: Interface[]
): Promise<ErrorDescription> {
  let data: string | undefined;
  try {
    await attempt;
  } catch (error) {
    data = revertData(error);
    if (data === undefined) throw error;
  }
  if (data === undefined) throw new Error("expected a revert, but the call went through");
  for (const abi of interfaces) {
    const parsed = abi.parseError(data);
    if (parsed !== null) return parsed;
  }
  if (data.startsWith("0x4e487b71")) {
    throw new Error(`panic ${dataSlice(data, 4)}`);
  }
  throw new Error(`unknown revert data ${data}`);
}

/** Expects a revert with this error and, where given, these arguments. */
export async function expectRefusal(
  attempt: Promise<unknown>,
  interfaces: Interface | Interface[],
  name: string,
  args?: readonly unknown[],
): Promise<void> {
  const error = await refusal(attempt, ...[interfaces].flat());
  expect(error.name).to.equal(name);
  if (args !== undefined) expect([...error.args].map(plain)).to.deep.equal(args.map(plain));
}

/** Expects a revert without a reason: what the compiler's own checks of calldata give. */
export async function expectPlainRevert(attempt: Promise<unknown>): Promise<void> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  if (error === undefined) throw new Error("expected a revert, but the call went through");
  expect(revertData(error) ?? "0x").to.equal("0x");
  expect(error.message).to.match(/revert/);
}

function plain(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : typeof value === "number" ? BigInt(value) : value;
}

/** Providers nest the revert data differently; it is the only hex string under a key `data`. */
function revertData(error: unknown): string | undefined {
  for (let e: unknown = error; typeof e === "object" && e !== null;) {
    const data = (e as { data?: unknown }).data;
    if (isHexString(data)) return data;
    if (typeof data === "object" && data !== null && isHexString((data as { data?: unknown }).data)) {
      return (data as { data: string }).data;
    }
    e = (e as { cause?: unknown; error?: unknown }).cause ?? (e as { error?: unknown }).error;
  }
  return undefined;
}
