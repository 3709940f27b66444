import {
  type AudioFormat,
  type Chunk,
  type ListenerMessage,
  levelOf,
  MAX_CHUNKS_AT_ONCE,
  MAX_CHUNKS_PER_S,
  MAX_WAITING_CHUNKS,
  type PublishedChunk,
  SCHEMAS,
  Writer,
  writeChunk,
} from '@auralis/shared';
import type { Holders } from '../limits/places.js';
import { lateAfterMs } from '../listeners/chunk-bounds.js';
import { ClientHistory } from '../listeners/client-history.js';
import type { Connection } from '../listeners/connection.js';
import type { ExternalConnection } from '../listeners/external-connection.js';
import type { Listener, OutgoingChunk } from '../listeners/listener.js';
import { RebufferingRatio } from '../listeners/rebuffering.js';
import { RecentChunks } from '../listeners/recent-chunks.js';
import type { HubCounters } from '../state/counters.js';
import { STATUS, STREAM, type Tables } from '../state/tables.js';
import { EventWindow, Reserve } from '../time/windows.js';
import type { Peer } from '../transport/transport.js';
import { deliver } from './delivery.js';
import { EngineSeat } from './engine-seat.js';
import type { FanOut } from './fan-out.js';
import { SUPPLY, Supply } from './supply.js';

/** One stream: its engine, its listeners, and the way of a chunk between them. */
export class Stream {
  readonly name: string;
  /** The address and the token that asked for this stream first. It takes one of their places. */
  readonly makers: Holders;
  readonly slot: number;
  readonly listeners = new Set<Listener>();
  readonly recent = new RecentChunks();
  /** Connections that another server serves and reports. */
  readonly reported = new Set<ExternalConnection>();
  readonly clients: ClientHistory;
  /** Number of the last chunk; 0 before the first. An engine that takes over goes on counting. */
  seq = 0;
  /** When the last chunk came. */
  chunkAt = 0;
  /** Audio published so far, ms. */
  audioMs = 0;
  engine: Peer | null = null;
  /** Decides who may replace the present engine. */
  readonly seat = new EngineSeat();
  /** Since when the present engine is here. Meaningless without one. */
  engineSince = 0;
  /** Chunks, and audio in ms, published before it came. */
  publishedBefore = 0;
  audioBefore = 0;
  /** When the present engine's first chunk came; until then, when the engine came. */
  audioSince = 0;
  /** Length of that chunk; 0 until it comes. */
  firstChunkMs = 0;
  /** When the engine last completed a message; until its first, when it connected. */
  engineMessageAt = 0;
  /** Whether it is being closed because it finished no message for too long. */
  isEngineStalled = false;
  readonly openedAt: number;
  format: AudioFormat | null = null;
  /** Whether an engine has ever connected, or sent events about this stream. */
  hadEngine = false;
  /** Since when it has had neither engine nor listener, or null. */
  idleSince: number | null;

  readonly #table: Tables['streams'];
  readonly #counters: HubCounters;
  readonly #drops = new EventWindow(60_000);
  readonly #rebuffering = new RebufferingRatio();
  readonly #supply: Supply;
  readonly #fanOut: FanOut;
  /** Bounds the rate of chunks. It belongs to the stream, so an engine that reconnects gets no fresh allowance. */
  readonly #chunkRate = new Reserve(MAX_CHUNKS_PER_S, MAX_CHUNKS_AT_ONCE);

  /** `maxOutstandingMs`: the configured limit of audio that is sent to a listener and not yet confirmed. */
  constructor(
    name: string,
    makers: Holders,
    tables: Tables,
    counters: HubCounters,
    maxOutstandingMs: number,
    fanOut: FanOut,
    now: number,
  ) {
    const { streams: table } = tables;
    this.name = name;
    this.makers = makers;
    this.clients = new ClientHistory(tables.connections);
    this.#table = table;
    this.#counters = counters;
    this.#fanOut = fanOut;
    this.#supply = new Supply(maxOutstandingMs);
    this.idleSince = now;
    this.openedAt = now;
    this.slot = table.open(name);
    this.showConnections();
    const counts = [STREAM.publishing, STREAM.chunks_published, STREAM.bytes_published];
    for (const column of counts) table.set(this.slot, column, 0);
    for (const column of [STREAM.chunks_sent, STREAM.chunks_dropped, STREAM.dropped_per_min])
      table.set(this.slot, column, 0);
  }

