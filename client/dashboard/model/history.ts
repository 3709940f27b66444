import type { Row } from './feed.js';

/**
 * A ring of samples of a few columns: the newest `capacity` are kept. Grows as it fills, so a short life costs
 * little.
 */
export class History {
  readonly capacity: number;
  length = 0;
  #start = 0;
  #times = new Float64Array(32);
  #values: Float32Array[];

  constructor(columns: number, capacity: number) {
    this.capacity = capacity;
    this.#values = Array.from({ length: columns }, () => new Float32Array(32));
  }

  push(t: number, values: ArrayLike<number>): void {
    if (this.length === this.#times.length && this.length < this.capacity) this.#grow();
    const room = this.#times.length;
    const at = (this.#start + this.length) % room;
    if (this.length === room) this.#start = (this.#start + 1) % room;
    else this.length++;
    this.#times[at] = t;
    this.#values.forEach((column, index) => {
      column[at] = values[index] ?? Number.NaN;
    });
  }

  /** Hub's clock of the sample `index`, counted from the oldest; ms since 1970. */
  time(index: number): number {
    return this.#times[(this.#start + index) % this.#times.length] ?? Number.NaN;
  }

  /** NaN is missing. */
  value(column: number, index: number): number {
    return this.#values[column]?.[(this.#start + index) % this.#times.length] ?? Number.NaN;
  }

  /** The first sample at or after `t`. */
  indexAt(t: number): number {
    let index = this.length;
    while (index > 0 && this.time(index - 1) >= t) index--;
    return index;
  }

  clear(): void {
    this.length = 0;
    this.#start = 0;
  }

  /** Only ever called when full and so, until the capacity is reached, not yet turned round: `#start` is 0. */
  #grow(): void {
    const room = Math.min(this.capacity, this.#times.length * 2);
    const times = new Float64Array(room);
    times.set(this.#times);
    this.#times = times;
    this.#values = this.#values.map((column) => {
      const larger = new Float32Array(room);
      larger.set(column);
      return larger;
    });
  }
}

/** Histories of some columns, sampled at most once an interval. The last `maxRows` rows seen are kept. */
export class Histories {
  readonly columns: readonly string[];
  /** Counts up with each sample: tells a drawing that it is out of date. */
  version = 0;
  readonly #intervalMs: number;
  readonly #capacity: number;
  readonly #maxRows: number;
  /** Those sampled last come last. */
  readonly #byKey = new Map<string, History>();
  readonly #scratch: Float32Array;
  #last = 0;

  constructor(columns: readonly string[], intervalMs: number, keepMs: number, maxRows: number) {
    this.columns = columns;
    this.#intervalMs = intervalMs;
    this.#capacity = Math.ceil(keepMs / intervalMs);
    this.#maxRows = maxRows;
    this.#scratch = new Float32Array(columns.length);
  }

  get(key: string): History | undefined {
    return this.#byKey.get(key);
  }

  /** `t`: hub's clock. Frames come a little early or late, so a tenth of the interval is tolerated. */
  sample(t: number, rows: Iterable<Row>): void {
    const since = t - this.#last;
    // A hub that comes back with an earlier clock starts its trends anew.
    if (since < -this.#intervalMs) this.clear();
    else if (since < this.#intervalMs * 0.9) return;
    for (const row of rows) this.#push(row, t);
    for (const key of this.#byKey.keys()) {
      if (this.#byKey.size <= this.#maxRows) break;
      this.#byKey.delete(key);
    }
    this.#last = t;
    this.version++;
  }

  clear(): void {
    this.#byKey.clear();
    this.#last = 0;
    this.version++;
  }

  #push(row: Row, t: number): void {
    const history = this.#byKey.get(row.key) ?? new History(this.columns.length, this.#capacity);
    this.#byKey.delete(row.key);
    this.#byKey.set(row.key, history);
    const last = history.length === 0 ? t : history.time(history.length - 1);
    // A row that is in two lists is sampled once.
    if (history.length > 0 && last === t) return;
    // Missing samples break the line.
    if (t - last > this.#intervalMs * 3) history.push(last + 1, this.#scratch.fill(Number.NaN));
    this.columns.forEach((column, index) => {
      this.#scratch[index] = row.get(column) ?? Number.NaN;
    });
    history.push(t, this.#scratch);
  }
}
