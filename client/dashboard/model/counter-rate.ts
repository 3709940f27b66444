/** Rise of a counter a second, over a short window. */
export class CounterRate {
  readonly #windowMs: number;
  #samples: { readonly t: number; readonly count: number }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** `t`: ms. A counter that falls, or a clock that does, has started anew. */
  push(t: number, count: number | null): void {
    const last = this.#samples.at(-1);
    if (count === null || (last !== undefined && (count < last.count || t < last.t))) this.#samples = [];
    if (count === null || (last !== undefined && t === last.t)) return;
    this.#samples.push({ t, count });
    while (this.#samples.length > 2 && t - (this.#samples[0]?.t ?? t) > this.#windowMs) this.#samples.shift();
  }

  get perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.t <= first.t) return null;
    return ((last.count - first.count) * 1000) / (last.t - first.t);
  }
}
