/** JSON that keeps bigint values, as `{"$bigint": "…"}`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? { $bigint: part.toString() } : part,
  );
}

/** What {@link toJson} wrote. @throws SyntaxError for text that is no JSON */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, part: unknown) => {
    if (typeof part === "object" && part !== null && "$bigint" in part) return BigInt(String(part.$bigint));
    return part;
  });
}
