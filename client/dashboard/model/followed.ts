import type { Feed, Row, Rows, Subscription } from './feed.js';
import { NO_ROWS } from './feed.js';

/** A listener that lost its connection tries again for this long before it is given up. */
const RETURN_MS = 30_000;

/** The selected listener, wherever it stands in its table, and over its reconnects as far as it has a name. */
export class Followed {
  readonly #feed: Feed;
  readonly #moved: (t: number) => void;
  #subscription: Subscription | null = null;
  #stream = '';
  #columns: readonly string[] = [];
  #connection: string | null = null;
  /** Its name; '' where it has none, or none is known yet. */
  #client = '';
  #seenAt = 0;
  /** A connection that was closed when it was selected stays selected. */
  #wasOpen = false;

  /** `moved` is called at each frame with the hub's clock: ask `current` then. */
  constructor(feed: Feed, moved: (t: number) => void) {
    this.#feed = feed;
    this.#moved = moved;
  }

  get rows(): Rows {
    return this.#subscription?.rows ?? NO_ROWS;
  }

  get row(): Row | undefined {
    return this.#connection === null ? undefined : this.rows.get(this.#connection);
  }

  /** Follows `connection` of `stream`; null: nobody. */
  follow(stream: string | null, connection: string | null, columns: readonly string[]): void {
    if (connection === this.#connection && stream === this.#stream) return;
    const isSame = connection !== null && stream === this.#stream && this.rows.has(connection);
    this.#connection = connection;
    this.#stream = stream ?? '';
    this.#columns = columns;
    this.#wasOpen = false;
    this.#seenAt = performance.now();
    // The same listener on another connection is here already.
    if (isSame) return;
    this.#client = '';
    this.#watch(connection === null ? null : ['id', connection]);
  }

  /**
   * The connection to go on with, at hub's `closed` as a value of `state`: the same one, a later one of its client,
   * or null.
   */
  current(closed: number): string | null {
    const key = this.#connection;
    if (key === null || this.#subscription?.ready !== true) return key;
    const row = this.rows.get(key);
    const now = performance.now();
    if (row !== undefined) {
      this.#seenAt = now;
      this.#learnName(row);
      if (row.get('state') !== closed) {
        this.#wasOpen = true;
        return key;
      }
      if (!this.#wasOpen) return key;
    }
    for (const other of this.rows.values()) if (other.get('state') !== closed) return other.key;
    // After a restart of the hub its listeners come back over some seconds, and this page may be the first.
    const isAwaited = this.#client !== '' && now - this.#seenAt < RETURN_MS;
    return row !== undefined || isAwaited ? key : null;
  }

  #learnName(row: Row): void {
    const client = row.attribute('client');
    if (client === '' || client === this.#client) return;
    this.#client = client;
    this.#watch(['client', client]);
  }

  #watch(by: readonly [name: string, value: string] | null): void {
    this.#subscription?.unsubscribe();
    this.#subscription = null;
    if (by === null) return;
    const view = { where: [[by[0], '=', by[1]] as const] };
    const options = { intervalMs: 250 as const, columns: this.#columns, view };
    this.#subscription = this.#feed.subscribe(`connections/${this.#stream}`, options, ({ t }) => this.#moved(t));
  }
}