  /** Count a chunk that an engine sends. Return why it is one too many, or null if it may be published. */
  takeChunk(now: number): string | null {
    if (!this.#chunkRate.take(now)) return TOO_FAST;
    return this.#fanOut.isFull(this.listeners) ? TOO_MANY_WAIT : null;
  }

  /**
   * Encode a chunk of the engine once, and send it to every listener. Count it as sent or dropped for each.
   * `stalledMs`: how long the loop was blocked recently.
   */
  publish(published: PublishedChunk, now: number, stalledMs = 0): void {
    const seq = ++this.seq;
    this.chunkAt = now;
    const { durationMs, payload } = published;
    if (this.firstChunkMs === 0) {
      this.firstChunkMs = durationMs;
      this.audioSince = now;
    }
    this.audioMs += durationMs;
    this.recent.push(seq, durationMs, now);
    const { longestMs } = this.recent;
    this.#supply.add(published, this.format, longestMs, stalledMs, now);
    const chunk: Chunk = { seq, sentAtMs: now, durationMs, payload };
    const message = writeChunk(writer, chunk);
    this.#table.add(this.slot, STREAM.chunks_published, 1);
    this.#table.add(this.slot, STREAM.bytes_published, payload.length);
    const { listeners } = this;
    if (this.#fanOut.takeAtOnce(listeners, message.length)) {
      const sent = deliver({ seq, durationMs, longestMs, message }, listeners, now);
      this.#book(message.length, sent, listeners.size - sent, now);
    } else this.#deliverLater({ seq, durationMs, longestMs, message }, now);
  }

  /** Send a text to every listener, behind the chunks that were published before. */
  announce(message: ListenerMessage): void {
    const text = JSON.stringify(message);
    const tell = (listeners: Iterable<Listener>) => {
      for (const { peer } of listeners) peer.send(text);
    };
    if (this.#fanOut.takeAtOnce(this.listeners, text.length)) tell(this.listeners);
    else this.#fanOut.add(this.listeners, text.length, tell);
  }

  #deliverLater(chunk: OutgoingChunk, now: number): void {
    const bytes = chunk.message.length;
    // A chunk that will be dropped waits for its turn, too: each listener must count all chunks in order.
    const isDropped = !this.#fanOut.hasRoom(this.listeners, bytes);
    const kept = { ...chunk, message: isDropped ? NOTHING : chunk.message.slice() };
    this.#fanOut.add(this.listeners, kept.message.length, (some) => {
      if (isDropped) for (const listener of some) listener.drop(kept, now);
      const sent = isDropped ? 0 : deliver(kept, some, now);
      this.#book(bytes, sent, some.length - sent, now);
    });
  }

  /** An engine has come. There may have been another, which it replaces. `owner`: its identity. */
  engineJoined(peer: Peer, owner: string | null, now: number): void {
    this.engine = peer;
    this.seat.take(owner);
    this.engineSince = now;
    this.engineMessageAt = now;
    this.hadEngine = true;
    this.isEngineStalled = false;
    this.idleSince = null;
    this.publishedBefore = this.#table.get(this.slot, STREAM.chunks_published);
    this.audioBefore = this.audioMs;
    this.audioSince = now;
    this.firstChunkMs = 0;
    this.#supply.begin();
  }

  /** Whether the next chunk is late, which drains every listener's buffer. True if there is no engine. */
  isLate(now: number): boolean {
    return this.engine === null || now - this.chunkAt > lateAfterMs(this.recent.longestMs);
  }

  /** Whether the engine is still making its first chunk. Until then the length of chunks is unknown. */
  isBeginning(now: number): boolean {
    return this.chunkAt < this.engineSince && this.isSettling(now);
  }

  /**
   * Whether the engine may be making a longer chunk than any before. True for 12 s after it came, and for 12 s after
   * its last chunk if that came within those first 12 s.
   */
  isSettling(now: number): boolean {
    const { chunkAt, engineSince } = this;
    if (this.engine === null || chunkAt - engineSince >= FIRST_CHUNK_MS) return false;
    return now - Math.max(chunkAt, engineSince) < FIRST_CHUNK_MS;
  }

  /** Return how long the next chunk may take until audio counts as missing, ms. */
  quietMs(now: number): number {
    return this.isSettling(now) ? FIRST_CHUNK_MS : 2 * this.recent.longestMs;
  }

  /** Length of its last chunk, ms; 0 before the first. */
  get lastChunkMs(): number {
    return this.seq === 0 ? 0 : this.recent.durationOf(this.seq);
  }

  /** Whether, in the last minute, the engine was so far ahead of real time that chunks were dropped for listeners. */
  hadBurst(now: number): boolean {
    return this.#supply.burstMs(now) > 0;
  }

  /** Add the audio gap that the latest report of a connection adds to the report before. */
  bookReportedGap({ gapMs, sinceMs, lastReportAt, isPlaying }: Connection): void {
    if (Number.isNaN(gapMs)) return;
    this.#table.add(this.slot, STREAM.audio_gap_ms, gapMs);
    if (isPlaying) this.#rebuffering.add(gapMs, sinceMs, lastReportAt);
  }

  /** Book the audio gap that a client heard while it was without a connection for `awayMs`. */
  bookGap(gapMs: number, awayMs: number, now: number): void {
    this.#table.add(this.slot, STREAM.audio_gap_ms, gapMs);
    this.#rebuffering.add(gapMs, awayMs, now);
  }

  /**
   * Add chunks sent and dropped for an external connection. `droppedNow`: how many of `dropped` count for the last
   * minute.
   */
  noteReported(sent: number, dropped: number, droppedNow: number, now: number): void {
    this.#table.add(this.slot, STREAM.chunks_sent, sent);
    this.#table.add(this.slot, STREAM.chunks_dropped, dropped);
    if (droppedNow > 0) this.#drops.add(now, droppedNow);
  }

  /** Show how many are connected. */
  showConnections(): void {
    this.#table.set(this.slot, STREAM.active_connections, this.listeners.size + this.reported.size);
    this.#table.set(this.slot, STREAM.external_connections, this.reported.size);
  }

  /** Update columns that change by time alone. */
  refresh(now: number): void {
    this.#table.set(this.slot, STREAM.rebuffering_ratio, this.#rebuffering.ratio(now));
    this.#table.set(this.slot, STREAM.dropped_per_min, this.#drops.total(now));
  }

  /** Judge how well the engine supplies the stream. Call it once a second, after the row has its audio rate. */
  judge(now: number): void {
    const supply = this.#supply;
    const reason = this.#reason(now);
    this.#table.set(this.slot, STREAM.chunk_duration_ms, this.recent.longestMs || Number.NaN);
    this.#table.set(this.slot, STREAM.burst_ms, this.engine === null ? Number.NaN : supply.burstMs(now));
    this.#table.set(this.slot, STREAM.pcm_ratio, this.engine === null ? Number.NaN : supply.pcmRatio);
    this.#table.set(this.slot, STREAM.status_reason, reason);
    this.#table.set(this.slot, STREAM.status, SUPPLY_STATUS[reason] ?? Number.NaN);
    supply.tick();
  }

  /** Return the reason for the status. NaN if the stream has no engine, and has lost none. */
  #reason(now: number): number {
    const read = (column: number) => this.#table.get(this.slot, column);
    if (this.engine === null) return read(STREAM.engine_offline_since) > 0 ? SUPPLY.engine_offline : Number.NaN;
    if (this.#supply.isWrongFormat) return SUPPLY.wrong_format;
    if (this.hadBurst(now)) return SUPPLY.burst;
    const { index, columns } = SCHEMAS.streams;
    const level = levelOf(columns[index.audio_rate] ?? {}, read(STREAM.audio_rate));
    if (level === 'alert') return SUPPLY.slow_rate;
    return this.isLate(now) && !this.isSettling(now) ? SUPPLY.late : SUPPLY.ok;
  }

  #book(messageBytes: number, sent: number, dropped: number, now: number): void {
    this.#table.add(this.slot, STREAM.chunks_sent, sent);
    this.#counters.add('chunks_sent', sent);
    this.#counters.add('bytes_sent', sent * messageBytes);
    if (dropped === 0) return;
    this.#drops.add(now, dropped);
    this.#table.add(this.slot, STREAM.chunks_dropped, dropped);
    this.#counters.add('chunks_dropped', dropped);
  }
}

