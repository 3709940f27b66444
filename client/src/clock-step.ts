/** Browsers round their clock to 1 ms or finer, unless they resist fingerprinting. */
const FINEST_MS = 1;
/** The coarsest clock that a browser has. This holds until two readings differ. */
const COARSEST_MS = 100;
/** Readings that are further apart say less than the rounding errors of their floating-point numbers. */
const MAX_APART_MS = 1_000;
/** A remainder below this is a rounding error of floating-point numbers, or a clock finer than `FINEST_MS`. */
const TOLERANCE_MS = 0.5;

/**
 * Measures the step of a clock from its readings: 1 ms for most browsers, 16.67 or 100 ms for browsers that resist
 * fingerprinting. Differences of readings are multiples of the step, so their greatest common divisor is one too. The
 * estimate is never below the true step, and meets it after a few readings.
 */
export class ClockStep {
  #last = Number.NaN;
  /** 0 before two readings differed. */
  #divisor = 0;

  /** Take a reading of the clock, ms. */
  saw(reading: number): void {
    const apart = Math.abs(reading - this.#last);
    this.#last = reading;
    if (apart > 0 && apart <= MAX_APART_MS) this.#divisor = commonDivisor(this.#divisor, apart);
  }

  /** Step of the clock, ms; no reading is further from the time than this. */
  get ms(): number {
    return this.#divisor === 0 ? COARSEST_MS : Math.max(FINEST_MS, this.#divisor);
  }
}

/** Euclid's algorithm, for numbers with errors. */
function commonDivisor(a: number, b: number): number {
  let [larger, smaller] = a > b ? [a, b] : [b, a];
  while (smaller > TOLERANCE_MS) {
    const rest = larger % smaller;
    [larger, smaller] = [smaller, smaller - rest < TOLERANCE_MS ? 0 : rest];
  }
  return larger;
}
