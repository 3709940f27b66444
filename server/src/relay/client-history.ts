import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';

/**
 * Which connection of each client (`?client=`) of a stream was its last, as long as that has a row: one that comes back goes
 * on from it. A name may be in use twice, as when a tab is duplicated; so no connection ends because of another.
 */
export class ClientHistory {
  readonly #table: Tables['connections'];
  readonly #lastSlots = new Map<string, number>();

  constructor(table: Tables['connections']) {
    this.#table = table;
  }

  /** A connection of the client has opened. One without a name is nobody's: how often it came back is not known. */
  opened(client: string, slot: number): void {
    if (client === '') return;
    this.#table.set(slot, CONNECTION.reconnects, 0);
    this.#table.set(slot, CONNECTION.client_since, this.#table.get(slot, CONNECTION.connected_at));
    const before = this.#lastSlots.get(client);
    this.#lastSlots.set(client, slot);
    if (before !== undefined && this.#table.get(before, CONNECTION.state) === CONNECTION_STATE.closed) {
      this.#continue(before, slot);
    }
  }

  /**
   * A connection of the client has closed. `wasLost`: it did not say goodbye, and its last sign of life was at `lastSignAt`. A
   * hub may notice a loss long after the client has: who opened another connection after that had come back on it.
   */
  closed(client: string, slot: number, wasLost: boolean, lastSignAt: number): void {
    this.#table.set(slot, CONNECTION.replaced, 0);
    const last = this.#lastSlots.get(client);
    if (last === undefined || last === slot || !wasLost) return;
    // The row has whole seconds.
    if (this.#table.get(last, CONNECTION.connected_at) >= Math.round(lastSignAt / 1000)) this.#continue(slot, last);
  }

  /** The row has gone. */
  forget(client: string, slot: number): void {
    if (this.#lastSlots.get(client) === slot) this.#lastSlots.delete(client);
  }

  #continue(from: number, to: number): void {
    const table = this.#table;
    table.set(to, CONNECTION.reconnects, table.get(from, CONNECTION.reconnects) + 1);
    table.set(to, CONNECTION.client_since, table.get(from, CONNECTION.client_since));
    table.set(from, CONNECTION.replaced, 1);
  }
}
