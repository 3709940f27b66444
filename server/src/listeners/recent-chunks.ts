/** Chunks drop from about 4 s outstanding on, so 1,024 are enough for chunks of 4 ms. */
const CHUNKS_KEPT = 1024;
/** Place of a chunk among those that are kept. A mask, because the remainder of a division of doubles is a call. */
const PLACE = CHUNKS_KEPT - 1;
/** "Recent" is at least this long and at least this many chunks, and at most twice that. */
const LATE_MS = 30_000;
const LATE_CHUNKS = 4;

/** Last chunks of a stream, by `seq`: their durations and when they were sent. */
export class RecentChunks {
  readonly #durations = new Float64Array(CHUNKS_KEPT);
  readonly #times = new Float64Array(CHUNKS_KEPT);
  #last = 0;
  /** The longest since `#since`, and the longest of the period before. */
  #longest = 0;
  #longestBefore = 0;
  #since = 0;

  /** The longest recent chunk, ms; 0 before the first. Chunks may vary, and bounds must hold for each. */
  get longestMs(): number {
    return Math.max(this.#longest, this.#longestBefore);
  }

  /** Note the next chunk, `seq` = the last one's + 1. */
  push(seq: number, durationMs: number, sentAt: number): void {
    if (sentAt - this.#since > Math.max(LATE_MS, LATE_CHUNKS * this.longestMs)) {
      this.#longestBefore = this.#longest;
      this.#longest = 0;
      this.#since = sentAt;
    }
    this.#longest = Math.max(this.#longest, durationMs);
    this.#durations[seq & PLACE] = durationMs;
    this.#times[seq & PLACE] = sentAt;
    this.#last = seq;
  }

  /** First chunk that is remembered. */
  get oldest(): number {
    return Math.max(1, this.#last - CHUNKS_KEPT + 1);
  }

  /** Return the duration of chunk `seq`, or that of the oldest remembered chunk if it is older. */
  durationOf(seq: number): number {
    return this.#durations[Math.max(seq, this.oldest) & PLACE] as number;
  }

  /** Return when chunk `seq` was sent, by the hub's clock; −∞ if that is not remembered. */
  sentAt(seq: number): number {
    const isKnown = seq >= this.oldest && seq <= this.#last;
    return isKnown ? (this.#times[seq & PLACE] as number) : Number.NEGATIVE_INFINITY;
  }
}
