/** What differs between the plan in the journal and what the same command would plan today. */
import type { RecordedPlan } from "./deployJournal.ts";
import { DeployError } from "./errors.ts";

/** @throws DeployError PLAN_CHANGED naming every difference */
export function refuseChanges(path: string, planned: RecordedPlan, present: RecordedPlan): void {
  const changes = planChanges(planned, present);
  if (changes.length === 0) return;
  throw new DeployError(
    "PLAN_CHANGED",
    `the deployment in ${path} was begun with another plan: ${changes.join("; ")}`,
    "undo that to go on, or make a new plan: --restart (what was created stays unused)",
  );
}

/** One sentence a difference; causes only: when a term differs, the arguments that follow from it are left out. */
export function planChanges(planned: RecordedPlan, present: RecordedPlan): string[] {
  const { creations: before, ...terms } = planned;
  const { creations: after, ...presentTerms } = present;
  const changes = differences("", terms, presentTerms);
  if (changes.length > 0) return changes;
  if (before.length !== after.length) return [`${before.length} contracts, now ${after.length}`];
  return before.flatMap((creation, i) => {
    const now = after[i]!;
    const args = differences(
      `argument of ${creation.role} `,
      creation.constructorArguments,
      now.constructorArguments,
    );
    if (args.length > 0) return args;
    if (creation.contract !== now.contract)
      return [`${creation.role} was ${creation.contract} and is ${now.contract}`];
    return creation.code === now.code ? [] : [`the code of ${creation.contract}`];
  });
}

/** Leaves that differ, by path. */
function differences(path: string, was: unknown, is: unknown): string[] {
  if (typeof was === "object" && was !== null && typeof is === "object" && is !== null) {
    const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
    return [...keys].flatMap((key) => {
      const [a, b] = [was, is].map((side) => (side as Record<string, unknown>)[key]);
      return differences(path === "" ? key : `${path}.${key}`, a, b);
    });
  }
  return same(was, is) ? [] : [`${path} was ${text(was)} and is ${text(is)}`];
}

function same(a: unknown, b: unknown): boolean {
  return String(a).toLowerCase() === String(b).toLowerCase();
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
