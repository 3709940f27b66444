import type { NodeState } from './blame.js';

/** How far back it remembers: as long as a listener takes to fill its buffer again and report so. */
const WATCHED_S = 15;
/** A shorter delay nobody hears. */
const HEARD_MS = 200;

/** Remembers for how long the hub stood still in the last seconds. Time is an argument. */
export class EventLoopDelays {
  readonly #lost: number[] = [];
  #at = Number.NaN;
  #gapMs = 0;

  /** Once a second. `loopDelayMs`: the longest delay of the event loop in the second before this one, as it says itself. */
  observe(now: number, loopDelayMs: number): void {
    // How late this look comes is known a second before the loop's own figure, which then tells of the same again.
    const gapMs = Math.max(0, now - this.#at - 1000) || 0;
    const lostMs = Math.max(gapMs, (loopDelayMs || 0) - this.#gapMs);
    this.#at = now;
    this.#gapMs = gapMs;
    this.#lost.push(lostMs >= HEARD_MS ? lostMs : 0);
    if (this.#lost.length > WATCHED_S) this.#lost.shift();
  }

  get lostMs(): number {
    return this.#lost.reduce((sum, ms) => sum + ms, 0);
  }

  state(cpuPercent: number): NodeState {
    const { lostMs } = this;
    const watchedMs = this.#lost.length * 1000 + lostMs;
    return { lostMs, watchedMs, worstDelayMs: Math.max(0, ...this.#lost), cpuPercent };
  }
}
