/** Listeners that are not ok report four times as often, but at most twice a second. */
const SICK_FACTOR = 1 / 4;
const MIN_INTERVAL_MS = 500;
/** Listeners that are ok report a little less often: three missing reports must still be noticed within 10 s. */
const WELL_FACTOR = 5 / 4;
/** Beyond this a row would be stale before three reports are missing. */
const MAX_INTERVAL_MS = 10_000;
/** A listener counts as not ok until it has been ok for this long, because it is ok between two underruns. */
const SICK_FOR_MS = 10_000;
/** A listener reports less often after this long without a fault. */
const WELL_AFTER_MS = 30_000;
/** Reports a second that a hub asks of all its listeners together. At 9 µs each, they are 5 % of a core. */
export const MAX_REPORTS_PER_S = 5_000;
/** An interval is changed only if it is off by more than this, because the load changes all the time. */
const WORTH_ASKING = 0.15;
/** Intervals are multiples of this. */
const STEP_MS = 50;

/** Facts that decide how often a listener is asked to report. */
export interface Paced {
  readonly openedAt: number;
  /** When it was last not ok; before its opening: never. */
  readonly notOkAt: number;
}

/**
 * Decides how often listeners are asked to report: more often if they are not ok, less often if they are, and all
 * together within the hub's limit. A listener is told in answer to its own report, so that not all change at the same
 * time.
 */
export class ReportPace {
  readonly #baseMs: number;
  /** Reports a second that would come without a limit, in the present sweep. */
  #demand = 0;
  /** All intervals are stretched by this factor. */
  #stretch = 1;

  constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  /** Begin a sweep over all listeners. */
  begin(): void {
    this.#demand = 0;
  }

  /** Return how often a listener would best report, ms, if it were alone. */
  suitable({ openedAt, notOkAt }: Paced, now: number): number {
    if (notOkAt >= openedAt && now - notOkAt < SICK_FOR_MS) {
      return Math.min(this.#baseMs, Math.max(MIN_INTERVAL_MS, this.#baseMs * SICK_FACTOR));
    }
    return now - Math.max(openedAt, notOkAt) < WELL_AFTER_MS ? this.#baseMs : this.#baseMs * WELL_FACTOR;
  }

  /** Count a listener that reports this often. A hidden one, once a minute, is no load. */
  count(suitableMs: number): void {
    this.#demand += 1000 / suitableMs;
  }

  /** All have been counted. */
  end(): void {
    this.#stretch = Math.max(1, this.#demand / MAX_REPORTS_PER_S);
  }

  /** Interval of a new listener, ms. */
  get first(): number {
    return this.#within(this.#baseMs);
  }

  /** Return the interval to ask for from now on, ms; `askedMs`, the present one, if that is near enough. */
  next(suitableMs: number, askedMs: number): number {
    const wantedMs = this.#within(suitableMs);
    return Math.abs(wantedMs - askedMs) > askedMs * WORTH_ASKING ? wantedMs : askedMs;
  }

  /** Stretch an interval within the limits. The operator's own interval is always within them. */
  #within(ms: number): number {
    const longest = Math.max(MAX_INTERVAL_MS, this.#baseMs);
    return Math.min(longest, Math.ceil((ms * this.#stretch) / STEP_MS) * STEP_MS);
  }
}
