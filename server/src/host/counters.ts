/**
 * Rate of an external counter, which may reset or disappear at any time, over the last `windowMs`. Its unit is that
 * of another counter that rises beside it: time, or all ticks of a CPU. The window is shorter if it has not been
 * observed for as long, but never less than one interval. Time is an argument.
 */
export class CounterWindow {
  readonly #windowMs: number;
  #samples: { at: number; count: number; base: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /**
   * Take a sample. A counter or base that falls has started anew, so earlier samples are forgotten. NaN forgets
   * everything.
   */
  add(at: number, count: number, base: number): void {
    const last = this.#samples.at(-1);
    if (Number.isNaN(count + base) || (last !== undefined && (count < last.count || base < last.base))) {
      this.#samples = [];
    }
    if (!Number.isNaN(count + base)) this.#samples.push({ at, count, base });
    // The window begins at the newest sample that is older than the window.
    const begins = this.#samples.findLastIndex((sample) => sample.at <= at - this.#windowMs);
    if (begins > 0) this.#samples = this.#samples.slice(begins);
  }

  /** Return the rise of the counter ÷ rise of the base; NaN before there are two samples. */
  rate(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.base === first.base) return Number.NaN;
    return (last.count - first.count) / (last.base - first.base);
  }
}

/** Sums counters of devices that come, go and start anew into one counter that only rises. */
export class DeviceCounters {
  #last: ReadonlyMap<string, number> = new Map();
  #total = 0;

  /**
   * Return the sum since the first call; NaN without devices. A device that is new, or whose counter fell, counts
   * from its present value.
   */
  add(devices: ReadonlyMap<string, number>): number {
    for (const [name, count] of devices) this.#total += Math.max(0, count - (this.#last.get(name) ?? count));
    this.#last = devices;
    return devices.size === 0 ? Number.NaN : this.#total;
  }
}
