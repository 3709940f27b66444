import { CLOSE, STALE_MS, STALLED_MS } from '@auralis/shared';
import type { HubCounters } from '../state/counters.js';
import { CONNECTION, CONNECTION_STATE, STREAM, type Tables } from '../state/tables.js';
import { quantile, RateWindows } from '../state/windows.js';
import type { Connection } from './connection.js';
import { HEALTH, TRUST } from './health.js';
import type { Listener } from './listener.js';
import type { Relay } from './relay.js';
import type { ReportedConnection } from './reported-connection.js';
import type { Stream } from './stream.js';

/** Each listener is pinged once in this many sweeps, so that the pings of all are spread over time. */
const PING_EVERY = 10;
const RATE_WINDOW_S = 5;

/** What is done once a second for every stream and listener: rates, pings, quantiles, and who has gone silent. */
export class Sweep {
  readonly #relay: Relay;
  readonly #tables: Tables;
  readonly #counters: HubCounters;
  readonly #connectionRates = new RateWindows(RATE_WINDOW_S);
  readonly #streamRates = new RateWindows(RATE_WINDOW_S);
  /** Since when a slot's window counts. */
  readonly #connectionsSince: number[] = [];
  readonly #streamsSince: number[] = [];
  /** Listeners of the stream at hand, by health. */
  readonly #healths = new Uint32Array(3);
  readonly #onError: (error: unknown) => void;
  #round = 0;
  #scratch = new Float64Array(64);

  constructor(relay: Relay, tables: Tables, counters: HubCounters, onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#relay = relay;
    this.#tables = tables;
    this.#counters = counters;
  }

  /** Sweep every stream, even if another one throws. */
  run(now: number): void {
    this.#round++;
    const { pace } = this.#relay;
    pace.begin();
    this.#relay.expire(now);
    for (const stream of this.#relay.streams.values()) {
      try {
        this.#sweepAll(stream, now);
      } catch (error) {
        this.#onError(error);
      }
    }
    pace.end();
  }

