import { MAX_ABS_MS, STALLED_MS } from '@auralis/shared';

/** A rate is over at least this long, if as much was reported. */
const WINDOW_MS = 5_000;
/** Without a report for this long there is no rate. */
const SILENT_MS = 30_000;
/** Reports arrive less evenly than they leave. */
const JITTER_MS = 1_000;
const MAX_POINTS = 64;

/** A counter that its owner reports now and then, and that begins at 0 again when the owner does. */
export class ExternalCounter {
  /** All that was counted, over restarts; NaN before the first report. */
  total = Number.NaN;
  /** The last report rose by more than can be. */
  isImpossible = false;
  readonly #mostPerMs: number;
  #last = Number.NaN;
  #isReported = false;
  /** Up to when the time is spent that it can have counted in. */
  #countedUpTo = Number.NEGATIVE_INFINITY;
  /** Reports of the window and the one before it; the counter's restarts taken out. */
  #points: { readonly at: number; readonly total: number }[] = [];

  /** `mostPerMs`: nobody counts more in a millisecond. */
  constructor(mostPerMs: number) {
    this.#mostPerMs = mostPerMs;
  }

  /** Its owner begins now: all that it counts happens from now on. */
  begin(now: number): void {
    this.total = 0;
    this.#last = 0;
    this.#countedUpTo = now;
    this.#note(now);
  }

  /**
   * Take a report. Return by how much the counter rose since the report before. The first report is a baseline: 0. So
   * is one that is lower than the one before, because its owner has restarted. An impossible rise enters neither
   * total nor rate. In a first report such a value is allowed, because the counter may have begun long ago.
   */
  report(value: number, now: number): number {
    const isContinued = value >= this.#last;
    const rise = isContinued ? value - this.#last : value;
    const isFound = Number.isNaN(this.#last);
    const fits = isFound ? !this.#isOfDays(value) : this.#fits(rise, now);
    if (isFound) {
      this.total = 0;
      this.#countedUpTo = now;
    }
    this.isImpossible = !fits && this.#isReported;
    this.#isReported = true;
    this.#last = value;
    if (fits) this.total += rise;
    if (!isContinued || !fits) this.#points = [];
    this.#note(now);
    return isContinued && fits ? rise : 0;
  }

  /** A second, from report to report, over the last five seconds or between the last two; NaN where nothing says. */
  rate(now: number): number {
    const [first] = this.#points;
    const last = this.#points[this.#points.length - 1];
    if (first === undefined || last === undefined || now - last.at > SILENT_MS) return Number.NaN;
    return last.at > first.at ? ((last.total - first.total) * 1000) / (last.at - first.at) : Number.NaN;
  }

  /** Whether a first value takes more than a day to count, so that it is only where counting begins. */
  #isOfDays(value: number): boolean {
    return value / this.#mostPerMs > MAX_ABS_MS;
  }

  /** Whether a rise can have happened in the time that passed. A report may be as late as its owner may be silent. */
  #fits(rise: number, now: number): boolean {
    const upTo = Math.max(this.#countedUpTo, now - STALLED_MS) + rise / this.#mostPerMs;
    if (upTo > now + JITTER_MS) return false;
    this.#countedUpTo = upTo;
    return true;
  }

  /** Counts from before the first report and since a restart belong to the total, and to no rate. */
  #note(now: number): void {
    this.#points.push({ at: now, total: this.total });
    while (this.#points.length > 2 && (this.#points[1]?.at as number) <= now - WINDOW_MS) this.#points.shift();
    // Many reports at once: those between the first and the last say nothing more.
    if (this.#points.length > MAX_POINTS) this.#points.splice(1, 1);
  }
}
