import { CLOSE, ENGINE_MESSAGE_MS, STALE_MS, STALLED_MS } from '@auralis/shared';
import type { Connection, Supplied } from '../listeners/connection.js';
import type { ExternalConnection } from '../listeners/external-connection.js';
import type { Listener } from '../listeners/listener.js';
import type { HubCounters } from '../state/counters.js';
import { CONNECTION, CONNECTION_STATE, STATUS, STREAM, type Tables } from '../state/tables.js';
import { figureOf, isBelieved, isSynced, isTrusted } from '../state/trust.js';
import { quantile, RateWindows } from '../time/windows.js';
import { AudioRates } from './audio-rates.js';
import type { Relay } from './relay.js';
import type { Stream } from './stream.js';

/** Each listener is pinged once in this many sweeps, so that pings are spread over time. */
const PING_EVERY = 10;
const RATE_WINDOW_S = 5;
const ROUND_TRIP = figureOf('rtt_ms');
/** A row takes 1 to 2 µs. */
const ROWS_A_STEP = 500;

/** Does the work of a second for every stream and listener: rates, pings, quantiles, stale listeners. */
export class Sweep {
  readonly #relay: Relay;
  readonly #tables: Tables;
  readonly #counters: HubCounters;
  readonly #connectionRates = new RateWindows(RATE_WINDOW_S);
  readonly #streamRates = new RateWindows(RATE_WINDOW_S);
  readonly #connectionAudio = new AudioRates(RATE_WINDOW_S);
  readonly #streamAudio = new AudioRates(RATE_WINDOW_S);
  /**
   * Since when a slot's windows count. They begin anew with another row or engine, so that no rate spans two engines.
   */
  readonly #connectionsSince: number[] = [];
  readonly #streamsSince: number[] = [];
  readonly #connectionAudioSince: number[] = [];
  readonly #streamAudioSince: number[] = [];
  /** Listeners of the present stream, by status. */
  readonly #statuses = new Uint32Array(3);
  readonly #onError: (error: unknown) => void;
  /** State of the present stream. */
  #supply: Supplied = { isLate: false, hadBurst: false, longestMs: 0 };
  #round = 0;
  /** Rows swept so far. */
  #swept = 0;
  #scratch = new Float64Array(64);

  constructor(relay: Relay, tables: Tables, counters: HubCounters, onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#relay = relay;
    this.#tables = tables;
    this.#counters = counters;
  }

  /** Sweep every stream, even if another one throws, step by step. */
  *steps(now: number): Generator<void> {
    this.#round++;
    const { pace, streams } = this.#relay;
    pace.begin();
    this.#relay.expire(now);
    for (const stream of streams.values()) {
      try {
        yield* this.#sweepAll(stream, now);
      } catch (error) {
        this.#onError(error);
      }
    }
    pace.end();
  }

