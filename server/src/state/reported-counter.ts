/** A rate is over at least this long, if as much was reported. */
const WINDOW_MS = 5_000;
/** Without a report for this long there is no rate. */
const SILENT_MS = 30_000;

/** A counter that its owner reports now and then, and that begins at 0 again when the owner does. */
export class ReportedCounter {
  /** All that was counted, over restarts; NaN before the first report. */
  total = Number.NaN;
  #last = Number.NaN;
  /** Reports of the window and the one before it; the counter's restarts taken out. */
  #points: { readonly at: number; readonly total: number }[] = [];

  /**
   * Takes a report. Returns by how much the counter went up since the report before; 0 for the first, and for one that is
   * lower than the one before: its owner has restarted, and nothing says when what it has counted since happened.
   */
  report(value: number, now: number): number {
    const isContinued = value >= this.#last;
    const increase = isContinued ? value - this.#last : 0;
    // What was counted before the first report and since a restart belongs to the total, and to no rate.
    this.total = Number.isNaN(this.total) ? value : this.total + (isContinued ? increase : value);
    this.#last = value;
    if (!isContinued) this.#points = [];
    this.#points.push({ at: now, total: this.total });
    while (this.#points.length > 2 && (this.#points[1]?.at as number) <= now - WINDOW_MS) this.#points.shift();
    // Many reports at once: those between the first and the last say nothing more.
    if (this.#points.length > MAX_POINTS) this.#points.splice(1, 1);
    return increase;
  }

  /** A second, from report to report, over the last five seconds or between the last two; NaN where nothing says. */
  rate(now: number): number {
    const [first] = this.#points;
    const last = this.#points[this.#points.length - 1];
    if (first === undefined || last === undefined || now - last.at > SILENT_MS) return Number.NaN;
    return last.at > first.at ? ((last.total - first.total) * 1000) / (last.at - first.at) : Number.NaN;
  }
}

const MAX_POINTS = 64;
