/** A hub that comes this much later than its tick stood still. Garbage collection is far shorter. */
const STOOD_STILL_MS = 1_000;

/**
 * Notices when the hub stood still: its process was stopped, or got no CPU. What others sent meanwhile waits in its sockets,
 * so it must read before it judges anybody by what is missing. Time is an argument.
 */
export class Attention {
  #tickAt = Number.NaN;
  #isReading = false;
  #hasSkipped = false;

  /** Call at each tick. Return for how many ms the hub stood still before this one, 0 if it did not. */
  tick(at: number): number {
    const lateMs = at - this.#tickAt;
    this.#tickAt = at;
    if (!(lateMs > STOOD_STILL_MS)) return 0;
    this.#isReading = true;
    return lateMs;
  }

  /**
   * Call once a second. Return false once after each standstill: judge a second later, after reading. Never twice in a row,
   * or a hub that gets too little CPU would judge nobody.
   */
  mayJudge(): boolean {
    this.#hasSkipped = this.#isReading && !this.#hasSkipped;
    this.#isReading = false;
    return !this.#hasSkipped;
  }
}
