import { SCHEMAS } from '@auralis/shared';
import { ExternalCounter } from '../state/external-counter.js';
import { CONNECTION, CONNECTION_STATE, PLAYER_MARK, type Tables } from '../state/tables.js';
import { ALL_POSSIBLE, figureOf } from '../state/trust.js';
import { NOMINAL_CHUNK_MS } from './chunk-bounds.js';
import { Connection, type Supplied } from './connection.js';

/** A server's figures about a connection, checked. null: not reported. Counters are since the connection opened. */
export interface ConnectionMetrics {
  readonly chunksSent: number | null;
  readonly chunksDropped: number | null;
  readonly bytesSent: number | null;
  /** Duration of its chunks. */
  readonly chunkMs: number | null;
  /** Audio that it reckons its client has buffered. */
  readonly bufferDepthMs: number | null;
  readonly rttMs: number | null;
}

/** Report of a connection's client. */
export interface ClientReport {
  readonly saysBufferDepth: boolean;
  readonly hidden: boolean | null;
  /** `writeTo` found that its latency cannot be. */
  readonly isLatencyImpossible: boolean;
  writeTo(table: Tables['connections'], slot: number): void;
}

/** Rise of a connection's counters by a report. */
export interface Increase {
  readonly sent: number;
  readonly dropped: number;
  /** As many of `dropped` as were dropped just now, and not before anybody counted. */
  readonly droppedNow: number;
}

/** This many reports may be missing before a connection is stale. */
const STALE_REPORTS = 3;

/** Most that a server sends one listener: chunks of a millisecond, and a gigabyte a second. */
const MOST_CHUNKS_PER_MS = 1;
const MOST_BYTES_PER_MS = 1_000_000;

/** Counters of a connection, over their restarts. */
export class ConnectionCounters {
  readonly sent = new ExternalCounter(MOST_CHUNKS_PER_MS);
  readonly dropped = new ExternalCounter(MOST_CHUNKS_PER_MS);
  readonly bytes = new ExternalCounter(MOST_BYTES_PER_MS);
}

/** A connection that somebody else serves and reports. */
export class ExternalConnection extends Connection {
  readonly counters: ConnectionCounters;
  protected override readonly playsSegments: boolean;
  /** Its last report had a figure that cannot be. */
  isImpossible = false;
  readonly #staleAfterMs: number;
  /** Value of `impossible_figure` for a counter of its server. */
  #impossibleCounter = ALL_POSSIBLE;
  /** It was open before anybody told of it, and has not reported since. */
  #isFound: boolean;
  #clientSaysDepth = false;
  /** The hub does not see chunks of another server. It knows only what that server reports. */
  supply: Supplied = { isLate: false, hadBurst: false, longestMs: 0 };

  /**
   * `staleAfterMs`: without a report for this long it is stale. `counters`: its counters when it was last known.
   * null: it opens just now, so everything it counts happened since.
   */
  constructor(
    table: Tables['connections'],
    slot: number,
    staleAfterMs: number,
    counters: ConnectionCounters | null,
    now: number,
  ) {
    super(table, slot, staleAfterMs / STALE_REPORTS, now);
    this.#staleAfterMs = staleAfterMs;
    this.playsSegments = table.keyOf(slot).includes(PLAYER_MARK);
    this.counters = counters ?? new ConnectionCounters();
    this.#isFound = counters !== null;
    if (counters !== null) return;
    for (const counter of Object.values(this.counters) as ExternalCounter[]) counter.begin(now);
  }

  /** The hub does not know what another server sent. */
  override get sentMs(): number {
    return Number.NaN;
  }

  /** Take a report. */
  report(metrics: ConnectionMetrics | null, client: ClientReport | null, now: number): Increase {
    const { table, slot } = this;
    this.noteReport(now);
    table.add(slot, CONNECTION.reports, 1);
    table.set(slot, CONNECTION.last_report_at, table.epochS(now));
    table.set(slot, CONNECTION.state, CONNECTION_STATE.open);
    if (client !== null) {
      client.writeTo(table, slot);
      if (client.hidden !== null) this.setHidden(client.hidden);
      if (client.saysBufferDepth) this.#clientSaysDepth = true;
    }
    this.#impossibleCounter = ALL_POSSIBLE;
    const increase = metrics === null ? NOTHING : this.#takeMetrics(metrics, now);
    this.isImpossible = this.checkReport(this.#impossibleCounter);
    if (this.#isFound) this.forgive();
    this.#isFound = false;
    this.measureGap();
    return increase;
  }

  override refresh(now: number): void {
    super.refresh(now);
    const { table, slot } = this;
    const rate = this.counters.sent.rate(now);
    table.set(slot, CONNECTION.chunk_send_rate, rate);
    table.set(slot, CONNECTION.audio_rate, (rate * (this.supply.longestMs || NOMINAL_CHUNK_MS)) / 1000);
    if (now - this.lastReportAt > this.#staleAfterMs) table.set(slot, CONNECTION.state, CONNECTION_STATE.stale);
  }

  #takeMetrics(metrics: ConnectionMetrics, now: number): Increase {
    const { table, slot } = this;
    if (metrics.chunkMs !== null) this.supply = { ...this.supply, longestMs: metrics.chunkMs };
    if (metrics.rttMs !== null) table.set(slot, CONNECTION.rtt_ms, metrics.rttMs);
    if (metrics.bufferDepthMs !== null) {
      table.set(slot, CONNECTION.buffer_model_ms, metrics.bufferDepthMs);
      // As long as nobody knows better.
      if (!this.#clientSaysDepth) table.set(slot, CONNECTION.buffer_depth_ms, metrics.bufferDepthMs);
    }
    const { bytes, sent, dropped } = this.counters;
    this.#count(bytes, CONNECTION.bytes_sent, metrics.bytesSent, now);
    const sentMore = this.#count(sent, CONNECTION.chunks_sent, metrics.chunksSent, now).total;
    const drops = this.#count(dropped, CONNECTION.chunks_dropped, metrics.chunksDropped, now);
    // Nobody knows when those were that were dropped before it was found.
    const droppedNow = this.#isFound ? 0 : drops.increase;
    if (metrics.chunksDropped !== null) this.noteDrops(droppedNow, now);
    return { sent: sentMore, dropped: drops.total, droppedNow };
  }

  /**
   * Takes a counter and shows its total over its restarts. Returns by how much that has grown, and by how much since
   * the report before.
   */
  #count(counter: ExternalCounter, column: number, value: number | null, now: number) {
    if (value === null) return { total: 0, increase: 0 };
    const before = counter.total || 0;
    const increase = counter.report(value, now);
    // A value that cannot be is shown, but not counted.
    this.table.set(this.slot, column, counter.isImpossible ? value : counter.total);
    if (counter.isImpossible) this.#impossibleCounter = figureOf(SCHEMAS.connections.columns[column]?.name ?? '');
    return { total: counter.total - before, increase };
  }
}

const NOTHING: Increase = { sent: 0, dropped: 0, droppedNow: 0 };
