/** How tasks show errors: one sentence for what was foreseen, everything for what was not. */
import { withoutSecrets } from "../actors/support/secrets.ts";

/** Errors whose message says what to do, without a remedy of its own. */
const KNOWN = ["CircuitBuildError", "SrsError"];

/** Runs a task's action. An error that carries a remedy is printed as one sentence, and the exit code is 1. */
export async function showKnownErrors(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const sentence = sentenceOf(error);
    if (sentence === undefined) throw error;
    console.error(`Error: ${withoutSecrets(sentence)}`);
    process.exitCode = 1;
  }
}

function sentenceOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && error.code === "ENOSPC") return "the disk is full; free some space and start again";
  if ("remedy" in error || KNOWN.includes(error.name)) return error.message;
  return sentenceOf(error.cause);
}
