/** The spec's means are over the last ten syntheses. */
const KEPT = 10;

/** Mean of the last ten values. */
export class RecentMean {
  readonly #values: number[] = [];

  /** Takes a value and returns the mean. */
  add(value: number): number {
    this.#values.push(value);
    if (this.#values.length > KEPT) this.#values.shift();
    return this.#values.reduce((sum, kept) => sum + kept, 0) / this.#values.length;
  }
}
