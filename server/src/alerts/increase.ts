import type { Table } from '@auralis/shared';

/** Samples that a window keeps of a row. A longer window has steps of a 60th of itself. */
const MAX_STEPS = 60;

/** A row that rose within the window. */
interface Rising {
  total: number;
  /** At `step modulo samples`: the total at that step. */
  readonly ring: Float64Array;
}

/**
 * Rise of each row's counter over the last `windowS`, observed once a second. A counter that falls has started anew,
 * and one that is seen for the first time is a baseline: neither is a rise. A row costs 20 bytes, and `8 × (steps +
 * 1)` more only while it has a rise. Most of 15,000 listeners never have one.
 */
export class Increases {
  /** The reading of each slot, in the fixed point of the column. NaN if the slot has no row. */
  readings = new Float64Array(0);
  readonly #table: Table;
  readonly #column: number;
  readonly #counts: (slot: number) => boolean;
  readonly #samples: number;
  readonly #stepMs: number;
  #nextStepAt = Number.NEGATIVE_INFINITY;
  #step = 0;
  #last = new Float64Array(0);
  #generations = new Uint32Array(0);
  readonly #rising = new Map<number, Rising>();

  /** `counts`: whether a row's rise counts now. */
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
      // After a blocked loop, steps continue from now.
      this.#nextStepAt = Math.max(this.#nextStepAt + this.#stepMs, now + this.#stepMs / 2);
    }
    for (let slot = 0; slot < highWater; slot++) {
      if (generation[slot] !== this.#generations[slot]) this.#open(slot);
      const cell = cells[slot] as number;
      const rise = cell - (this.#last[slot] as number);
      if (rise > 0 && this.#counts(slot)) this.#risingAt(slot).total += rise;
      if (cell === cell) this.#last[slot] = cell;
      this.readings[slot] = this.#table.isLive(slot) ? 0 : Number.NaN;
    }
    this.#readRising(isStep);
  }

  #readRising(isStep: boolean): void {
    const newest = this.#step % this.#samples;
    const oldest = (this.#step + 1) % this.#samples;
    for (const [slot, { total, ring }] of this.#rising) {
      if (isStep) ring[newest] = total;
      const risen = total - (ring[oldest] as number);
      if (risen === 0) this.#rising.delete(slot);
      else if (this.#table.isLive(slot)) this.readings[slot] = risen;
    }
  }

  #risingAt(slot: number): Rising {
    let rising = this.#rising.get(slot);
    if (rising === undefined) {
      rising = { total: 0, ring: new Float64Array(this.#samples) };
      this.#rising.set(slot, rising);
    }
    return rising;
  }

  #open(slot: number): void {
    this.#generations[slot] = this.#table.generation[slot] as number;
    this.#last[slot] = Number.NaN;
    this.#rising.delete(slot);
  }

  #grow(slots: number): void {
    const capacity = Math.max(16, slots + (slots >> 2));
    this.readings = grown(this.readings, new Float64Array(capacity));
    this.#last = grown(this.#last, new Float64Array(capacity));
    this.#generations = grown(this.#generations, new Uint32Array(capacity));
  }
}

function grown<A extends Float64Array | Uint32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
