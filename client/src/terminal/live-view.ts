import { type CatalogueEntry, type Frame, Replica, type ReplicaRow, type View } from '@auralis/shared';

/** A RESYNC without an answer for this long, while deltas go on, was lost. The view asks once more. */
const RESYNC_AGAIN_MS = 5_000;

/** The request to the hub. See SUBSCRIBE in PROTOCOL.md. */
export interface Wish {
  readonly topic: string;
  readonly intervalMs: number;
  /** Leave it out for all columns of the table. */
  readonly columns?: readonly string[];
  readonly view?: View;
}

/** A row as plain data. `values` holds readings by column name, in the column's unit. A missing reading is null. */
export interface ViewRow {
  readonly key: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number | null>>;
}

/**
 * A change of a view's rows. With `reset` any row may have changed, and otherwise only the given keys. `t` is in ms,
 * by the hub's clock.
 */
export interface ViewChange {
  readonly reset: boolean;
  readonly touched: readonly string[];
  readonly t: number;
}

/** One subscription over all connections, with the rows that its frames gave. `sub` is its number in messages. */
export class LiveView {
  readonly sub: number;
  readonly wish: Wish;
  /** The channel that the hub gave it on this connection. Null before SUBSCRIBED. */
  channel: number | null = null;
  /** True after the first snapshot on this connection. Until then the rows are those of the last connection. */
  isCurrent = false;
  /** The refusal that the hub sent. */
  error: string | null = null;
  /** The hub skips frames because this side reads slowly. */
  isBehind = false;
  /** The time of the last frame, by `performance.now()`. */
  frameAt = 0;
  columns: readonly CatalogueEntry[] = [];

  #attributes: readonly string[] = [];
  /** Rows by source. Until the first snapshot of this connection they are those of the last one. */
  #replicas = new Map<string, Replica>();
  readonly #resyncAt = new Map<string, number>();

  constructor(sub: number, wish: Wish) {
    this.sub = sub;
    this.wish = wish;
  }

  /** The number of matching rows over all hubs, before the view's offset and limit. */
  get total(): number {
    let total = 0;
    for (const replica of this.#replicas.values()) total += replica.total;
    return total;
  }

  /** All present rows, in no order. */
  rows(): ViewRow[] {
    return [...this.#replicas.values()].flatMap((replica) => [...replica.rows.values()].map((row) => this.#plain(row)));
  }

  row(key: string): ViewRow | null {
    for (const replica of this.#replicas.values()) {
      const row = replica.rows.get(key);
      if (row !== undefined) return this.#plain(row);
    }
    return null;
  }

  subscribed(channel: number, columns: readonly CatalogueEntry[], attributes: readonly string[]): void {
    this.channel = channel;
    this.error = null;
    this.columns = columns;
    this.#attributes = attributes;
  }

  refused(message: string): void {
    this.error = message;
  }

  /** The connection is gone, and its channel too. The rows stay. */
  lost(): void {
    this.channel = null;
    this.isCurrent = false;
    this.isBehind = false;
    this.#resyncAt.clear();
  }

  /** Applies a frame. Returns null when the frame fits nothing. `resync` is called when a snapshot is needed. */
  frame(frame: Frame, resync: (source: string) => void): ViewChange | null {
    this.frameAt = performance.now();
    if (frame.kind === 'snapshot') {
      if (!this.isCurrent) this.#replicas.clear();
      this.isCurrent = true;
      this.isBehind = false;
      this.#resyncAt.delete(frame.source);
    }
    if (!this.isCurrent) return null;
    const replica = this.#replicas.get(frame.source) ?? new Replica(this.columns);
    this.#replicas.set(frame.source, replica);
    // Two views of the same rows share a channel, so each frame arrives twice.
    if (frame.kind === 'delta' && replica.seq >= frame.seq) return null;
    const change = replica.apply(frame);
    if (change === null) {
      this.#askFor(frame.source, resync);
      return null;
    }
    const touched = change.reset ? [] : [...change.removed, ...change.added, ...change.changed];
    return { reset: change.reset, touched, t: frame.t };
  }

  /** Removes the rows of a hub that left. */
  gone(source: string, t: number): ViewChange {
    this.#replicas.delete(source);
    return { reset: true, touched: [], t };
  }

  /** Every delta before the snapshot is a gap too, so the view asks once. */
  #askFor(source: string, resync: (source: string) => void): void {
    const now = performance.now();
    if (now - (this.#resyncAt.get(source) ?? Number.NEGATIVE_INFINITY) < RESYNC_AGAIN_MS) return;
    this.#resyncAt.set(source, now);
    resync(source);
  }

  #plain(row: ReplicaRow): ViewRow {
    return {
      key: row.key,
      attributes: Object.fromEntries(this.#attributes.map((name, at) => [name, row.attributes[at] ?? ''])),
      values: Object.fromEntries(this.columns.map(({ name, id }) => [name, row.value(id)])),
    };
  }
}
