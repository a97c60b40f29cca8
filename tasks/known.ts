/** How tasks show errors: one sentence for what was foreseen, everything for what was not. */

/** Runs a task's action. An error that carries a remedy is printed as one sentence, and the exit code is 1. */
export async function showKnownErrors(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!isKnown(error)) throw error;
    console.error(`Error: ${error.message}`);
    process.exitCode = 1;
  }
}

function isKnown(error: unknown): error is Error {
  return (
    error instanceof Error &&
    ("remedy" in error || error.name === "CircuitBuildError" || error.name === "SrsError")
  );
}
