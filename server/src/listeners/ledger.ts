/**
 * Places of a connection's figures in its line. Whoever owns a figure reads and writes it; here is only where each lies: those
 * of every connection first, then what `Outstanding` keeps, then the three samples of `BufferModel`.
 */
export const ENTRY = {
  openedAt: 0,
  lastReportAt: 1,
  unwellAt: 2,
  underrunsJudged: 3,
  silenceTold: 4,
  /** From the report before the last to the last, ms, by the hub's clock. */
  sinceMs: 5,
  /** Silence that it heard in between, ms; NaN where it does not say, or is not to be believed. */
  silentMs: 6,
  lastSignAt: 7,
  lastPingAt: 8,
  sentBefore: 9,
  outstandingMs: 10,
  confirmedMs: 11,
  sentUpTo: 12,
  confirmedUpTo: 13,
  /** Audio of its stream that it was not sent, ms: before it came, and dropped since. */
  missedMs: 14,
  /** Since when it reports *starting* while chunks come; NaN if it does not. */
  startingAt: 15,
  closedAt: 16,
  /** When it last reported an impossible figure. */
  impossibleAt: 17,
  /** Up to when the time is spent that it can have heard silence in, and that in which it can have counted. */
  silenceUpTo: 18,
  countedUpTo: 19,
  /** Chunks that it had received on earlier connections, by its first report. */
  receivedBefore: 20,
  /** Its counters as it last said them: five. */
  counters: 21,
  /** With the samples after it, it is forgotten at once. */
  modelMs: 26,
  samples: 27,
} as const;

/** 312 bytes a line. */
const LINE_DOUBLES = 39;

/**
 * What the hub remembers of its connections beside their rows: a line of doubles for each slot of the table, all in one array.
 * As fields of objects each double is a box of 16 bytes of its own, somewhere in the heap, and between two reports of a listener
 * the processor has forgotten every one of them; a line is three or four fetches one after the other, and a write to
 * it makes no garbage. Code that runs at each report reads and writes it in place, for a double that is passed or returned is
 * boxed wherever V8 does not inline the call.
 */
export class Ledger {
  /** Replaced when it grows: not to be kept. */
  lines: Float64Array;

  /** `lines`: as many as it holds before it grows; those that were never in use cost nothing. */
  constructor(lines = 16) {
    this.lines = new Float64Array(lines * LINE_DOUBLES);
  }

  /** Return where in `lines` the line of a slot begins. */
  lineOf(slot: number): number {
    return slot * LINE_DOUBLES;
  }

  /** Begins the line of a slot, in which nothing is known (NaN) yet, and returns where in `lines` it begins. */
  open(slot: number): number {
    const line = this.lineOf(slot);
    if (line >= this.lines.length) this.#grow(slot + 1);
    this.lines.fill(Number.NaN, line, line + LINE_DOUBLES);
    return line;
  }

  /** By a quarter, as the table does. */
  #grow(lines: number): void {
    const grown = new Float64Array(Math.ceil(lines * 1.25) * LINE_DOUBLES);
    grown.set(this.lines);
    this.lines = grown;
  }
}
