/**
 * What committee keys have signed, as a file that moves with them to another machine, after EIP-3076. Its slots and
 * digests are this network's; `domain` (EIP-712: version, chain, Rollup) takes the place of the genesis root there.
 */
import { z } from "zod";

import { ActorError } from "../support/actorError.ts";
import type { ActorJournal, SignedEntry } from "./actorJournal.ts";

const VERSION = "1";

const word = z.string().regex(/^0x[0-9a-f]{64}$/);
const signed = z.strictObject({
  slot: z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.number().max(2 ** 32 - 1)),
  digest: word,
});

const schema = z.strictObject({
  metadata: z.strictObject({ interchange_format_version: z.literal(VERSION) }),
  data: z.array(
    z.strictObject({
      domain: word,
      /** Hash of the public key. */
      key: word,
      signed_proposals: z.array(signed),
      signed_attestations: z.array(signed),
    }),
  ),
});

type Interchange = z.input<typeof schema>;
type Kind = SignedEntry["kind"];

/** Everything that a journal knows of, as the text of a file. */
export function exportProtection(journal: ActorJournal): string {
  const scopes = new Map<string, SignedEntry[]>();
  for (const entry of journal.entries) {
    if (entry.type === "signed") scopes.set(entry.scope, [...(scopes.get(entry.scope) ?? []), entry]);
  }
  const listOf = (entries: readonly SignedEntry[], kind: Kind): { slot: string; digest: string }[] =>
    entries
      .filter((entry) => entry.kind === kind)
      .map(({ slot, digest }) => ({ slot: String(slot), digest }));
  const content: Interchange = {
    metadata: { interchange_format_version: VERSION },
    data: [...scopes].map(([scope, entries]) => {
      const [domain = "", key = ""] = scope.split("/");
      return {
        domain,
        key,
        signed_proposals: listOf(entries, "Proposal"),
        signed_attestations: listOf(entries, "Attestation"),
      };
    }),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/**
 * Adds to a journal what a file knows beyond it: slots later than the newest that the journal has of a key, domain and
 * kind. Nothing that was refused before is allowed after it. The file is taken as a whole or not at all.
 * @returns lines added
 * @throws ActorError INTERCHANGE_INVALID; JOURNAL_CLOSED when a line could not be written
 */
export function importProtection(journal: ActorJournal, text: string): number {
  const { data } = parse(text);
  const newest = new Map<string, number>();
  for (const entry of journal.entries) {
    if (entry.type !== "signed") continue;
    const id = `${entry.kind}/${entry.scope}`;
    newest.set(id, Math.max(entry.slot, newest.get(id) ?? -1));
  }
  let added = 0;
  for (const { domain, key, signed_proposals, signed_attestations } of data) {
    const scope = `${domain}/${key}`;
    for (const [kind, list] of [
      ["Proposal", signed_proposals],
      ["Attestation", signed_attestations],
    ] as const) {
      const id = `${kind}/${scope}`;
      for (const { slot, digest } of list.toSorted((a, b) => a.slot - b.slot)) {
        if (slot <= (newest.get(id) ?? -1)) continue;
        journal.append({ type: "signed", kind, scope, slot, digest });
        newest.set(id, slot);
        added++;
      }
    }
  }
  return added;
}

function parse(text: string): z.output<typeof schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid("it is no JSON");
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

function invalid(reason: string): ActorError {
  return new ActorError(
    "INTERCHANGE_INVALID",
    `the slashing protection cannot be imported: ${reason}`,
    `give a file that stake:protection --export made, of version ${VERSION}`,
  );
}
