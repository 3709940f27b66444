/** Rates of counters that belong to somebody else: they start anew, vanish, and say nothing of when. Time is an argument. */

/**
 * How fast a counter rose over the last `windowMs`, in units of another one that rises beside it: time, or all ticks of a
 * CPU. Less than the window where it has not been watched for as long; never less than one interval between two samples.
 */
export class CounterWindow {
  readonly #windowMs: number;
  #samples: { at: number; count: number; base: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** A counter or a base that falls has started anew: what came before says nothing about now. NaN forgets everything. */
  add(at: number, count: number, base: number): void {
    const last = this.#samples.at(-1);
    if (Number.isNaN(count + base) || (last !== undefined && (count < last.count || base < last.base))) {
      this.#samples = [];
    }
    if (!Number.isNaN(count + base)) this.#samples.push({ at, count, base });
    // The newest of those that are older than the window is where it begins.
    const begins = this.#samples.findLastIndex((sample) => sample.at <= at - this.#windowMs);
    if (begins > 0) this.#samples = this.#samples.slice(begins);
  }

  /** Rise of the counter ÷ rise of the base; NaN before there are two samples. */
  rate(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.base === first.base) return Number.NaN;
    return (last.count - first.count) / (last.base - first.base);
  }
}

/** Counters of devices that come, go and start anew, as one counter that only rises. */
export class DeviceCounters {
  #last: ReadonlyMap<string, number> = new Map();
  #total = 0;

  /**
   * What they have counted together since the first call; NaN where there are no devices. A device that is new, or whose
   * counter fell, counts from where it stands: its whole past is not of this second.
   */
  add(devices: ReadonlyMap<string, number>): number {
    for (const [name, count] of devices) this.#total += Math.max(0, count - (this.#last.get(name) ?? count));
    this.#last = devices;
    return devices.size === 0 ? Number.NaN : this.#total;
  }
}
