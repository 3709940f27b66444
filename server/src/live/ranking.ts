import type { RowSelector, Table } from '@auralis/shared';

/** Sorts behind every reading. */
const LAST = Number.POSITIVE_INFINITY;

export interface RankingOptions {
  /** Column to order by; null: the table's own order. */
  readonly column: number | null;
  readonly desc: boolean;
  readonly offset: number;
  readonly limit: number;
}

/**
 * Chooses the rows at places `offset` to `offset + limit` of those that match, in the order of a column. Rows without
 * a reading come last in both directions. Equal rows keep the order of their slots.
 *
 * Partial selection over typed arrays, O(rows) at each change of the table. Rows outside the window are never sorted.
 */
export class Ranking implements RowSelector {
  readonly isLocal = false;
  total = 0;
  readonly #table: Table;
  readonly #matches: (slot: number) => boolean;
  readonly #options: RankingOptions;
  /** Candidates and their keys, ascending whichever way was asked for. */
  #slots = new Uint32Array(64);
  #keys = new Float64Array(64);
  #chosen = new Uint8Array(64);
  #dice = 1;

  constructor(table: Table, matches: (slot: number) => boolean, options: RankingOptions) {
    this.#table = table;
    this.#matches = matches;
    this.#options = options;
  }

  prepare(): void {
    const count = this.#collect();
    const { offset, limit } = this.#options;
    const end = Math.min(offset + limit, count);
    this.total = count;
    if (offset >= end) return;
    // Bring everything up to the window's end to the front, then the window behind the rows before it.
    if (end < count) this.#select(0, count - 1, end);
    if (offset > 0) this.#select(0, end - 1, offset);
    for (let at = offset; at < end; at++) this.#chosen[this.#slots[at] as number] = 1;
  }

  chooses(slot: number): boolean {
    return this.#chosen[slot] === 1;
  }

  /** Gather rows that match, with their keys. Return how many. */
  #collect(): number {
    const table = this.#table;
    this.#makeRoom(table.highWater);
    this.#chosen.fill(0);
    const { column, desc } = this.#options;
    const cells = column === null ? null : (table.cells[column] as Float64Array);
    const sign = desc ? -1 : 1;
    let count = 0;
    for (let slot = 0; slot < table.highWater; slot++) {
      if (!table.isLive(slot) || !this.#matches(slot)) continue;
      const fixed = cells === null ? 0 : (cells[slot] as number);
      this.#slots[count] = slot;
      this.#keys[count++] = fixed === fixed ? sign * fixed : LAST;
    }
    return count;
  }

  /**
   * Move the `count` least of the candidates from `low` to `high` to the front: quickselect, with the median of three
   * random candidates as pivot. With the first, the middle and the last, readings that fall and rise from slot to
   * slot made it quadratic.
   */
  #select(low: number, high: number, count: number): void {
    let left = low;
    let right = high;
    const target = low + count - 1;
    while (left < right) {
      const pivot = this.#partition(left, right);
      if (pivot === target) return;
      if (pivot < target) left = pivot + 1;
      else right = pivot - 1;
    }
  }

  /** Put one candidate in its place, lesser ones before it and greater ones behind. Return the place. */
  #partition(left: number, right: number): number {
    const size = right - left + 1;
    this.#swap(this.#middleOf(this.#any(left, size), this.#any(left, size), this.#any(left, size)), right);
    let place = left;
    for (let at = left; at < right; at++) if (this.#isBefore(at, right)) this.#swap(at, place++);
    this.#swap(place, right);
    return place;
  }

  #middleOf(a: number, b: number, c: number): number {
    if (this.#isBefore(b, a)) return this.#isBefore(c, b) ? b : this.#isBefore(c, a) ? c : a;
    return this.#isBefore(c, a) ? a : this.#isBefore(c, b) ? c : b;
  }

  /** Return any of `size` places from `left` on. It decides how long selection takes, never its result. */
  #any(left: number, size: number): number {
    this.#dice = (Math.imul(this.#dice, 1_664_525) + 1_013_904_223) >>> 0;
    return left + Math.floor((this.#dice / 2 ** 32) * size);
  }

  /** Slots are distinct, so the order is total: runs of equal keys do not slow selection down. */
  #isBefore(a: number, b: number): boolean {
    const keyA = this.#keys[a] as number;
    const keyB = this.#keys[b] as number;
    return keyA < keyB || (keyA === keyB && (this.#slots[a] as number) < (this.#slots[b] as number));
  }

  #swap(a: number, b: number): void {
    const slot = this.#slots[a] as number;
    const key = this.#keys[a] as number;
    this.#slots[a] = this.#slots[b] as number;
    this.#keys[a] = this.#keys[b] as number;
    this.#slots[b] = slot;
    this.#keys[b] = key;
  }

  #makeRoom(slots: number): void {
    if (this.#slots.length >= slots) return;
    let room = this.#slots.length;
    while (room < slots) room *= 2;
    this.#slots = new Uint32Array(room);
    this.#keys = new Float64Array(room);
    this.#chosen = new Uint8Array(room);
  }
}
