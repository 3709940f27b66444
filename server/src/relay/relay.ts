import { randomBytes } from 'node:crypto';
import { CLOSE, CLOSED_ROW_MS, MAX_STREAMS } from '@auralis/shared';
import type { HubCounters } from '../state/counters.js';
import { CONNECTION, CONNECTION_ATTRIBUTE, roomForListeners, STREAM, type Tables } from '../state/tables.js';
import type { Peer } from '../transport/transport.js';
import { Ledger } from './ledger.js';
import { Listener, type ListenerLimits } from './listener.js';
import { ReportPace } from './report-pace.js';
import type { ReportedConnection } from './reported-connection.js';
import { Stream } from './stream.js';

/** A stream that nobody uses goes after this long. */
const IDLE_STREAM_MS = 60_000;
/** New names that only listeners ask for leave this much room: listeners come from any page, an engine must find a place. */
const STREAMS_FOR_ENGINES = MAX_STREAMS / 10;

export interface RelayOptions extends ListenerLimits {
  readonly maxClients: number;
}

/** All streams and their listeners: who is here, and the rows of `streams` and `connections` that say so. */
export class Relay {
  readonly options: RelayOptions;
  readonly streams = new Map<string, Stream>();
  readonly pace: ReportPace;
  /** A line for each slot of `connections`. */
  readonly ledger: Ledger;
  /** Listeners connected now, over all streams. */
  listeners = 0;

  readonly #tables: Tables;
  readonly #counters: HubCounters;
  /** Rows of closed connections with the time at which they go, in that order. */
  readonly #closed: { readonly slot: number; readonly goesAt: number }[] = [];

  constructor(tables: Tables, counters: HubCounters, options: RelayOptions) {
    this.#tables = tables;
    this.#counters = counters;
    this.options = options;
    this.ledger = new Ledger(roomForListeners(options.maxClients));
    this.pace = new ReportPace(options.reportIntervalMs);
  }

  /** The stream that a listener asks for, made if need be; null where there are too many. */
  streamToListenTo(name: string, now: number): Stream | null {
    return this.stream(name, now, MAX_STREAMS - STREAMS_FOR_ENGINES);
  }

