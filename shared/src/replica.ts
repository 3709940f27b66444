import type { Column } from './catalogue.js';
import type { Frame, FrameColumn, FrameRow } from './messages.js';

/** Changes of a replica's rows by a frame, by key. */
export interface ReplicaChange {
  /** A snapshot replaced everything. */
  readonly reset: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Rows with a changed cell or attribute; `added` ones are not repeated here. */
  readonly changed: ReadonlySet<string>;
}

/** A row as it is now. Reads through to the replica: keep the key, not the row, over a removal. */
export interface ReplicaRow {
  readonly key: string;
  readonly attributes: readonly string[];
  /** The reading of the column with this id in its unit, or null where it is missing. */
  value(columnId: number): number | null;
}

/** The rows of one source in one channel, rebuilt from frames alone. */
export class Replica {
  readonly rows = new Map<string, ReplicaRow>();
  /** Number of the last frame applied; -1 before the first snapshot. */
  seq = -1;
  /** Hub's wall clock at the last frame, ms since 1970. */
  t = 0;
  total = 0;

  readonly #slots: (Row | undefined)[] = [];
  readonly #cells = new Map<number, number[]>();
  readonly #factors: ReadonlyMap<number, number>;

  /** `columns`: those that the channel carries. */
  constructor(columns: readonly Pick<Column, 'id' | 'scale'>[]) {
    this.#factors = new Map(columns.map((column) => [column.id, 10 ** column.scale]));
  }

  /**
   * Applies a frame and says what it changed, or returns null for a delta that does not follow: ask for a snapshot.
   */
  apply(frame: Frame): ReplicaChange | null {
    if (frame.kind === 'delta' && (this.seq < 0 || frame.seq !== this.seq + 1)) return null;
    const changed = new Set<string>();
    const removed = frame.kind === 'snapshot' ? this.#clear() : this.#remove(frame.removed);
    const added = this.#add(frame.kind === 'snapshot' ? frame.rows : frame.added, changed);
    for (const column of frame.columns) this.#write(column, frame, changed);
    for (const key of added) changed.delete(key);
    this.seq = frame.seq;
    this.t = frame.t;
    this.total = frame.total;
    return { reset: frame.kind === 'snapshot', added, removed, changed };
  }

  #clear(): string[] {
    const keys = [...this.rows.keys()];
    this.rows.clear();
    this.#slots.length = 0;
    this.#cells.clear();
    return keys;
  }

  #remove(slots: readonly number[]): string[] {
    const keys: string[] = [];
    for (const slot of slots) {
      const row = this.#slots[slot];
      if (row === undefined) continue;
      this.#slots[slot] = undefined;
      for (const cells of this.#cells.values()) cells[slot] = Number.NaN;
      this.rows.delete(row.key);
      keys.push(row.key);
    }
    return keys;
  }

  #add(rows: readonly FrameRow[], changed: Set<string>): string[] {
    const keys: string[] = [];
    for (const { slot, key, attributes } of rows) {
      const known = this.#slots[slot];
      if (known === undefined) {
        const row = new Row(this.#cells, this.#factors, slot, key, attributes);
        this.#slots[slot] = row;
        this.rows.set(key, row);
        keys.push(key);
      } else {
        known.attributes = attributes;
        changed.add(key);
      }
    }
    return keys;
  }

  #write(column: FrameColumn, frame: Frame, changed: Set<string>): void {
    let cells = this.#cells.get(column.id);
    if (cells === undefined) {
      cells = [];
      this.#cells.set(column.id, cells);
    }
    const factor = this.#factors.get(column.id) ?? 1;
    const absolute = frame.kind === 'snapshot' || frame.form === 'json';
    let at = 0;
    for (const slot of column.slots === null ? this.#liveSlots() : Array.from(column.slots)) {
      const value = column.values[at++] ?? Number.NaN;
      const before = cells[slot] ?? Number.NaN;
      const fixed = frame.form === 'json' ? Math.round(value * factor) : value;
      const now = absolute || Number.isNaN(fixed) || Number.isNaN(before) ? fixed : before + fixed;
      if (Object.is(now, before)) continue;
      cells[slot] = now;
      const row = this.#slots[slot];
      if (row !== undefined) changed.add(row.key);
    }
  }

  #liveSlots(): number[] {
    const live: number[] = [];
    for (let slot = 0; slot < this.#slots.length; slot++) if (this.#slots[slot] !== undefined) live.push(slot);
    return live;
  }
}

class Row implements ReplicaRow {
  readonly key: string;
  attributes: readonly string[];
  readonly #cells: ReadonlyMap<number, number[]>;
  readonly #factors: ReadonlyMap<number, number>;
  readonly #slot: number;

  constructor(
    cells: ReadonlyMap<number, number[]>,
    factors: ReadonlyMap<number, number>,
    slot: number,
    key: string,
    attributes: readonly string[],
  ) {
    this.#cells = cells;
    this.#factors = factors;
    this.#slot = slot;
    this.key = key;
    this.attributes = attributes;
  }

  value(columnId: number): number | null {
    const fixed = this.#cells.get(columnId)?.[this.#slot] ?? Number.NaN;
    return Number.isNaN(fixed) ? null : fixed / (this.#factors.get(columnId) ?? 1);
  }
}
