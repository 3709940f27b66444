import { randomBytes } from 'node:crypto';
import { CLOSE, MAX_CLOSED_ROWS, MAX_STREAMS } from '@auralis/shared';
import { KeptAllowances } from '../limits/kept-allowances.js';
import { type Holders, type NoPlace, Places } from '../limits/places.js';
import { ClosedRows } from '../listeners/closed-rows.js';
import type { ExternalConnection } from '../listeners/external-connection.js';
import { isGoodbye } from '../listeners/goodbye.js';
import { Listener, type ListenerLimits, type UsedAllowance } from '../listeners/listener.js';
import { ReconnectGaps } from '../listeners/reconnect-gap.js';
import { ReportPace } from '../listeners/report-pace.js';
import type { HubCounters } from '../state/counters.js';
import { CONNECTION, CONNECTION_ATTRIBUTE, STREAM, type Tables } from '../state/tables.js';
import type { Allowance } from '../time/windows.js';
import type { Peer } from '../transport/transport.js';
import { FanOut } from './fan-out.js';
import { Stream } from './stream.js';

/** A stream without engine and listeners goes after this long. */
const IDLE_STREAM_MS = 60_000;
/** Places of streams that listeners cannot take: any page can listen, and an engine must find a place. */
const STREAMS_FOR_ENGINES = MAX_STREAMS / 10;

export interface RelayOptions extends ListenerLimits {
  readonly maxClients: number;
  /** Percent of the places of a kind that one address, or one token, may hold. */
  readonly maxSharePercent: number;
}

/** All streams and their listeners, with their rows in `streams` and `connections`. */
export class Relay {
  readonly options: RelayOptions;
  readonly streams = new Map<string, Stream>();
  readonly pace: ReportPace;
  /** Places of listeners. */
  readonly places: Places;

  readonly #tables: Tables;
  readonly #counters: HubCounters;
  readonly #streamPlaces: Places;
  readonly #allowances = new KeptAllowances<UsedAllowance>();
  /** Refusals that engines had left when they closed. */
  readonly engineRefusals = new KeptAllowances<Allowance>();
  readonly #fanOut: FanOut;
  readonly #closed: ClosedRows;
  readonly #gaps: ReconnectGaps;

  constructor(tables: Tables, counters: HubCounters, options: RelayOptions, fanOut = new FanOut()) {
    this.#fanOut = fanOut;
    this.#tables = tables;
    this.#counters = counters;
    this.options = options;
    this.#gaps = new ReconnectGaps(tables.connections);
    this.pace = new ReportPace(options.reportIntervalMs);
    const { maxClients, maxSharePercent: sharePercent } = options;
    this.places = new Places({ most: maxClients, sharePercent });
    this.#streamPlaces = new Places({ most: MAX_STREAMS, sharePercent });
    this.#closed = new ClosedRows(Math.max(maxClients, MAX_CLOSED_ROWS), (slot) => this.#forget(slot));
  }

  /** Listeners connected now, over all streams. */
  get listeners(): number {
    return this.places.taken;
  }

  /** Return the stream that a listener asks for, created if need be, or why there is no place for it. */
  streamToListenTo(name: string, now: number, holders: Holders): Stream | NoPlace {
    return this.stream(name, now, holders, MAX_STREAMS - STREAMS_FOR_ENGINES);
  }

