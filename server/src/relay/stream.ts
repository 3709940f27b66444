import {
  type AudioFormat,
  type Chunk,
  MAX_CHUNK_MESSAGE_BYTES,
  type PublishedChunk,
  Writer,
  writeChunk,
} from '@auralis/shared';
import type { HubCounters } from '../state/counters.js';
import type { Holders } from '../state/places.js';
import { STREAM, type Tables } from '../state/tables.js';
import { EventWindow } from '../state/windows.js';
import type { Peer } from '../transport/transport.js';
import { ClientHistory } from './client-history.js';
import type { Connection } from './connection.js';
import { deliver } from './delivery.js';
import { ENTRY } from './ledger.js';
import type { Listener } from './listener.js';
import { RecentChunks } from './outstanding.js';
import type { ReportedConnection } from './reported-connection.js';
import { Silence } from './silence.js';

/** One stream: its engine, its listeners, and the way of a chunk from the one to the others. */
export class Stream {
  readonly name: string;
  /** Who asked for it first: it counts as theirs. */
  readonly makers: Holders;
  readonly slot: number;
  readonly listeners = new Set<Listener>();
  readonly recent = new RecentChunks();
  /** Connections to it that others serve and report. */
  readonly reported = new Set<ReportedConnection>();
  readonly clients: ClientHistory;
  /** Number of the last chunk; 0 before the first. An engine that takes over goes on counting. */
  seq = 0;
  /** When the last chunk came. */
  chunkAt = 0;
  engine: Peer | null = null;
  /** Since when the present engine is here; of no meaning without one. */
  engineSince = 0;
  /** Chunks published when it came. */
  publishedBefore = 0;
  /** Its last sign of life: a message, a pong, or its opening. */
  engineSignAt = 0;
  /** It showed none for too long, and is being closed. */
  isEngineStalled = false;
  readonly openedAt: number;
  format: AudioFormat | null = null;
  /** An engine has been here, or has sent events of it. */
  hadEngine = false;
  /** Since when it has had neither engine nor listener, or null. */
  idleSince: number | null;

  readonly #table: Tables['streams'];
  readonly #counters: HubCounters;
  readonly #drops = new EventWindow(60_000);
  readonly #silence = new Silence();

  constructor(name: string, makers: Holders, tables: Tables, counters: HubCounters, now: number) {
    const { streams: table } = tables;
    this.name = name;
    this.makers = makers;
    this.clients = new ClientHistory(tables.connections);
    this.#table = table;
    this.#counters = counters;
    this.idleSince = now;
    this.openedAt = now;
    this.slot = table.open(name);
    this.showConnections();
    const counts = [STREAM.publishing, STREAM.chunks_published, STREAM.bytes_published];
    for (const column of counts) table.set(this.slot, column, 0);
    for (const column of [STREAM.chunks_sent, STREAM.chunks_dropped, STREAM.dropped_per_min])
      table.set(this.slot, column, 0);
  }

  /** Sends a chunk of the engine to every listener: encoded once, booked for each. */
  publish(published: PublishedChunk, now: number): void {
    const seq = ++this.seq;
    this.chunkAt = now;
    this.recent.push(seq, published.durationMs, now);
    const chunk: Chunk = { seq, sentAtMs: now, durationMs: published.durationMs, payload: published.payload };
    const outgoing = { seq, durationMs: published.durationMs, message: writeChunk(writer, chunk) };
    const sent = deliver(outgoing, this.listeners, now);
    this.#book(published.payload.length, outgoing.message.length, sent, this.listeners.size - sent, now);
  }

  /** A connection has told what it heard since its report before. */
  heard(connection: Connection): void {
    const { line, ledger } = connection;
    const { lines } = ledger;
    const silentMs = lines[line + ENTRY.silentMs] as number;
    if (Number.isNaN(silentMs)) return;
    this.#table.add(this.slot, STREAM.silent_listener_ms, silentMs);
    if (!connection.isPlaying) return;
    this.#silence.add(silentMs, lines[line + ENTRY.sinceMs] as number, lines[line + ENTRY.lastReportAt] as number);
  }

  /** Books what was sent and dropped for a connection that somebody else serves. `droppedNow`: of these, just now. */
  noteReported(sent: number, dropped: number, droppedNow: number, now: number): void {
    this.#table.add(this.slot, STREAM.chunks_sent, sent);
    this.#table.add(this.slot, STREAM.chunks_dropped, dropped);
    if (droppedNow > 0) this.#drops.add(now, droppedNow);
  }

  /** Shows how many are connected. */
  showConnections(): void {
    this.#table.set(this.slot, STREAM.active_connections, this.listeners.size + this.reported.size);
    this.#table.set(this.slot, STREAM.reported_connections, this.reported.size);
  }

  /** Brings up to date what changes by time alone. */
  refresh(now: number): void {
    this.#table.set(this.slot, STREAM.rebuffering_ratio, this.#silence.ratio(now));
    this.#table.set(this.slot, STREAM.dropped_per_min, this.#drops.total(now));
  }

  #book(payloadBytes: number, messageBytes: number, sent: number, dropped: number, now: number): void {
    this.#table.add(this.slot, STREAM.chunks_published, 1);
    this.#table.add(this.slot, STREAM.bytes_published, payloadBytes);
    this.#table.add(this.slot, STREAM.chunks_sent, sent);
    this.#counters.add('chunks_sent', sent);
    this.#counters.add('bytes_sent', sent * messageBytes);
    if (dropped === 0) return;
    this.#drops.add(now, dropped);
    this.#table.add(this.slot, STREAM.chunks_dropped, dropped);
    this.#counters.add('chunks_dropped', dropped);
  }
}

/** One for all streams: a chunk is sent before the next is written. */
const writer = new Writer(MAX_CHUNK_MESSAGE_BYTES);
