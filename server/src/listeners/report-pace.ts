/** What is wrong is watched more closely, four times; but no listener is asked for more than two reports a second. */
const SICK_FACTOR = 1 / 4;
const MIN_INTERVAL_MS = 500;
/** What is well may say so a little less often: by three reports that do not come it must still be told within 10 s. */
const WELL_FACTOR = 5 / 4;
/** Beyond this a row would be stale before three reports have failed to come. */
const MAX_INTERVAL_MS = 10_000;
/** Sick until it has been well for this long: one that starves is well between two underruns. */
const SICK_FOR_MS = 10_000;
/** Well after this long without a fault. */
const WELL_AFTER_MS = 30_000;
/** Reports a second that a hub asks of all its listeners together: at 9 µs each, 5 % of a core. */
export const MAX_REPORTS_PER_S = 5_000;
/** An interval is asked for anew where the one asked for is off by more than this: the load breathes all the time. */
const WORTH_ASKING = 0.15;
/** Intervals are multiples of this. */
const STEP_MS = 50;

/** What decides how often a listener is asked to report. */
export interface Paced {
  readonly openedAt: number;
  /** When it was last not ok; before its opening: never. */
  readonly notOkAt: number;
}

/**
 * How often listeners are asked to report: the sick more often, the well less, and all together not more often than the hub
 * can take, whoever is sick. Each is told in answer to a report of its own, so that none is told at the same time as all, and
 * the SDK begins the new interval at a random point.
 */
export class ReportPace {
  readonly #baseMs: number;
  /** Reports a second that would come if nobody had to wait for the load's sake; of the sweep at hand. */
  #demand = 0;
  /** All intervals are this many times what they would be. */
  #stretch = 1;

  constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  /** A sweep over all listeners begins. */
  begin(): void {
    this.#demand = 0;
  }

  /** How often a listener would best report, ms, if it were alone. */
  suitable({ openedAt, notOkAt }: Paced, now: number): number {
    if (notOkAt >= openedAt && now - notOkAt < SICK_FOR_MS) {
      return Math.min(this.#baseMs, Math.max(MIN_INTERVAL_MS, this.#baseMs * SICK_FACTOR));
    }
    return now - Math.max(openedAt, notOkAt) < WELL_AFTER_MS ? this.#baseMs : this.#baseMs * WELL_FACTOR;
  }

  /** A listener that reports as often as is suitable for it; a hidden one, once a minute, is no load. */
  count(suitableMs: number): void {
    this.#demand += 1000 / suitableMs;
  }

  /** All have been counted. */
  end(): void {
    this.#stretch = Math.max(1, this.#demand / MAX_REPORTS_PER_S);
  }

  /** For one that has just come, ms. */
  get first(): number {
    return this.#within(this.#baseMs);
  }

  /** What one is to be asked for from now on, ms; `askedMs`, what it was asked for, where that is near enough. */
  next(suitableMs: number, askedMs: number): number {
    const wantedMs = this.#within(suitableMs);
    return Math.abs(wantedMs - askedMs) > askedMs * WORTH_ASKING ? wantedMs : askedMs;
  }

  /** Stretched, but not beyond the limits; the operator's own interval is within them, whatever it is. */
  #within(ms: number): number {
    const longest = Math.max(MAX_INTERVAL_MS, this.#baseMs);
    return Math.min(longest, Math.ceil((ms * this.#stretch) / STEP_MS) * STEP_MS);
  }
}
