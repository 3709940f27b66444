/** A reader that falls behind may use this much of its unused pace at once, chunks. */
const BURST = 2;

/**
 * A token bucket that holds a reader to a pace. A read is never undone: one that brought too much is followed by a
 * longer pause.
 */
export class ReadingPace {
  readonly #perMs: number;
  #tokens = BURST;
  #at: number;

  /** `chunksPerSecond`: how fast it reads in the long run. */
  constructor(chunksPerSecond: number, now: number) {
    this.#perMs = chunksPerSecond / 1000;
    this.#at = now;
  }

  /** A chunk was read. Returns for how long to pause, ms; 0: read on. */
  take(now: number): number {
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#at) * this.#perMs) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }
}
