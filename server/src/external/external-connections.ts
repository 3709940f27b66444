import { STALLED_MS } from '@auralis/shared';
import { noPlaceForStream, Refusal } from '../check/refusal.js';
import { type Holders, Places } from '../limits/places.js';
import { ClosedRows } from '../listeners/closed-rows.js';
import {
  type ClientReport,
  ConnectionCounters,
  type ConnectionMetrics,
  ExternalConnection,
} from '../listeners/external-connection.js';
import type { Relay } from '../relay/relay.js';
import type { Stream } from '../relay/stream.js';
import type { HubCounters } from '../state/counters.js';
import type { ExternalChunks } from '../state/external-chunks.js';
import type { PLAYER_MARK, Tables } from '../state/tables.js';

/** Names a connection within its stream, so that it is never taken for one of another stream or of the hub's own. */
export interface ConnectionName {
  readonly stream: string;
  readonly connection: string;
}

export interface ConnectionAttributes {
  readonly client: string;
  readonly address: string;
}

/** An open connection, its stream, and the holders of its place: those who reported it first. */
export interface Placed {
  readonly stream: Stream;
  readonly connection: ExternalConnection;
  readonly holders: Holders;
}

/**
 * Stands between stream and connection in a row's key. No stream's name and no id of the hub has either character,
 * and a server that may report one kind of connections cannot touch the other.
 */
export type KeyMark = ':' | typeof PLAYER_MARK;

/**
 * External connections of one kind: up to `maxClients`, beside as many of every other kind, so that none takes the
 * places of another.
 */
export class ExternalConnections {
  readonly #relay: Relay;
  readonly #tables: Tables;
  readonly #counters: HubCounters;
  readonly #elsewhere: ExternalChunks;
  readonly #mark: KeyMark;
  readonly #open = new Map<string, Placed>();
  #heardAllAt = Number.NEGATIVE_INFINITY;
  readonly #places: Places;
  readonly #closed: ClosedRows;
  /**
   * Counters of closed connections, so that one that is reported again after a broken network is not counted twice.
   */
  readonly #counted = new Map<string, ConnectionCounters>();

  constructor(relay: Relay, tables: Tables, counters: HubCounters, elsewhere: ExternalChunks, mark: KeyMark) {
    this.#relay = relay;
    this.#tables = tables;
    this.#counters = counters;
    this.#elsewhere = elsewhere;
    this.#mark = mark;
    const { maxClients: most, maxSharePercent: sharePercent } = relay.options;
    this.#places = new Places({ most, sharePercent });
    // Opening and closing must give no more room than keeping connections open.
    this.#closed = new ClosedRows(most, (slot) => tables.connections.close(slot));
  }

  get(name: ConnectionName): Placed | null {
    return this.#open.get(this.#keyOf(name)) ?? null;
  }

  /**
   * Open a connection. `holders`: who reports it. `since`: whether it opens just now, or was open before.
   * `staleAfterMs`: without a report for this long it is stale.
   * @throws Refusal
   */
  open(
    name: ConnectionName,
    who: ConnectionAttributes,
    holders: Holders,
    since: 'now' | 'before',
    staleAfterMs: number,
    now: number,
  ): Placed {
    this.#assertPlace(holders);
    const stream = this.#relay.streamToListenTo(name.stream, now, holders);
    if (typeof stream === 'string') throw noPlaceForStream(stream);
    const key = this.#keyOf(name);
    const { connections } = this.#tables;
    // A connection that comes back takes the place of its closed row.
    const closed = connections.slotOf(key);
    if (closed !== undefined) this.#closed.forget(closed);
    const slot = connections.open(key, [stream.name, who.client, who.address, '']);
    const counters = since === 'now' ? null : (this.#counted.get(key) ?? new ConnectionCounters());
    this.#counted.delete(key);
    const connection = new ExternalConnection(connections, slot, staleAfterMs, counters, now);
    const placed = { stream, connection, holders };
    this.#open.set(key, placed);
    this.#places.take(holders);
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
    if (connection.isImpossible) this.#counters.add('figures_impossible');
    stream.bookReportedGap(connection);
    stream.noteReported(sent, dropped, droppedNow, now);
    this.#elsewhere.addByConnection(stream.name, sent, dropped);
  }

  /** Close a connection. Its row stays for a while, with the reason. */
  close(name: ConnectionName, reason: string, now: number): void {
    const key = this.#keyOf(name);
    const placed = this.#open.get(key);
    if (placed === undefined) {
      throw new Refusal('unknown_connection', `connection ${JSON.stringify(name.connection)} is not open`);
    }
    this.#close(key, placed, reason, now);
  }

  /** Set the last sign of life of all connections to now. */
  heardAll(now: number): void {
    this.#heardAllAt = now;
  }

  /** Close connections that are not reported any more, and forget closed rows. Call once a second. */
  expire(now: number): void {
    for (const [key, placed] of this.#open) {
      if (now - Math.max(placed.connection.lastReportAt, this.#heardAllAt) <= STALLED_MS) continue;
      this.#counters.add('stalled_closed');
      this.#close(key, placed, 'no report', now);
    }
    this.#closed.expire(now);
  }

  /** @throws Refusal */
  #assertPlace(holders: Holders): void {
    const refusal = this.#places.refusal(holders);
    if (refusal === null) return;
    const { most, share } = this.#places;
    this.#counters.add(refusal === 'share' ? 'refused_over_share' : 'refused_at_capacity');
    if (refusal === 'full') throw new Refusal('too_many_connections', `all ${most} places are taken (--max-clients)`);
    throw new Refusal('over_share', `this address or token holds ${share} of ${most} places (--max-share-percent)`);
  }

  #keyOf({ stream, connection }: ConnectionName): string {
    return stream + this.#mark + connection;
  }

  #close(key: string, { stream, connection, holders }: Placed, reason: string, now: number): void {
    this.#open.delete(key);
    this.#places.release(holders);
    connection.close(Number.NaN, reason, now);
    this.#relay.leaveReported(stream, connection, now);
    if (this.#closed.add(holders[0], connection.slot, now)) this.#counters.add('closed_rows_dropped');
    this.#counted.set(key, connection.counters);
    const [oldestCounted] = this.#counted.keys();
    if (this.#counted.size > this.#places.most && oldestCounted !== undefined) this.#counted.delete(oldestCounted);
  }
}
