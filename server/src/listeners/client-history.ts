import { CONNECTION, type Tables } from '../state/tables.js';

const NO_SLOT = -1;

/** Rows of one client (`?client=`), by slot. */
interface Rows {
  /** How many there are. */
  count: number;
  /** The connection that opened last, or NO_SLOT once its row has gone. */
  last: number;
  /** Closed ones that no other has gone on from, the last closed at the end. */
  readonly closed: number[];
}

/**
 * The connections of each client of a stream, while they have rows. A client that comes back goes on from the
 * connection that it lost. A name may be in use twice, as after a tab was duplicated, so no connection ends because
 * of another.
 */
export class ClientHistory {
  readonly #table: Tables['connections'];
  readonly #clients = new Map<string, Rows>();

  constructor(table: Tables['connections']) {
    this.#table = table;
  }

  /**
   * A connection of the client has opened. Return the slot of the one that it goes on from, or null. Without a name
   * nobody knows how often it came back.
   */
  opened(client: string, slot: number): number | null {
    if (client === '') return null;
    this.#table.set(slot, CONNECTION.reconnects, 0);
    this.#table.set(slot, CONNECTION.reconnect_gap_ms, 0);
    this.#table.set(slot, CONNECTION.client_since, this.#table.get(slot, CONNECTION.connected_at));
    const rows = this.#clients.get(client) ?? { count: 0, last: NO_SLOT, closed: [] };
    this.#clients.set(client, rows);
    rows.count++;
    rows.last = slot;
    const before = rows.closed.pop() ?? null;
    if (before !== null) this.#continue(before, slot);
    return before;
  }

  /**
   * A connection of the client has closed. `wasLost`: without a goodbye, with its last sign of life at `lastSignAt`.
   * The client may have noticed the loss long before the hub, and may have come back meanwhile. Return the slot of
   * the connection that it came back on, or null.
   */
  closed(client: string, slot: number, wasLost: boolean, lastSignAt: number): number | null {
    this.#table.set(slot, CONNECTION.replaced, 0);
    const rows = this.#clients.get(client);
    if (rows === undefined) return null;
    if (wasLost && this.#hasComeBack(rows.last, slot, lastSignAt)) {
      this.#continue(slot, rows.last);
      return rows.last;
    }
    rows.closed.push(slot);
    return null;
  }

  /** Forget a closed row. */
  forget(client: string, slot: number): void {
    const rows = this.#clients.get(client);
    if (rows === undefined) return;
    const at = rows.closed.indexOf(slot);
    if (at >= 0) rows.closed.splice(at, 1);
    if (rows.last === slot) rows.last = NO_SLOT;
    if (--rows.count === 0) this.#clients.delete(client);
  }

  /** Whether the connection in `last` opened after the one in `slot` was lost, and goes on from no other. */
  #hasComeBack(last: number, slot: number, lastSignAt: number): boolean {
    const table = this.#table;
    if (last === slot || last === NO_SLOT) return false;
    // The row has whole seconds.
    const openedLater = table.get(last, CONNECTION.connected_at) >= Math.round(table.epochS(lastSignAt));
    return openedLater && table.get(last, CONNECTION.reconnects) === 0;
  }

  #continue(from: number, to: number): void {
    const table = this.#table;
    table.set(to, CONNECTION.reconnects, table.get(from, CONNECTION.reconnects) + 1);
    table.set(to, CONNECTION.client_since, table.get(from, CONNECTION.client_since));
    table.set(from, CONNECTION.replaced, 1);
  }
}
