/** Rates over true windows. Time is an argument: nothing here looks at a clock. */

/** A counter that has not moved for this long is measured up to now and not up to its last step. */
const QUIET_MS = 1000;
/** No rate is taken over less. */
const MIN_SPAN_MS = 500;
/** A step that is this much early is one all the same. */
const EARLY = 0.9;

/**
 * Rates of many counters at once, one for each slot of a table, over the last `seconds`, or as many steps of the
 * counter if these take longer. Samples are taken about once a second. Measured from event to event, not from sample
 * to sample: ten a second is then 10.0, and not 9.8 whenever a window happens to hold 49 of them. Struct of arrays: a
 * slot costs `16 × (seconds + 1) + 8` bytes.
 */
export class RateWindows {
  readonly #samples: number;
  /** At `slot × samples + position`: the counter's value, and when it last moved. */
  #counts = new Float64Array(0);
  #times = new Float64Array(0);
  /** Samples taken of a slot since it was opened. */
  #taken = new Uint32Array(0);

  constructor(seconds: number) {
    // One more than seconds: a window of 5 s lies between six samples.
    this.#samples = seconds + 1;
  }

  /** A slot begins to count, from `count` on. */
  open(slot: number, now: number, count = 0): void {
    if (slot >= this.#taken.length) this.#grow(slot + 1);
    this.#taken[slot] = 0;
    this.#write(slot, count, now);
  }

  /**
   * Take a sample and return the rate a second. It is NaN until there is half a second to divide by, because jitter
   * would be most of a shorter span.
   * - `movedAt`: when the counter last moved; before the slot's opening: not yet.
   * - `stepMs`: its usual rest between two steps.
   * - `quietMs`: how long it may rest until the rest itself counts.
   */
  sample(slot: number, count: number, now: number, movedAt: number, stepMs = 0, quietMs = 2 * stepMs): number {
    const last = slot * this.#samples + (((this.#taken[slot] as number) - 1) % this.#samples);
    const lastTime = this.#times[last] as number;
    const time = now - movedAt > Math.max(QUIET_MS, quietMs) ? now : Math.max(movedAt, lastTime);
    // One sample a step, so that the window holds as many steps as it has seconds.
    if (stepMs <= QUIET_MS || time - lastTime >= EARLY * stepMs) this.#write(slot, count, time);
    const oldest = slot * this.#samples + (Math.max(0, (this.#taken[slot] as number) - this.#samples) % this.#samples);
    const from = this.#times[oldest] as number;
    if (time - from < MIN_SPAN_MS) return Number.NaN;
    return ((count - (this.#counts[oldest] as number)) * 1000) / (time - from);
  }

  #write(slot: number, count: number, time: number): void {
    const taken = this.#taken[slot] as number;
    const at = slot * this.#samples + (taken % this.#samples);
    this.#counts[at] = count;
    this.#times[at] = time;
    this.#taken[slot] = taken + 1;
  }

  #grow(slots: number): void {
    let capacity = Math.max(16, this.#taken.length);
    while (capacity < slots) capacity *= 2;
    this.#counts = copyInto(this.#counts, new Float64Array(capacity * this.#samples));
    this.#times = copyInto(this.#times, new Float64Array(capacity * this.#samples));
    this.#taken = copyInto(this.#taken, new Uint32Array(capacity));
  }
}

function copyInto<A extends Float64Array | Uint32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}

/**
 * How many events lie in the last `windowMs`, the edge itself excluded. Bounded by merging what came in one `stepMs`.
 */
export class EventWindow {
  readonly #windowMs: number;
  readonly #stepMs: number;
  #times: number[] = [];
  #counts: number[] = [];
  #total = Number.NaN;

  constructor(windowMs: number, stepMs = 10) {
    this.#total = 0;
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

  /** How many more are allowed in the window of the last event. */
  get left(): number {
    return Math.max(0, this.#limit - this.#count);
  }

  /** Count one event. Return false if it is one too many. */
  take(now: number): boolean {
    if (now - this.#startedAt >= this.#windowMs) {
      this.#startedAt = now;
      this.#count = 0;
    }
    return ++this.#count <= this.#limit;
  }
}

/** Allows `perSecond` events, and `most` at once after a pause. */
export class Reserve {
  readonly #perSecond: number;
  readonly #most: number;
  #left: number;
  #at = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number, most: number) {
    this.#perSecond = perSecond;
    this.#most = this.#left = most;
  }

  /** Count one event. Return false, and do not count it, if it is one too many. */
  take(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/** The quantile `q` (0 to 1) of sorted values, by nearest rank; NaN of none. */
export function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