  #sweepAll(stream: Stream, now: number): void {
    this.#healths.fill(0);
    for (const listener of stream.listeners) this.#sweepListener(stream, listener, now);
    for (const connection of stream.reported) this.#sweepReported(connection, now);
    this.#sweepEngine(stream, now);
    this.#sweepStream(stream, now);
  }

  #sweepListener(stream: Stream, listener: Listener, now: number): void {
    const { connections } = this.#tables;
    const { slot } = listener;
    // A close takes a while to come back from a peer that does not answer: it is asked for, and counted, once.
    if (listener.closeReason !== '') return;
    if (now - listener.lastSignAt > STALLED_MS) {
      this.#counters.add('stalled_closed');
      listener.closeReason = 'no sign of life';
      listener.peer.close(CLOSE.STALLED, listener.closeReason);
      return;
    }
    listener.swept();
    listener.refresh(now);
    if (now - listener.lastReportAt > STALE_MS) connections.set(slot, CONNECTION.state, CONNECTION_STATE.stale);
    connections.set(slot, CONNECTION.chunk_send_rate, this.#sendRate(stream, listener, now));
    this.#judge(listener, now, stream.engine === null ? 0 : stream.chunkAt);
    const { pace } = this.#relay;
    listener.suitableIntervalMs = pace.suitable(listener, now);
    if (!listener.isHidden) pace.count(listener.suitableIntervalMs);
    if ((slot + this.#round) % PING_EVERY === 0) this.#ping(listener, now);
  }

  /** NaN without an engine: where there is nothing to send, there is no rate of 0, and no window is kept. */
  #sendRate(stream: Stream, listener: Listener, now: number): number {
    if (stream.engine === null) return Number.NaN;
    const { slot } = listener;
    const since = Math.max(listener.openedAt, stream.engineSince);
    countFrom(this.#connectionRates, this.#connectionsSince, slot, since, listener.sentBefore);
    const sent = this.#tables.connections.get(slot, CONNECTION.chunks_sent);
    return this.#connectionRates.sample(slot, sent, now, stream.chunkAt);
  }

  #sweepReported(connection: ReportedConnection, now: number): void {
    connection.refresh(now);
    this.#judge(connection, now, 0);
  }

  #judge(connection: Connection, now: number, chunkAt: number): void {
    const health = connection.judge(now, chunkAt);
    this.#healths[health] = (this.#healths[health] as number) + 1;
  }

  /** An engine whose host has vanished sends nothing and closes nothing: it would keep its place for ever. */
  #sweepEngine(stream: Stream, now: number): void {
    const { engine } = stream;
    if (engine === null || stream.isEngineStalled) return;
    if (now - stream.engineSignAt > STALLED_MS) {
      stream.isEngineStalled = true;
      this.#counters.add('stalled_closed');
      engine.close(CLOSE.STALLED, 'no sign of life');
    } else if ((stream.slot + this.#round) % PING_EVERY === 0) engine.ping();
  }

  /** Measures its round trip; of one that says what it has read, right after its next report. */
  #ping(listener: Listener, now: number): void {
    const { connections } = this.#tables;
    const reportAgeMs = now - listener.lastReportAt;
    const turnMs = PING_EVERY * 1000;
    // It has reported since the last turn, and was never near the end of what it was sent: what is shown is old.
    if (listener.isPingDue && reportAgeMs < turnMs) connections.clear(listener.slot, CONNECTION.rtt_ms);
    if (listener.confirms && reportAgeMs <= Math.max(turnMs, listener.reportIntervalMs)) listener.isPingDue = true;
    else listener.ping(!listener.confirms && listener.peer.backlog() === 0, now);
  }

  #sweepStream(stream: Stream, now: number): void {
    const { streams } = this.#tables;
    const { slot } = stream;
    stream.refresh(now);
    const since = Math.max(stream.openedAt, stream.engineSince);
    countFrom(this.#streamRates, this.#streamsSince, slot, since, stream.publishedBefore);
    const published = streams.get(slot, STREAM.chunks_published);
    const rate = this.#streamRates.sample(slot, published, now, stream.chunkAt);
    streams.set(slot, STREAM.chunk_send_rate, stream.engine === null ? Number.NaN : rate);
    streams.set(slot, STREAM.listeners_ok, this.#healths[HEALTH.ok] as number);
    streams.set(slot, STREAM.listeners_warning, this.#healths[HEALTH.warning] as number);
    streams.set(slot, STREAM.listeners_critical, this.#healths[HEALTH.critical] as number);
    const latencies = this.#sorted(stream, CONNECTION.latency_ms, this.#isLatencyTrue);
    streams.set(slot, STREAM.latency_p50_ms, quantile(latencies, 0.5));
    streams.set(slot, STREAM.latency_p95_ms, quantile(latencies, 0.95));
    streams.set(slot, STREAM.latency_p99_ms, quantile(latencies, 0.99));
    const rtts = this.#sorted(stream, CONNECTION.rtt_ms, this.#isOpen);
    streams.set(slot, STREAM.rtt_p50_ms, quantile(rtts, 0.5));
    streams.set(slot, STREAM.rtt_p95_ms, quantile(rtts, 0.95));
    streams.set(slot, STREAM.rtt_p99_ms, quantile(rtts, 0.99));
    const depths = this.#sorted(stream, CONNECTION.buffer_depth_ms, this.#isBelieved);
    streams.set(slot, STREAM.buffer_depth_p5_ms, quantile(depths, 0.05));
    streams.set(slot, STREAM.buffer_depth_p50_ms, quantile(depths, 0.5));
  }

  /** A latency counts where the clock behind it is known, and its listener believed in everything. */
  readonly #isLatencyTrue = (slot: number): boolean =>
    this.#tables.connections.get(slot, CONNECTION.clock) === 1 &&
    this.#tables.connections.get(slot, CONNECTION.trust) === TRUST.live;

  /** What a listener says of the present counts unless it is old or contradicts what it does; a clock has no part in it. */
  readonly #isBelieved = (slot: number): boolean => {
    const trust = this.#tables.connections.get(slot, CONNECTION.trust);
    return trust === TRUST.live || trust === TRUST.unsynced;
  };

  /** The hub's own measure asks for no trust. */
  readonly #isOpen = (slot: number): boolean =>
    this.#tables.connections.get(slot, CONNECTION.state) === CONNECTION_STATE.open;

  /** A column of a stream's connections that count, sorted; valid until the next call. */
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

/** A window begins anew with another row in its slot, and with another engine: a rate is never one over two engines. */
function countFrom(rates: RateWindows, begun: number[], slot: number, since: number, count: number): void {
  if (begun[slot] === since) return;
  begun[slot] = since;
  rates.open(slot, since, count);
}
