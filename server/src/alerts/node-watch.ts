import type { NodeState } from './blame.js';

/** How far back it remembers. */
const WATCHED_S = 30;
/** A delay that a listener with little in its buffer hears. */
const LATE_MS = 250;

/** Remembers in which of the last seconds the hub came late to its work. Time is an argument. */
export class NodeWatch {
  readonly #lateness: number[] = [];
  #at = Number.NaN;

  /** Once a second. `loopDelayMs`: what the event loop's own histogram says of the last one. */
  observe(now: number, loopDelayMs: number): void {
    const gapMs = now - this.#at - 1000;
    this.#at = now;
    // A hub that stood still for five seconds looks once for all of them.
    const missed = Math.min(WATCHED_S, Math.floor(Math.max(0, gapMs) / 1000));
    for (let second = 0; second < missed; second++) this.#lateness.push(gapMs);
    this.#lateness.push(Math.max(gapMs || 0, loopDelayMs || 0));
    if (this.#lateness.length > WATCHED_S) this.#lateness.splice(0, this.#lateness.length - WATCHED_S);
  }

  state(cpuPercent: number): NodeState {
    const late = this.#lateness.filter((ms) => ms >= LATE_MS);
    return { lateS: late.length, watchedS: this.#lateness.length, worstDelayMs: Math.max(0, ...late), cpuPercent };
  }
}
