/**
 * Places of a connection's figures in its line. Whoever owns a figure reads and writes it; here is only where each lies: those
 * of every connection first, then what `Outstanding` keeps, then the three samples of `PlaybackWatch`.
 */
export const ENTRY = {
  openedAt: 0,
  lastReportAt: 1,
  unwellAt: 2,
  underrunsJudged: 3,
  silenceTold: 4,
  lastSignAt: 5,
  lastPingAt: 6,
  sentBefore: 7,
  outstandingMs: 8,
  confirmedMs: 9,
  sentUpTo: 10,
  confirmedUpTo: 11,
  modelMs: 12,
  samples: 13,
} as const;

/** Doubles a line: 200 bytes. */
const WIDTH = 25;
const MIN_LINES = 16;

/**
 * What the hub remembers of its connections beside their rows: a line of doubles for each slot of the table, all in one array.
 * As fields of objects each double is a box of 16 bytes of its own, somewhere in the heap, and between two reports of a listener
 * the processor has forgotten every one of them; a line is three or four fetches one after the other, and a write to
 * it makes no garbage.
 */
export class Ledger {
  /** Replaced when it grows: not to be kept. */
  lines = new Float64Array(MIN_LINES * WIDTH);

  /** Begins the line of a slot, in which nothing is known (NaN) yet, and returns where in `lines` it begins. */
  open(slot: number): number {
    const line = slot * WIDTH;
    if (line >= this.lines.length) this.#grow(slot + 1);
    this.lines.fill(Number.NaN, line, line + WIDTH);
    return line;
  }

  /** By a quarter, as the table does. */
  #grow(lines: number): void {
    const grown = new Float64Array(Math.ceil(lines * 1.25) * WIDTH);
    grown.set(this.lines);
    this.lines = grown;
  }
}
