/** Text of a summary: groups of rows under titles, aligned, no line longer than the terminal where words can be parted. */

/** A label with a value, which may take several lines; or a line that stays as it is. */
export type Row = readonly [label: string, value: string] | string;

export interface Group {
  title: string;
  rows: readonly Row[];
}

const INDENT = "    ";
const GAP = 2;
/** Longer lines are hard to read, whatever the terminal is. */
const WIDEST = 100;
const NARROWEST = 60;

/**
 * Lays the groups out; labels of all groups share one column.
 * @param columns of the terminal; 80 for a file
 */
export function layOut(groups: readonly Group[], columns = 80): string {
  const width = Math.min(WIDEST, Math.max(NARROWEST, columns));
  const labels = groups.flatMap(({ rows }) => rows.flatMap((row) => (typeof row === "string" ? [] : row[0])));
  const column = Math.max(...labels.map(({ length }) => length)) + GAP;
  const lines = groups.flatMap(({ title, rows }) => [
    "",
    `  ${title}`,
    ...rows.flatMap((row) => {
      if (typeof row === "string") return `${INDENT}${row}`.trimEnd();
      const [label, value] = row;
      return wrapped(value, width - INDENT.length - column).map(
        (line, i) => `${INDENT}${(i === 0 ? label : "").padEnd(column)}${line}`,
      );
    }),
  ]);
  return [...lines, ""].join("\n");
}

/** `1 epoch`, `2 epochs`. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** Columns of a table, each aligned to its widest cell: to the right where the title begins with a space. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [titles.map((title) => title.trim()), ...rows];
  const widths = titles.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  return all.map((row) =>
    row
      .map((cell, i) => (titles[i]!.startsWith(" ") ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join(" ".repeat(GAP))
      .trimEnd(),
  );
}

/** A text in lines of at most `width`; a word that is longer stays whole. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
