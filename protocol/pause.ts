/** Twin of `contracts/types/Pause.sol`: how long a pause of the proven chain holds a term up. */

/** A pause, in seconds since genesis. */
export interface PauseSpan {
  start: number;
  end: number;
}

/** From `pauseWord`: start64 | end64; 0 stands for none. */
export function decodePause(word: bigint): PauseSpan {
  return { start: Number(word >> 64n), end: Number(word & 0xffffffffffffffffn) };
}

/**
 * Seconds by which a pause lengthens a term of `length` seconds that begins at `from`: those of the pause that come
 * after `from`, unless the term was over when the pause began.
 */
export function pauseExtension({ start, end }: PauseSpan, from: number, length: number): number {
  if (end <= from || from + length <= start) return 0;
  return end - Math.max(start, from);
}