const TOO_FAST =
  `too many chunks: one stream may have ${MAX_CHUNKS_PER_S} a second, or ${MAX_CHUNKS_AT_ONCE} at once after a pause; ` +
  'send longer chunks, in real time';

const TOO_MANY_WAIT =
  `${MAX_WAITING_CHUNKS} earlier chunks of this stream wait to be sent to its listeners, and no more may wait; ` +
  'send longer chunks, in real time';

/** An engine may make chunks of 10 s, and send each when it is complete. It has 2 s more to make it. */
const FIRST_CHUNK_MS = 12_000;

/** Status of a stream by its reason. */
const SUPPLY_STATUS: Readonly<Record<number, number>> = {
  [SUPPLY.ok]: STATUS.ok,
  [SUPPLY.engine_offline]: STATUS.critical,
  [SUPPLY.wrong_format]: STATUS.critical,
  [SUPPLY.burst]: STATUS.warning,
  [SUPPLY.slow_rate]: STATUS.critical,
  [SUPPLY.late]: STATUS.warning,
};

/** Shared by all streams: a chunk is sent, copied or dropped before the next is written. Grows to fit the largest. */
const writer = new Writer(64 * 1024);

/** Message of a chunk that is dropped for every listener. */
const NOTHING = new Uint8Array(0);
