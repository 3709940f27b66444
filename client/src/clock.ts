/** The hub's clock as seen from here. Pure: time is an argument, so a test can run a day in a millisecond. */

/** Exchanges kept: two minutes of them at one in 15 s. */
const WINDOW = 8;
/** How far two ordinary clocks part: each may be 50 µs a second wrong, one fast and one slow. */
const MAX_DRIFT = 100e-6;
/** Browsers round their clock down to a millisecond, when an exchange leaves and when it comes back. */
const RESOLUTION_MS = 1;

/** Four timestamps, ms since 1970: sent and answered-at by this clock (t0, t3), received and answered by the hub's (t1, t2). */
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
 * Estimates the offset between two clocks (RFC 5905, section 8): of the last exchanges the one whose error can be
 * smallest now, which is that with the shortest round trip unless drift has overtaken it.
 *
 * A path takes its time there and back in unknown shares, so an offset may be wrong by half the round trip, and by the
 * drift since: both are in `errorMs`. Drift is followed by what is newer: an old exchange's error grows until a later one's is
 * smaller.
 */
export class HubClock {
  /** Round trip of the last exchange, without the hub's own time; null before the first. */
  rttMs: number | null = null;
  #samples: Sample[] = [];

  /**
   * Takes an exchange; one that cannot have happened is ignored. Returns true where it contradicts all before it: a clock
   * was set, or this machine slept, so that what was measured before is not to be compared with what comes.
   */
  add({ t0, t1, t2, t3 }: Exchange): boolean {
    const offset = (t1 - t0 + (t2 - t3)) / 2;
    const rtt = t3 - t0 - (t2 - t1);
    if (!Number.isFinite(offset) || rtt < -RESOLUTION_MS) return false;
    const sample = { offset, rtt: Math.max(rtt, 0), t0 };
    this.rttMs = sample.rtt;
    const before = this.estimate(t3);
    const stepped = before !== null && Math.abs(offset - before.offsetMs) > before.errorMs + errorOf(sample, t3);
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

  /** The best estimate at `now`, by this clock; null before the first exchange. */
  estimate(now: number): ClockEstimate | null {
    let best: ClockEstimate | null = null;
    for (const sample of this.#samples) {
      const errorMs = errorOf(sample, now);
      if (best === null || errorMs <= best.errorMs) best = { offsetMs: sample.offset, errorMs };
    }
    return best;
  }
}

/**
 * From t0 on, because the clocks drift during the exchange too. Where t0 and t3 are rounded down by up to r, the round trip
 * looks up to r shorter and the offset up to r larger: the two together make at most rtt ÷ 2 + r.
 */
function errorOf(sample: Sample, now: number): number {
  return sample.rtt / 2 + RESOLUTION_MS + MAX_DRIFT * Math.abs(now - sample.t0);
}
