/**
 * Web addresses in texts for people and logs: providers of L1 and blobs put keys into the path, the query, or before the
 * host. What is left is host, port, and short words of the path.
 */
const ADDRESS = /\b(https?|wss?):\/\/[^\s"'`<>\\]*[^\s"'`<>\\.,:;]/g;

/** Longer parts of a path are keys, but for hashes. */
const LONGEST_WORD = 15;

/** The text without what may be secret in its addresses. */
export function withoutSecrets(text: string): string {
  return text.replace(ADDRESS, (address) => {
    const [, protocol, , rest = ""] = /^(\w+:\/\/)([^/?#]*@)?([^]*)$/.exec(address) ?? [];
    const [path = "", query] = rest.split(/[?#]/, 2);
    const [host, ...parts] = path.split("/");
    const shown = [host, ...parts.map((part) => (isWord(part) ? part : "…"))].join("/");
    return `${protocol}${shown}${query === undefined ? "" : "?…"}`;
  });
}

function isWord(part: string): boolean {
  return part.length <= LONGEST_WORD || /^0x[0-9a-f]{64}\b/i.test(part);
}
