import type { Table } from '@auralis/shared';

/** Most samples a window keeps of a row: a longer one is as coarse as a 60th of itself. */
const MAX_STEPS = 60;

/**
 * How much a counter of each row rose over the last `windowS`, from a look a second. A counter that falls has started anew,
 * and one that is seen for the first time counts from where it stands: neither is a rise. Nor is one in a second that does
 * not count. Struct of arrays: a row costs
 * `8 × (steps + 3) + 4` bytes.
 */
export class Increases {
  /** By slot, in the fixed point of the column. NaN where there is no row. */
  readings = new Float64Array(0);
  readonly #table: Table;
  readonly #column: number;
  readonly #counts: (slot: number) => boolean;
  readonly #samples: number;
  readonly #stepMs: number;
  #nextStepAt = Number.NEGATIVE_INFINITY;
  #step = 0;
  #last = new Float64Array(0);
  #totals = new Float64Array(0);
  /** At `slot × samples + step modulo samples`: the total at that step. */
  #ring = new Float64Array(0);
  #generations = new Uint32Array(0);

  /** `counts`: whether what a row rises by is to be counted now. */
  constructor(table: Table, column: number, windowS: number, counts: (slot: number) => boolean) {
    const steps = Math.min(windowS, MAX_STEPS);
    this.#table = table;
    this.#column = column;
    this.#counts = counts;
    this.#samples = steps + 1;
    this.#stepMs = (windowS * 1000) / steps;
  }

  observe(now: number): void {
    const { highWater, generation } = this.#table;
    if (highWater > this.readings.length) this.#grow(highWater);
    const cells = this.#table.cells[this.#column] as Float64Array;
    const isStep = now >= this.#nextStepAt;
    if (isStep) {
      this.#step++;
      // A hub that stood still takes up its steps from now on.
      this.#nextStepAt = Math.max(this.#nextStepAt + this.#stepMs, now + this.#stepMs / 2);
    }
    const newest = this.#step % this.#samples;
    const oldest = (this.#step + 1) % this.#samples;
    for (let slot = 0; slot < highWater; slot++) {
      const begins = slot * this.#samples;
      if (generation[slot] !== this.#generations[slot]) this.#open(slot);
      const cell = cells[slot] as number;
      const rise = cell - (this.#last[slot] as number);
      if (rise > 0 && this.#counts(slot)) this.#totals[slot] = (this.#totals[slot] as number) + rise;
      if (cell === cell) this.#last[slot] = cell;
      const total = this.#totals[slot] as number;
      if (isStep) this.#ring[begins + newest] = total;
      this.readings[slot] = this.#table.isLive(slot) ? total - (this.#ring[begins + oldest] as number) : Number.NaN;
    }
  }

  #open(slot: number): void {
    this.#generations[slot] = this.#table.generation[slot] as number;
    this.#last[slot] = Number.NaN;
    this.#totals[slot] = 0;
    this.#ring.fill(0, slot * this.#samples, (slot + 1) * this.#samples);
  }

  #grow(slots: number): void {
    let capacity = Math.max(16, this.readings.length);
    while (capacity < slots) capacity *= 2;
    this.readings = grown(this.readings, new Float64Array(capacity));
    this.#last = grown(this.#last, new Float64Array(capacity));
    this.#totals = grown(this.#totals, new Float64Array(capacity));
    this.#ring = grown(this.#ring, new Float64Array(capacity * this.#samples));
    this.#generations = grown(this.#generations, new Uint32Array(capacity));
  }
}

function grown<A extends Float64Array | Uint32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
