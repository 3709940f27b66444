import { type CatalogueEntry, type Frame, Replica, type ReplicaRow, type View } from '@auralis/shared';

/** A RESYNC that has brought nothing for this long, while deltas go on, was lost: ask once more. */
const RESYNC_AGAIN_MS = 5_000;

/** What is asked of the hub; see SUBSCRIBE in PROTOCOL.md. */
export interface Wish {
  readonly topic: string;
  readonly intervalMs: number;
  /** All of the table's without. */
  readonly columns?: readonly string[];
  readonly view?: View;
}

/** A row as plain data. `values`: by name of column, in its unit; null where missing. */
export interface ViewRow {
  readonly key: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number | null>>;
}

/**
 * What happened to a view's rows. `reset`: anything may have changed; otherwise these keys did. `t`: hub's clock, ms.
 */
export interface ViewChange {
  readonly reset: boolean;
  readonly touched: readonly string[];
  readonly t: number;
}

/** One wish, over all connections: its rows, rebuilt from frames. `sub` is its number on the wire. */
export class LiveView {
  readonly sub: number;
  readonly wish: Wish;
  /** The hub's number for it on this connection; null before SUBSCRIBED. */
  channel: number | null = null;
  /** A snapshot has come on this connection; otherwise the rows are those of the last one. */
  isCurrent = false;
  /** The hub's refusal. */
  error: string | null = null;
  /** The hub skips frames because this side reads slowly. */
  isBehind = false;
  /** When the last frame came, by `performance.now()`. */
  frameAt = 0;
  columns: readonly CatalogueEntry[] = [];

  #attributes: readonly string[] = [];
  /** By source; those of the last connection until the first snapshot of this one. */
  #replicas = new Map<string, Replica>();
  readonly #resyncAt = new Map<string, number>();

  constructor(sub: number, wish: Wish) {
    this.sub = sub;
    this.wish = wish;
  }

  /** Rows that match, over all hubs, before the view's offset and limit. */
  get total(): number {
    let total = 0;
    for (const replica of this.#replicas.values()) total += replica.total;
    return total;
  }

  /** All rows, as they are now, in no order. */
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

  /** The connection is gone, and the channel with it; the rows stay. */
  lost(): void {
    this.channel = null;
    this.isCurrent = false;
    this.isBehind = false;
    this.#resyncAt.clear();
  }

  /** Applies a frame; null where it fits to nothing. `resync` is called where a snapshot is needed. */
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
    // Two views of the same rows share a channel, and each frame comes twice.
    if (frame.kind === 'delta' && replica.seq >= frame.seq) return null;
    const change = replica.apply(frame);
    if (change === null) {
      this.#askFor(frame.source, resync);
      return null;
    }
    const touched = change.reset ? [] : [...change.removed, ...change.added, ...change.changed];
    return { reset: change.reset, touched, t: frame.t };
  }

  /** Forgets a hub that has left. */
  gone(source: string, t: number): ViewChange {
    this.#replicas.delete(source);
    return { reset: true, touched: [], t };
  }

  /** Every delta until the snapshot is a gap too: ask once. */
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
