/** The hub's clock as seen from here. Pure: time is an argument, so a test can run a day in a millisecond. */

import { ClockStep } from './clock-step.js';

/** Exchanges kept: two minutes of them at one in 15 s. */
const WINDOW = 8;
/** How far two ordinary clocks part: each may be 50 µs a second wrong, one fast and one slow. */
const MAX_DRIFT = 100e-6;

/**
 * Four timestamps, ms since 1970: sent and answered-at by this clock (t0, t3), received and answered by the hub's
 * (t1, t2).
 */
export interface Exchange {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
}

export interface ClockEstimate {
  /** Hub's clock minus this one. */
  readonly offsetMs: number;
  /** The offset is no further from the truth than this. */
  readonly errorMs: number;
}

interface Sample {
  readonly offset: number;
  readonly rtt: number;
  readonly t0: number;
}

/**
 * Estimates the offset between two clocks. No way takes less than no time, so each exchange bounds it on both sides:
 *
 *   t2 − t3 ≤ offset ≤ t1 − t0
 *
 * (RFC 5905, section 8, takes the middle of that.) Clocks drift from then on, which widens both bounds. The offset
 * lies between the largest lower and the smallest upper bound of the last exchanges (K. Marzullo's intersection,
 * 1984). They belong to the quickest way there and the quickest way back, which need not be of one exchange. The
 * middle is nearest to the truth if both ways are equally long, and never further from it than half the width.
 */
export class HubClock {
  /** Round trip of the last exchange, without the hub's own time; null before the first. */
  rttMs: number | null = null;
  #samples: Sample[] = [];
  readonly #step = new ClockStep();

  /** Take a reading of this clock: readings tell how coarse it is. */
  saw(now: number): void {
    this.#step.saw(now);
  }

  /**
   * Takes an exchange; one that cannot have happened is ignored. Returns true where it contradicts all before it: a
   * clock was set, or this machine slept, so that what was measured before is not to be compared with what comes.
   */
  add({ t0, t1, t2, t3 }: Exchange): boolean {
    this.saw(t0);
    this.saw(t3);
    const stepMs = this.#step.ms;
    const offset = (t1 - t0 + (t2 - t3)) / 2;
    const rtt = t3 - t0 - (t2 - t1);
    if (!Number.isFinite(offset) || rtt < -2 * stepMs) return false;
    const sample = { offset, rtt: Math.max(rtt, 0), t0 };
    this.rttMs = sample.rtt;
    const before = this.estimate(t3);
    const stepped =
      before !== null && Math.abs(offset - before.offsetMs) > before.errorMs + errorOf(sample, t3, stepMs);
    if (stepped) this.#samples = [];
    else if (this.#samples.length === WINDOW) this.#samples.shift();
    this.#samples.push(sample);
    return stepped;
  }

  /** Forgets everything: what comes next may be another hub, with another clock. */
  reset(): void {
    this.#samples = [];
    this.rttMs = null;
  }

  /** The estimate at `now`, by this clock; null before the first exchange. */
  estimate(now: number): ClockEstimate | null {
    if (this.#samples.length === 0) return null;
    let lower = Number.NEGATIVE_INFINITY;
    let upper = Number.POSITIVE_INFINITY;
    for (const sample of this.#samples) {
      const errorMs = errorOf(sample, now, this.#step.ms);
      lower = Math.max(lower, sample.offset - errorMs);
      upper = Math.min(upper, sample.offset + errorMs);
    }
    return { offsetMs: (lower + upper) / 2, errorMs: (upper - lower) / 2 };
  }
}

/**
 * Clocks drift during the exchange too, so the time counts from t0. Rounding moves t0 and t3 by up to a step each, in
 * either direction: bounds from the rounded times are at most a step too narrow on each side.
 */
function errorOf(sample: Sample, now: number, stepMs: number): number {
  return sample.rtt / 2 + stepMs + MAX_DRIFT * Math.abs(now - sample.t0);
}
