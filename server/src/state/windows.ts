/** Rates over true windows. Time is an argument: nothing here looks at a clock. */

/**
 * Rates of many counters at once, one for each slot of a table, over the last `seconds`, from samples taken about once a
 * second. Struct of arrays, so that a slot costs `8 × (seconds + 2)` bytes.
 */
export class RateWindows {
  readonly #samples: number;
  /** `#counts[slot × samples + position]`: the counter's value at `#times[position]`. */
  #counts: Float64Array;
  #openedAt: Float64Array;
  readonly #times: Float64Array;
  #position = 0;

  constructor(seconds: number) {
    // One more than seconds: a window of 5 s lies between six samples.
    this.#samples = seconds + 1;
    this.#times = new Float64Array(this.#samples);
    this.#counts = new Float64Array(0);
    this.#openedAt = new Float64Array(0);
  }

  /** A slot begins to count at 0. */
  open(slot: number, now: number): void {
    if (slot >= this.#openedAt.length) this.#grow(slot + 1);
    this.#counts.fill(0, slot * this.#samples, (slot + 1) * this.#samples);
    this.#openedAt[slot] = now;
  }

  /** Begins a round of samples. */
  advance(now: number): void {
    this.#position = (this.#position + 1) % this.#samples;
    this.#times[this.#position] = now;
  }

  /**
   * Notes a counter's value in this round and returns its rate a second. `since`: when counting could begin, if that was
   * later than the slot's opening. NaN before half a second of it.
   */
  sample(slot: number, count: number, since = 0): number {
    const row = slot * this.#samples;
    const oldest = (this.#position + 1) % this.#samples;
    this.#counts[row + this.#position] = count;
    const openedAt = this.#openedAt[slot] as number;
    const from = Math.max(this.#times[oldest] as number, openedAt, since);
    const elapsed = (this.#times[this.#position] as number) - from;
    // A slot younger than the window has zeros in the older samples: it did count 0 then.
    return elapsed < 500 ? Number.NaN : ((count - (this.#counts[row + oldest] as number)) * 1000) / elapsed;
  }

  #grow(slots: number): void {
    let capacity = Math.max(16, this.#openedAt.length);
    while (capacity < slots) capacity *= 2;
    const counts = new Float64Array(capacity * this.#samples);
    counts.set(this.#counts);
    this.#counts = counts;
    const openedAt = new Float64Array(capacity);
    openedAt.set(this.#openedAt);
    this.#openedAt = openedAt;
  }
}

/** How many events lie in the last `windowMs`, the edge itself excluded. Bounded by merging what came in one `stepMs`. */
export class EventWindow {
  readonly #windowMs: number;
  readonly #stepMs: number;
  #times: number[] = [];
  #counts: number[] = [];
  #total = 0;

  constructor(windowMs: number, stepMs = 10) {
    this.#windowMs = windowMs;
    this.#stepMs = stepMs;
  }

  add(now: number, count = 1): void {
    const last = this.#times.length - 1;
    if (last >= 0 && now - (this.#times[last] as number) < this.#stepMs) {
      this.#counts[last] = (this.#counts[last] as number) + count;
    } else {
      this.#times.push(now);
      this.#counts.push(count);
    }
    this.#total += count;
  }

  total(now: number): number {
    let expired = 0;
    while (expired < this.#times.length && (this.#times[expired] as number) <= now - this.#windowMs) {
      this.#total -= this.#counts[expired++] as number;
    }
    if (expired > 0) {
      this.#times = this.#times.slice(expired);
      this.#counts = this.#counts.slice(expired);
    }
    return this.#total;
  }
}

/** Allows `limit` events in each window of `windowMs`, counted from the first event in it. */
export class Allowance {
  readonly #limit: number;
  readonly #windowMs: number;
  #startedAt = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Counts one event; false where it is one too many. */
  take(now: number): boolean {
    if (now - this.#startedAt >= this.#windowMs) {
      this.#startedAt = now;
      this.#count = 0;
    }
    return ++this.#count <= this.#limit;
  }
}

/** The quantile `q` (0 to 1) of `count` values, by nearest rank: sorts them in place. NaN of none. */
export function quantile(values: Float64Array, count: number, q: number): number {
  if (count === 0) return Number.NaN;
  const sorted = values.subarray(0, count).sort();
  return sorted[Math.max(0, Math.ceil(q * count) - 1)] as number;
}