  *#sweepAll(stream: Stream, now: number): Generator<void> {
    this.#statuses.fill(0);
    this.#supply = {
      isLate: stream.isLate(now),
      hadBurst: stream.hadBurst(now),
      longestMs: stream.recent.longestMs,
    };
    for (const listener of stream.listeners) {
      this.#sweepListener(stream, listener, now);
      if (++this.#swept % ROWS_A_STEP === 0) yield;
    }
    for (const connection of stream.reported) {
      this.#sweepReported(connection, now);
      if (++this.#swept % ROWS_A_STEP === 0) yield;
    }
    // The last connection may have gone between two steps, and the row may belong to another stream.
    if (this.#relay.streams.get(stream.name) !== stream) return;
    this.#sweepEngine(stream, now);
    this.#sweepStream(stream, now);
    yield* this.#showQuantiles(stream);
  }

  #sweepListener(stream: Stream, listener: Listener, now: number): void {
    const { connections } = this.#tables;
    const { slot } = listener;
    if (listener.state === 'closing') return;
    if (now - listener.lastSignAt > STALLED_MS) {
      this.#counters.add('stalled_closed');
      listener.end(CLOSE.STALLED, 'no sign of life');
      return;
    }
    listener.swept();
    listener.refresh(now);
    if (now - listener.lastReportAt > STALE_MS) connections.set(slot, CONNECTION.state, CONNECTION_STATE.stale);
    this.#showRates(stream, listener, now);
    this.#judge(listener, now, this.#supply);
    const { pace } = this.#relay;
    listener.suitableIntervalMs = pace.suitable(listener, now);
    if (!listener.isHidden) pace.count(listener.suitableIntervalMs);
    if ((slot + this.#round) % PING_EVERY === 0) this.#ping(listener, now);
  }

  /** Without an engine there is no rate, not even 0, and no window. */
  #showRates(stream: Stream, listener: Listener, now: number): void {
    const { connections } = this.#tables;
    const { slot } = listener;
    let chunkRate = Number.NaN;
    let audioRate = Number.NaN;
    if (stream.engine !== null) {
      const since = Math.max(listener.openedAt, stream.engineSince);
      if (this.#connectionsSince[slot] !== since) {
        this.#connectionsSince[slot] = since;
        this.#connectionRates.open(slot, since, listener.sentBefore);
      }
      this.#openAudio(stream, listener);
      const { longestMs } = this.#supply;
      const sent = connections.get(slot, CONNECTION.chunks_sent);
      chunkRate = this.#connectionRates.sample(slot, sent, now, stream.chunkAt, longestMs);
      const audio = listener.audioOf(stream.audioMs);
      const { chunkAt, lastChunkMs } = stream;
      audioRate = this.#connectionAudio.sample(slot, audio, lastChunkMs, now, chunkAt, longestMs, stream.quietMs(now));
    }
    if (stream.isBeginning(now)) chunkRate = audioRate = Number.NaN;
    connections.set(slot, CONNECTION.chunk_send_rate, chunkRate);
    connections.set(slot, CONNECTION.audio_rate, audioRate);
  }

  /**
   * Begin to measure audio at a chunk, because an engine may connect long before its first, and a listener in the
   * middle of one.
   */
  #openAudio(stream: Stream, listener: Listener): void {
    const { slot, openedAt } = listener;
    const { audioSince, audioBefore, firstChunkMs } = stream;
    const since = Math.max(openedAt, audioSince);
    if (this.#connectionAudioSince[slot] === since) return;
    this.#connectionAudioSince[slot] = since;
    if (openedAt > audioSince && firstChunkMs > 0)
      this.#connectionAudio.open(slot, stream.chunkAt, listener.audioOf(stream.audioMs), stream.lastChunkMs);
    else this.#connectionAudio.open(slot, audioSince, listener.audioOf(audioBefore + firstChunkMs), firstChunkMs);
  }

  #sweepReported(connection: ExternalConnection, now: number): void {
    connection.refresh(now);
    this.#judge(connection, now, connection.supply);
  }

  #judge(connection: Connection, now: number, supply: Supplied): void {
    const status = connection.judge(now, supply);
    this.#statuses[status] = (this.#statuses[status] as number) + 1;
  }

  /**
   * Close an engine that finishes no message, even if it answers pings. It would hold its place, and the message that
   * it began.
   */
  #sweepEngine(stream: Stream, now: number): void {
    const { engine } = stream;
    if (engine === null || stream.isEngineStalled) return;
    stream.seat.sweep(engine, Math.max(stream.chunkAt, stream.engineSince), this.#supply.longestMs, now);
    if (now - stream.engineMessageAt > ENGINE_MESSAGE_MS) {
      stream.isEngineStalled = true;
      this.#counters.add('stalled_closed');
      engine.close(CLOSE.STALLED, 'no message for 60 s; with nothing to say, send an empty list: []');
    } else if ((stream.slot + this.#round) % PING_EVERY === 0) engine.ping();
  }

  /** Measure the round trip of a listener. If it confirms, that happens right after its next report. */
  #ping(listener: Listener, now: number): void {
    const { connections } = this.#tables;
    const reportAgeMs = now - listener.lastReportAt;
    const turnMs = PING_EVERY * 1000;
    // It has reported since the last turn and was always behind, so the figure shown is old.
    if (listener.isPingDue && reportAgeMs < turnMs) connections.clear(listener.slot, CONNECTION.rtt_ms);
    if (listener.confirms && reportAgeMs <= Math.max(turnMs, listener.reportIntervalMs)) listener.isPingDue = true;
    else listener.ping(!listener.confirms && listener.peer.backlog() === 0, now);
  }

  #sweepStream(stream: Stream, now: number): void {
    const { streams } = this.#tables;
    const { slot } = stream;
    stream.refresh(now);
    const since = Math.max(stream.openedAt, stream.engineSince);
    if (this.#streamsSince[slot] !== since) {
      this.#streamsSince[slot] = since;
      this.#streamRates.open(slot, since, stream.publishedBefore);
    }
    const { audioSince, audioBefore, firstChunkMs } = stream;
    if (this.#streamAudioSince[slot] !== audioSince) {
      this.#streamAudioSince[slot] = audioSince;
      this.#streamAudio.open(slot, audioSince, audioBefore + firstChunkMs, firstChunkMs);
    }
    const { longestMs } = this.#supply;
    const published = streams.get(slot, STREAM.chunks_published);
    const rate = this.#streamRates.sample(slot, published, now, stream.chunkAt, longestMs);
    const { audioMs, lastChunkMs, chunkAt } = stream;
    const quietMs = stream.quietMs(now);
    const audioRate = this.#streamAudio.sample(slot, audioMs, lastChunkMs, now, chunkAt, longestMs, quietMs);
    const isKnown = stream.engine !== null && !stream.isBeginning(now);
    streams.set(slot, STREAM.chunk_send_rate, isKnown ? rate : Number.NaN);
    streams.set(slot, STREAM.audio_rate, isKnown ? audioRate : Number.NaN);
    stream.judge(now);
    streams.set(slot, STREAM.listeners_ok, this.#statuses[STATUS.ok] as number);
    streams.set(slot, STREAM.listeners_warning, this.#statuses[STATUS.warning] as number);
    streams.set(slot, STREAM.listeners_critical, this.#statuses[STATUS.critical] as number);
  }

  /** A long column takes a millisecond to sort, so each is a step. */
  *#showQuantiles(stream: Stream): Generator<void> {
    const { streams } = this.#tables;
    const { slot } = stream;
    const isLarge = stream.listeners.size + stream.reported.size > ROWS_A_STEP;
    const latencies = this.#sorted(stream, CONNECTION.latency_ms, this.#isLatencyTrue);
    streams.set(slot, STREAM.latency_p50_ms, quantile(latencies, 0.5));
    streams.set(slot, STREAM.latency_p95_ms, quantile(latencies, 0.95));
    streams.set(slot, STREAM.latency_p99_ms, quantile(latencies, 0.99));
    if (isLarge) yield;
    if (this.#relay.streams.get(stream.name) !== stream) return;
    const rtts = this.#sorted(stream, CONNECTION.rtt_ms, this.#hasRoundTrip);
    streams.set(slot, STREAM.rtt_p50_ms, quantile(rtts, 0.5));
    streams.set(slot, STREAM.rtt_p95_ms, quantile(rtts, 0.95));
    streams.set(slot, STREAM.rtt_p99_ms, quantile(rtts, 0.99));
    if (isLarge) yield;
    if (this.#relay.streams.get(stream.name) !== stream) return;
    const depths = this.#sorted(stream, CONNECTION.buffer_depth_ms, this.#isBelieved);
    streams.set(slot, STREAM.buffer_depth_p5_ms, quantile(depths, 0.05));
    streams.set(slot, STREAM.buffer_depth_p50_ms, quantile(depths, 0.5));
  }

  /** A latency counts if its clock is synced and its listener trusted. */
  readonly #isLatencyTrue = (slot: number): boolean =>
    isTrusted(this.#tables.connections, slot) && isSynced(this.#tables.connections, slot);

  readonly #isBelieved = (slot: number): boolean => isBelieved(this.#tables.connections, slot);

  /** The hub's own measure needs no trust. A measure of another server must only be possible. */
  readonly #hasRoundTrip = (slot: number): boolean =>
    this.#tables.connections.get(slot, CONNECTION.state) === CONNECTION_STATE.open &&
    this.#tables.connections.get(slot, CONNECTION.impossible_figure) !== ROUND_TRIP;

  /** Return the readings of a column that count, sorted. Valid until the next call. */
  #sorted(stream: Stream, column: number, counts: (slot: number) => boolean): Float64Array {
    const most = stream.listeners.size + stream.reported.size;
    if (this.#scratch.length < most) this.#scratch = new Float64Array(most * 2);
    const count = this.#gather(stream.listeners, column, counts, 0);
    return this.#scratch.subarray(0, this.#gather(stream.reported, column, counts, count)).sort();
  }

  /** Writes to the scratch from `at` on; returns where it ends. */
  #gather(from: Iterable<Connection>, column: number, counts: (slot: number) => boolean, at: number): number {
    const { connections } = this.#tables;
    let end = at;
    for (const { slot } of from) {
      const value = connections.get(slot, column);
      if (!Number.isNaN(value) && counts(slot)) this.#scratch[end++] = value;
    }
    return end;
  }
}
