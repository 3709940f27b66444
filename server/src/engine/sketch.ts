/**
 * A quantile sketch. It counts values in bins whose widths grow with the value, so every quantile is known within a
 * relative error, whatever the values. Two sketches add up to the sketch of all their values, and can be taken apart
 * again.
 *
 * DDSketch, with the logarithmic mapping and a sparse store: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A fast and
 * fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019, section 2. Values are clamped to
 * [MIN_VALUE, MAX_VALUE] instead of collapsing bins.
 */
export class Sketch {
  /** Values in it. */
  count = 0;
  /** Values by bin: bin i holds those in (γ^(i−1), γ^i]. */
  readonly #bins = new Map<number, number>();
  /** Bins in order; null after a bin came or went. */
  #order: number[] | null = null;

  /** Adds a value, not negative; NaN is not for it. */
  add(value: number): void {
    this.#put(Math.ceil(Math.log(Math.min(Math.max(value, MIN_VALUE), MAX_VALUE)) / LOG_GAMMA), 1);
  }

  /** Adds all the values of another. */
  merge(other: Sketch): void {
    for (const [bin, count] of other.#bins) this.#put(bin, count);
  }

  /** Takes out the values of another, which must all have been added. */
  subtract(other: Sketch): void {
    for (const [bin, count] of other.#bins) this.#put(bin, -count);
  }

  /**
   * The quantile `q` (0 to 1) by nearest rank, within RELATIVE_ERROR of the exact one; NaN where there are no values.
   */
  quantile(q: number): number {
    if (this.count === 0) return Number.NaN;
    this.#order ??= [...this.#bins.keys()].sort((a, b) => a - b);
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    let bin = 0;
    for (bin of this.#order) {
      seen += this.#bins.get(bin) as number;
      if (seen >= rank) break;
    }
    // The point of the bin from which both its ends are equally far, relatively.
    return (2 * GAMMA ** bin) / (GAMMA + 1);
  }

  #put(bin: number, count: number): void {
    const before = this.#bins.get(bin) ?? 0;
    const after = before + count;
    this.count += count;
    if (after > 0) this.#bins.set(bin, after);
    else this.#bins.delete(bin);
    if (before === 0 || after <= 0) this.#order = null;
  }
}

export const RELATIVE_ERROR = 0.005;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
/** In ms: below a microsecond nothing is measured, beyond a day nothing is taken. 2,520 bins lie between. */
const MIN_VALUE = 1e-3;
const MAX_VALUE = 86_400_000;

/** Quantiles over a sliding window, from a sketch for each step of it: an idle step costs nothing. */
export class SlidingSketch {
  /** All values in the window. */
  readonly total = new Sketch();
  readonly #windowMs: number;
  readonly #stepMs: number;
  readonly #steps: { readonly startedAt: number; readonly sketch: Sketch }[] = [];

  constructor(windowMs: number, stepMs = 1000) {
    this.#windowMs = windowMs;
    this.#stepMs = stepMs;
  }

  add(now: number, value: number): void {
    this.expire(now);
    let last = this.#steps[this.#steps.length - 1];
    if (last === undefined || now - last.startedAt >= this.#stepMs) {
      last = { startedAt: now, sketch: new Sketch() };
      this.#steps.push(last);
    }
    last.sketch.add(value);
    this.total.add(value);
  }

  /** Forgets what has left the window, the edge itself excluded; whether there was any. */
  expire(now: number): boolean {
    let expired = 0;
    for (const { startedAt, sketch } of this.#steps) {
      if (startedAt > now - this.#windowMs) break;
      this.total.subtract(sketch);
      expired++;
    }
    if (expired > 0) this.#steps.splice(0, expired);
    return expired > 0;
  }
}