  /** The stream of this name, made if need be; null where there are `most`. */
  stream(name: string, now: number, most = MAX_STREAMS): Stream | null {
    const known = this.streams.get(name);
    if (known !== undefined) return known;
    if (this.streams.size >= most && !this.#makeRoom()) return null;
    const stream = new Stream(name, this.#tables, this.#counters, now);
    this.streams.set(name, stream);
    return stream;
  }

  /** Makes the stream if need be, and lets its idle time begin anew; false where there are too many. */
  keep(name: string, now: number): boolean {
    const stream = this.stream(name, now);
    if (stream === null) return false;
    stream.hadEngine = true;
    if (stream.idleSince !== null) stream.idleSince = now;
    return true;
  }

  /** A listener has connected: it gets a row. */
  join(stream: Stream, peer: Peer, client: string, address: string, now: number): Listener {
    const { connections } = this.#tables;
    const id = randomBytes(9).toString('base64url');
    const slot = connections.open(id, [stream.name, client, address, '']);
    const listener = new Listener(peer, id, slot, connections, this.ledger, this.options, stream.seq, now);
    listener.askFor(this.pace.first);
    stream.clients.opened(client, slot);
    stream.listeners.add(listener);
    stream.idleSince = null;
    this.listeners++;
    stream.showConnections();
    return listener;
  }

  /** A listener has gone: its row stays for a while, closed, with the reason. */
  leave(stream: Stream, listener: Listener, code: number, reason: string, now: number): void {
    stream.listeners.delete(listener);
    this.listeners--;
    stream.showConnections();
    listener.close(code, reason, now);
    const client = this.#tables.connections.attributesOf(listener.slot)[CONNECTION_ATTRIBUTE.client] as string;
    stream.clients.closed(client, listener.slot, !isGoodbye(code), listener.lastSignAt);
    this.#closed.push({ slot: listener.slot, goesAt: now + CLOSED_ROW_MS });
    this.#noteIdle(stream, now);
  }

  /** A connection that somebody else serves. */
  joinReported(stream: Stream, connection: ReportedConnection): void {
    stream.reported.add(connection);
    stream.idleSince = null;
    stream.showConnections();
  }

  leaveReported(stream: Stream, connection: ReportedConnection, now: number): void {
    stream.reported.delete(connection);
    stream.showConnections();
    this.#noteIdle(stream, now);
  }

  /** Closes a connection for good; false where it is not one that is open here. */
  remove(id: string): boolean {
    const { connections } = this.#tables;
    const slot = connections.slotOf(id);
    const stream = slot === undefined ? '' : (connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.stream] ?? '');
    for (const listener of this.streams.get(stream)?.listeners ?? []) {
      if (listener.id !== id) continue;
      if (listener.closeReason !== '') return false;
      listener.closeReason = 'closed by an operator';
      listener.peer.close(CLOSE.REMOVED, listener.closeReason);
      this.#counters.add('listeners_removed');
      return true;
    }
    return false;
  }

  engineJoined(stream: Stream, peer: Peer, now: number): void {
    stream.engine = peer;
    stream.engineSince = now;
    stream.hadEngine = true;
    stream.engineSignAt = now;
    stream.isEngineStalled = false;
    stream.publishedBefore = this.#tables.streams.get(stream.slot, STREAM.chunks_published);
    for (const listener of stream.listeners) {
      listener.sentBefore = this.#tables.connections.get(listener.slot, CONNECTION.chunks_sent);
    }
    stream.idleSince = null;
    this.#tables.streams.set(stream.slot, STREAM.publishing, 1);
    this.#tables.streams.clear(stream.slot, STREAM.engine_lost_at);
  }

  engineLeft(stream: Stream, now: number): void {
    stream.engine = null;
    const { streams } = this.#tables;
    streams.set(stream.slot, STREAM.publishing, 0);
    streams.set(stream.slot, STREAM.engine_lost_at, streams.epochS(now));
    this.#noteIdle(stream, now);
  }

  /** Take everybody's last sign of life to be of now. */
  heardAll(now: number): void {
    for (const stream of this.streams.values()) {
      stream.engineSignAt = now;
      for (const listener of stream.listeners) listener.lastSignAt = now;
    }
  }

  /** Removes closed rows and idle streams whose time has come. */
  expire(now: number): void {
    let gone = 0;
    for (const { slot, goesAt } of this.#closed) {
      if (goesAt > now) break;
      const [name, client] = this.#tables.connections.attributesOf(slot) as [string, string];
      this.streams.get(name)?.clients.forget(client, slot);
      this.#tables.connections.close(slot);
      gone++;
    }
    this.#closed.splice(0, gone);
    for (const stream of this.streams.values()) {
      if (stream.idleSince !== null && now - stream.idleSince >= IDLE_STREAM_MS) this.#remove(stream);
    }
  }

  /** Lets the idlest stream go that no engine ever cared for; false where there is none. */
  #makeRoom(): boolean {
    let idlest: Stream | null = null;
    for (const stream of this.streams.values()) {
      if (stream.hadEngine || stream.idleSince === null) continue;
      if (idlest === null || stream.idleSince < (idlest.idleSince as number)) idlest = stream;
    }
    if (idlest !== null) this.#remove(idlest);
    return idlest !== null;
  }

  #remove(stream: Stream): void {
    this.streams.delete(stream.name);
    this.#tables.streams.close(stream.slot);
  }

  #noteIdle(stream: Stream, now: number): void {
    if (stream.engine === null && stream.listeners.size + stream.reported.size === 0) stream.idleSince = now;
  }
}

/** The peer closed in good order: it left, and does not come back by itself. */
export const isGoodbye = (code: number) => code === 1000 || code === 1001;