  /**
   * Return the stream of this name, created for `holders` if need be, or why there is no place for it among `most`.
   */
  stream(name: string, now: number, holders: Holders, most = MAX_STREAMS): Stream | NoPlace {
    const known = this.streams.get(name);
    if (known !== undefined) return known;
    let refusal = this.#streamPlaces.refusal(holders, most);
    if (refusal !== null && this.#makeRoom(refusal, holders)) refusal = this.#streamPlaces.refusal(holders, most);
    if (refusal !== null) {
      this.#counters.add(refusal === 'share' ? 'refused_over_share' : 'streams_refused');
      return refusal;
    }
    const stream = new Stream(
      name,
      holders,
      this.#tables,
      this.#counters,
      this.options.maxOutstandingMs,
      this.#fanOut,
      now,
    );
    this.streams.set(name, stream);
    this.#streamPlaces.take(holders);
    return stream;
  }

  /** Create the stream if need be, and restart its idle time. Return why there is no place for it, or null. */
  keep(name: string, now: number, holders: Holders): NoPlace | null {
    const stream = this.stream(name, now, holders);
    if (typeof stream === 'string') return stream;
    stream.hadEngine = true;
    if (stream.idleSince !== null) stream.idleSince = now;
    return null;
  }

  /** Give a new listener a row. `holders` hold its place until `leave`. */
  join(stream: Stream, peer: Peer, client: string, address: string, holders: Holders, now: number): Listener {
    const { connections } = this.#tables;
    const id = randomBytes(9).toString('base64url');
    const slot = connections.open(id, [stream.name, client, address, '']);
    const listener = new Listener(peer, id, slot, connections, this.options, holders, stream.seq, now);
    const used = this.#allowances.take(holders[0], now);
    if (used !== null) listener.inherit(used, now);
    listener.missedMs = stream.audioMs;
    this.#gaps.opened(slot, now);
    listener.askFor(this.pace.first);
    const before = stream.clients.opened(client, slot);
    if (before !== null && this.#bookGap(stream, before, slot, now)) listener.judgeGap();
    stream.listeners.add(listener);
    stream.idleSince = null;
    this.places.take(holders);
    stream.showConnections();
    return listener;
  }

  /** A listener has gone. Its row stays closed for a while, with the reason. */
  leave(stream: Stream, listener: Listener, code: number, reason: string, now: number): void {
    stream.listeners.delete(listener);
    this.places.release(listener.holders);
    const used = listener.used(now);
    if (used !== null) this.#allowances.leave(listener.holders[0], used, now);
    stream.showConnections();
    listener.close(code, reason, now);
    this.#gaps.closed(listener.slot, listener.lastSignAt, now);
    const client = this.#tables.connections.attributesOf(listener.slot)[CONNECTION_ATTRIBUTE.client] as string;
    const after = stream.clients.closed(client, listener.slot, !isGoodbye(code), listener.lastSignAt);
    if (after !== null) this.#bookGap(stream, listener.slot, after, now);
    if (this.#closed.add(listener.holders[0], listener.slot, now)) this.#counters.add('closed_rows_dropped');
    this.#noteIdle(stream, now);
  }

  /** Book the audio gap of a client between two connections, once. Return whether there was one. */
  #bookGap(stream: Stream, from: number, to: number, now: number): boolean {
    const { connections } = this.#tables;
    const { gapMs, awayMs } = this.#gaps.between(from, to);
    const before = connections.get(from, CONNECTION.reconnect_gap_ms);
    connections.set(to, CONNECTION.reconnect_gap_ms, before + gapMs);
    if (awayMs > 0) stream.bookGap(gapMs, awayMs, now);
    return gapMs > 0;
  }

  /** Add an external connection. */
  joinReported(stream: Stream, connection: ExternalConnection): void {
    stream.reported.add(connection);
    stream.idleSince = null;
    stream.showConnections();
  }

  leaveReported(stream: Stream, connection: ExternalConnection, now: number): void {
    stream.reported.delete(connection);
    stream.showConnections();
    this.#noteIdle(stream, now);
  }

  /** Close a connection for good. Return false if it is not open here. */
  remove(id: string): boolean {
    const { connections } = this.#tables;
    const slot = connections.slotOf(id);
    const stream = slot === undefined ? '' : (connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.stream] ?? '');
    for (const listener of this.streams.get(stream)?.listeners ?? []) {
      if (listener.id !== id) continue;
      if (!listener.end(CLOSE.REMOVED, 'closed by an operator')) return false;
      this.#counters.add('listeners_removed');
      return true;
    }
    return false;
  }

  /** `owner`: the engine's identity, null if it names none. */
  engineJoined(stream: Stream, peer: Peer, owner: string | null, now: number): void {
    stream.engineJoined(peer, owner, now);
    for (const listener of stream.listeners) {
      listener.sentBefore = this.#tables.connections.get(listener.slot, CONNECTION.chunks_sent);
    }
    this.#tables.streams.set(stream.slot, STREAM.publishing, 1);
    this.#tables.streams.clear(stream.slot, STREAM.engine_offline_since);
  }

  engineLeft(stream: Stream, now: number): void {
    stream.engine = null;
    const { streams } = this.#tables;
    streams.set(stream.slot, STREAM.publishing, 0);
    streams.set(stream.slot, STREAM.engine_offline_since, streams.epochS(now));
    this.#noteIdle(stream, now);
  }

  /** Set the last sign of life of all peers to now. */
  heardAll(now: number): void {
    for (const stream of this.streams.values()) {
      stream.engineMessageAt = now;
      stream.seat.heard();
      for (const listener of stream.listeners) listener.lastSignAt = now;
    }
  }

  /** Remove closed rows and idle streams whose time has come. */
  expire(now: number): void {
    this.#closed.expire(now);
    for (const stream of this.streams.values()) {
      if (stream.idleSince !== null && now - stream.idleSince >= IDLE_STREAM_MS) this.#remove(stream);
    }
  }

  #forget(slot: number): void {
    this.#gaps.forget(slot);
    const [name, client] = this.#tables.connections.attributesOf(slot) as [string, string];
    this.streams.get(name)?.clients.forget(client, slot);
    this.#tables.connections.close(slot);
  }

  /**
   * Remove an idle stream that never had an engine: one of `holders` if they hold their share, else one of the
   * address that created most. Return false if there is none.
   */
  #makeRoom(refusal: NoPlace, holders: Holders): boolean {
    let victim: Stream | null = null;
    let most = 0;
    for (const stream of this.streams.values()) {
      if (stream.hadEngine || stream.idleSince === null) continue;
      if (refusal === 'share' && !stream.makers.some((maker) => holders.includes(maker))) continue;
      const made = this.#streamPlaces.heldBy(stream.makers[0]);
      const isIdler = victim === null || stream.idleSince < (victim.idleSince as number);
      if (made < most || (made === most && !isIdler)) continue;
      victim = stream;
      most = made;
    }
    if (victim !== null) this.#remove(victim);
    return victim !== null;
  }

  #remove(stream: Stream): void {
    this.streams.delete(stream.name);
    this.#streamPlaces.release(stream.makers);
    this.#tables.streams.close(stream.slot);
  }

  #noteIdle(stream: Stream, now: number): void {
    if (stream.engine === null && stream.listeners.size + stream.reported.size === 0) stream.idleSince = now;
  }
}
