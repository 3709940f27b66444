import { CLOSED_ROW_MS, STALLED_MS } from '@auralis/shared';
import { Refusal } from '../check/refusal.js';
import type { ChunksElsewhere } from '../state/chunks-elsewhere.js';
import type { HubCounters } from '../state/counters.js';
import type { Tables } from '../state/tables.js';
import type { Relay } from './relay.js';
import {
  type ClientReport,
  ConnectionCounters,
  type ConnectionMetrics,
  ReportedConnection,
} from './reported-connection.js';
import type { Stream } from './stream.js';

/** Names a connection: within its stream, so that it is never taken for one of another stream or of the hub's own. */
export interface ConnectionName {
  readonly stream: string;
  readonly connection: string;
}

/** What is known of who is connected. */
export interface ConnectionAttributes {
  readonly client: string;
  readonly address: string;
}

/** A connection that is open, and its stream. */
export interface Placed {
  readonly stream: Stream;
  readonly connection: ReportedConnection;
}

/**
 * Stands between stream and connection in a row's key. No name of a stream and no id of the hub's own has either character,
 * and whoever may speak for one kind of connections cannot touch the other.
 */
export type KeyMark = ':' | '~';

/**
 * Connections that others serve and report, of one kind: as many as `maxClients`, beside as many of every other kind, so
 * that none takes the places of another.
 */
export class ReportedConnections {
  readonly #relay: Relay;
  readonly #tables: Tables;
  readonly #counters: HubCounters;
  readonly #elsewhere: ChunksElsewhere;
  readonly #mark: KeyMark;
  readonly #open = new Map<string, Placed>();
  #heardAllAt = Number.NEGATIVE_INFINITY;
  /** Rows of closed ones, the oldest first, and when they go. */
  readonly #closed = new Map<string, { readonly slot: number; readonly goesAt: number }>();
  /** What closed ones had counted: one that is heard of again, after a broken network say, is not counted twice. */
  readonly #counted = new Map<string, ConnectionCounters>();

  constructor(relay: Relay, tables: Tables, counters: HubCounters, elsewhere: ChunksElsewhere, mark: KeyMark) {
    this.#relay = relay;
    this.#tables = tables;
    this.#counters = counters;
    this.#elsewhere = elsewhere;
    this.#mark = mark;
  }

  get(name: ConnectionName): Placed | null {
    return this.#open.get(this.#keyOf(name)) ?? null;
  }

  /**
   * Opens one that is not open. `since`: it opens just now, or was open before anybody told of it. `staleAfterMs`: without a
   * report for so long it is stale.
   * @throws Refusal
   */
  open(
    name: ConnectionName,
    who: ConnectionAttributes,
    since: 'now' | 'before',
    staleAfterMs: number,
    now: number,
  ): Placed {
    const { maxClients } = this.#relay.options;
    if (this.#open.size >= maxClients) {
      this.#counters.add('refused_at_capacity');
      throw new Refusal('too_many_connections', `all ${maxClients} places are taken (--max-clients)`);
    }
    const stream = this.#relay.streamToListenTo(name.stream, now);
    if (stream === null) throw new Refusal('too_many_streams', 'the hub has too many streams');
    const key = this.#keyOf(name);
    // One that comes back takes the place of its closed row.
    this.#forgetClosed(key);
    const { connections } = this.#tables;
    const slot = connections.open(key, [stream.name, who.client, who.address, '']);
    const counters = since === 'now' ? null : (this.#counted.get(key) ?? new ConnectionCounters());
    this.#counted.delete(key);
    const connection = new ReportedConnection(connections, slot, this.#relay.ledger, staleAfterMs, counters, now);
    const placed = { stream, connection };
    this.#open.set(key, placed);
    this.#relay.joinReported(stream, connection);
    return placed;
  }

  describe({ stream, connection }: Placed, who: ConnectionAttributes): void {
    this.#tables.connections.setAttributes(connection.slot, [stream.name, who.client, who.address, '']);
  }

  report(placed: Placed, metrics: ConnectionMetrics | null, client: ClientReport | null, now: number): void {
    const { stream, connection } = placed;
    const { sent, dropped, droppedNow } = connection.report(metrics, client, now);
    this.#counters.addReport();
    if (client?.isLatencyImpossible) this.#counters.add('latency_impossible');
    stream.heard(connection);
    stream.noteReported(sent, dropped, droppedNow, now);
    this.#elsewhere.addByConnection(stream.name, sent, dropped);
  }

  /** Closes one that is open; its row stays for a while, with the reason. */
  close(name: ConnectionName, reason: string, now: number): void {
    const key = this.#keyOf(name);
    const placed = this.#open.get(key);
    if (placed === undefined) {
      throw new Refusal('unknown_connection', `connection ${JSON.stringify(name.connection)} is not open`);
    }
    this.#close(key, placed, reason, now);
  }

  /** Take everybody's last sign of life to be of now. */
  heardAll(now: number): void {
    this.#heardAllAt = now;
  }

  /** Once a second: closes those that nobody reports any more, and lets closed rows go. */
  expire(now: number): void {
    for (const [key, placed] of this.#open) {
      if (now - Math.max(placed.connection.lastReportAt, this.#heardAllAt) <= STALLED_MS) continue;
      this.#counters.add('stalled_closed');
      this.#close(key, placed, 'no report', now);
    }
    for (const [key, { goesAt }] of this.#closed) {
      if (goesAt > now) break;
      this.#forgetClosed(key);
    }
  }

  #keyOf({ stream, connection }: ConnectionName): string {
    return stream + this.#mark + connection;
  }

  #close(key: string, { stream, connection }: Placed, reason: string, now: number): void {
    this.#open.delete(key);
    connection.close(Number.NaN, reason, now);
    this.#relay.leaveReported(stream, connection, now);
    this.#closed.set(key, { slot: connection.slot, goesAt: now + CLOSED_ROW_MS });
    this.#counted.set(key, connection.counters);
    // Who opens and closes without end gets no more room than who keeps them open.
    const { maxClients } = this.#relay.options;
    const [oldest] = this.#closed.keys();
    if (this.#closed.size > maxClients && oldest !== undefined) this.#forgetClosed(oldest);
    const [oldestCounted] = this.#counted.keys();
    if (this.#counted.size > maxClients && oldestCounted !== undefined) this.#counted.delete(oldestCounted);
  }

  #forgetClosed(key: string): void {
    const closed = this.#closed.get(key);
    if (closed === undefined) return;
    this.#closed.delete(key);
    this.#tables.connections.close(closed.slot);
  }
}
