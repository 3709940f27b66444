import type { CatalogueEntry, View } from '@auralis/shared/messages';
import type { Runtime, SocketConstructor } from '../runtime.js';
import type { Token } from '../token.js';

/**
 * State of a client.
 * - `connecting`: before the first WELCOME.
 * - `live`: frames come.
 * - `behind`: this client reads too slowly, and the hub skips frames until it has caught up.
 * - `reconnecting`: rows are the last known.
 * - `closed`: for good, see `LiveClient.closeCode`.
 */
export type LiveState = 'connecting' | 'live' | 'behind' | 'reconnecting' | 'closed';

/** How a connection ended, or a try to make one. */
export interface Loss {
  /** WebSocket close code; 0 where the URL is none. */
  readonly code: number;
  /** The hub's words when it closed, or else why this client gave up. '' if nobody knows. */
  readonly reason: string;
}

export interface LiveClientOptions {
  /** Constructor to use instead of the global one; needed before Node 22. */
  readonly WebSocket?: SocketConstructor;
  /** Subprotocol; `msgpack` unless told otherwise. */
  readonly form?: 'msgpack' | 'json';
  /** For a hub that asks for one, with role viewer. Sent as a subprotocol, never in the URL. */
  readonly token?: Token;
  /** Time, timers and dice for tests. */
  readonly runtime?: Runtime;
}

export interface SubscriptionOptions {
  /** 100, 250, 1000 or 5000. 1000 unless told otherwise. */
  readonly intervalMs?: number;
  /** Names of the columns wanted; all of the table's without. */
  readonly columns?: readonly string[];
  /**
   * Rows to choose: `limit` and `sort` pick a window of the table. The rows of the window come in no particular
   * order.
   */
  readonly view?: View;
}

/**
 * Changes of a subscription's rows by a frame. The lists are net: a key is in one of them at most, with `reset` too.
 */
export interface Change {
  /** The rows were replaced (first snapshot, after a reconnect, after a gap): values may have jumped. */
  readonly reset: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: ReadonlySet<string>;
  /** Hub's clock at the frame, ms since 1970. */
  readonly t: number;
}

export type OnChange = (change: Change) => void;

/** A row as it is now: reads through to the newest frame. Keep the key, not the row, over a removal. */
export interface LiveRow {
  readonly key: string;
  /** The hub that the row comes from, with its boot: `id@epoch`. */
  readonly source: string;
  /** Text of the attribute, '' where there is none of that name. */
  attribute(name: string): string;
  /** Reading in the column's unit; null where missing, or where the channel has no such column. */
  get(column: string): number | null;
}

/** The hub's notice that it skips frames for this client. */
export interface Behind {
  /** Frames skipped so far. */
  readonly skipped: number;
  /** Age of what this client was last sent, ms. */
  readonly behindMs: number;
}

export interface SubscriptionError {
  readonly code: string;
  readonly message: string;
}

export interface Subscription {
  readonly topic: string;
  /**
   * The rows by key. The map stays the same object for the subscription's life. Rows of the last connection stay until
   * new ones come.
   */
  readonly rows: ReadonlyMap<string, LiveRow>;
  /** Rows that match, before the view's `offset` and `limit`. */
  readonly total: number;
  /** A snapshot has come on this connection. */
  readonly ready: boolean;
  /** Columns that the channel carries, in its order; empty before SUBSCRIBED. */
  readonly columns: readonly CatalogueEntry[];
  readonly attributes: readonly string[];
  /** The hub's refusal; `onChange` is called with an empty change when it comes. */
  readonly error: SubscriptionError | null;
  /**
   * The hub's last notice that it skips frames, until the next snapshot. `onChange` is called with an empty change for
   * each.
   */
  readonly behind: Behind | null;
  unsubscribe(): void;
  /** Asks for a new snapshot of every source. */
  resync(): void;
}
