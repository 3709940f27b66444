import type { CatalogueEntry, Frame } from '@auralis/shared/messages';
import { Replica, type ReplicaChange, type ReplicaRow } from '@auralis/shared/replica';
import type { Change, LiveRow } from './types.js';

/** Places of columns and attributes in a channel's rows, by name. */
export class Shape {
  readonly columns: readonly CatalogueEntry[];
  readonly attributes: readonly string[];
  readonly columnIds: ReadonlyMap<string, number>;

  constructor(columns: readonly CatalogueEntry[], attributes: readonly string[]) {
    this.columns = columns;
    this.attributes = attributes;
    this.columnIds = new Map(columns.map(({ name, id }) => [name, id]));
  }
}

/** A change that is being put together. */
interface Draft extends Change {
  readonly added: string[];
  readonly removed: string[];
  readonly changed: Set<string>;
}

/**
 * The rows of one channel: one replica for each source, merged by key. Where two sources have a row of the same key
 * (a connection that moved from one hub to another), the one that came last is shown.
 */
export class MergedRows {
  readonly rows = new Map<string, Row>();
  #replicas = new Map<string, Replica>();
  #shape = new Shape([], []);
  /** The rows are of a connection before this one: the first snapshot replaces them all. */
  #outdated = true;

  get shape(): Shape {
    return this.#shape;
  }

  /** Rows that match, over all sources. */
  get total(): number {
    let total = 0;
    for (const replica of this.#replicas.values()) total += replica.total;
    return total;
  }

  /** Hub's clock at the newest frame of the source that is furthest behind; null before any frame. */
  get oldestT(): number | null {
    let oldest: number | null = null;
    for (const { t } of this.#replicas.values()) if (oldest === null || t < oldest) oldest = t;
    return oldest;
  }

  /** No snapshot has come since `begin`. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** A new channel, of this shape, is about to bring snapshots. Until then the rows stay. */
  begin(shape: Shape): void {
    this.#shape = shape;
    this.#outdated = true;
  }

  /** Applies a frame. `'gap'`: it does not follow what came before, ask for a snapshot. null: it says nothing new. */
  apply(frame: Frame): Change | 'gap' | null {
    const known = this.#outdated ? undefined : this.#replicas.get(frame.source);
    if (frame.kind === 'delta') {
      // Before the first snapshot there is nothing that a delta could follow, and one is on its way.
      if (this.#outdated || (known !== undefined && frame.seq <= known.seq)) return null;
      const change = known?.apply(frame) ?? null;
      return change === null ? 'gap' : this.#merge(frame.source, known as Replica, change, frame.t);
    }
    const all = this.#outdated;
    if (all) this.#replicas = new Map();
    this.#outdated = false;
    const replica = known ?? new Replica(this.#shape.columns);
    this.#replicas.set(frame.source, replica);
    const change = this.#merge(frame.source, replica, replica.apply(frame) as ReplicaChange, frame.t);
    if (all) this.#keepOnly(replica, change);
    else if (known === undefined) this.#forgetEarlierBoots(frame.source, change);
    return change;
  }

  /** Forgets a source's rows; null where there was none. */
  forget(source: string): Change | null {
    const replica = this.#replicas.get(source);
    if (replica === undefined || this.#outdated) return null;
    const change = { reset: false, added: [], removed: [], changed: new Set<string>(), t: replica.t };
    this.#forget(source, replica, change);
    return change;
  }

  #forget(source: string, replica: Replica, change: Draft): void {
    this.#replicas.delete(source);
    for (const key of replica.rows.keys()) this.#hide(key, source, change);
  }

  /** A hub that comes back under its name with a new boot has nothing to say of the one before. */
  #forgetEarlierBoots(source: string, change: Draft): void {
    const hub = source.slice(0, source.lastIndexOf('@') + 1);
    for (const [other, replica] of this.#replicas) {
      if (hub !== '' && other !== source && other.startsWith(hub)) this.#forget(other, replica, change);
    }
  }

  #keepOnly(replica: Replica, change: Draft): void {
    for (const key of this.rows.keys()) {
      if (replica.rows.has(key)) continue;
      this.rows.delete(key);
      change.removed.push(key);
    }
  }

  #merge(source: string, replica: Replica, change: ReplicaChange, t: number): Draft {
    const draft: Draft = { reset: change.reset, added: [], removed: [], changed: new Set(change.changed), t };
    for (const key of change.added) {
      if (this.#show(key, source, replica.rows.get(key) as ReplicaRow)) draft.added.push(key);
      else draft.changed.add(key);
    }
    for (const key of change.removed) if (!replica.rows.has(key)) this.#hide(key, source, draft);
    return draft;
  }

  /**
   * Takes away a row of `source`, unless the key's row is another's by now; another that has the key too takes over.
   */
  #hide(key: string, source: string, change: Draft): void {
    if (this.rows.get(key)?.source !== source) return;
    if (this.#showFromAnother(key, source)) change.changed.add(key);
    else {
      this.rows.delete(key);
      change.removed.push(key);
    }
  }

  /** Whether the key is new. A row that was there is bound anew, so that whoever holds it reads on. */
  #show(key: string, source: string, data: ReplicaRow): boolean {
    const row = this.rows.get(key);
    if (row === undefined) this.rows.set(key, new Row(source, data, this.#shape));
    else row.bind(source, data, this.#shape);
    return row === undefined;
  }

  #showFromAnother(key: string, not: string): boolean {
    for (const [source, replica] of this.#replicas) {
      const data = source === not ? undefined : replica.rows.get(key);
      if (data === undefined) continue;
      this.#show(key, source, data);
      return true;
    }
    return false;
  }
}

class Row implements LiveRow {
  readonly key: string;
  #source: string;
  #data: ReplicaRow;
  #shape: Shape;

  constructor(source: string, data: ReplicaRow, shape: Shape) {
    this.key = data.key;
    this.#source = source;
    this.#data = data;
    this.#shape = shape;
  }

  get source(): string {
    return this.#source;
  }

  bind(source: string, data: ReplicaRow, shape: Shape): void {
    this.#source = source;
    this.#data = data;
    this.#shape = shape;
  }

  attribute(name: string): string {
    return this.#data.attributes[this.#shape.attributes.indexOf(name)] ?? '';
  }

  get(column: string): number | null {
    const id = this.#shape.columnIds.get(column);
    return id === undefined ? null : this.#data.value(id);
  }
}
