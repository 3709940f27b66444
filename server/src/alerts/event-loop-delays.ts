import type { NodeState } from './blame.js';

/** As long as a listener takes to fill its buffer again and report it. */
const WATCHED_S = 15;
/** Listeners do not hear a shorter delay. */
const HEARD_MS = 200;

/** Sums up how long the event loop was blocked in the last seconds. Time is an argument. */
export class EventLoopDelays {
  readonly #lost: number[] = [];
  #at = Number.NaN;
  #gapMs = 0;

  /**
   * Take the delay of a second. `loopDelayMs`: the longest delay in the second before, by the loop's own histogram.
   */
  observe(now: number, loopDelayMs: number): void {
    // This call shows its own delay a second before the histogram does, which then reports it again.
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
