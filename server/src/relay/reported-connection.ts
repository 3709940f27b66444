import { ReportedCounter } from '../state/reported-counter.js';
import { CONNECTION, CONNECTION_STATE, type Tables } from '../state/tables.js';
import { Connection } from './connection.js';

/** What its server says of a connection, checked. null: not said. Counters are since the connection opened. */
export interface ConnectionMetrics {
  readonly chunksSent: number | null;
  readonly chunksDropped: number | null;
  readonly bytesSent: number | null;
  /** Audio that it reckons its client has buffered. */
  readonly bufferDepthMs: number | null;
  readonly rttMs: number | null;
}

/** What the client of a connection says of itself. */
export interface ClientReport {
  readonly saysBufferDepth: boolean;
  readonly hidden: boolean | null;
  /** `writeTo` found that its latency cannot be. */
  readonly isLatencyImpossible: boolean;
  writeTo(table: Tables['connections'], slot: number): void;
}

/** What a report added to the counters of its connection. */
export interface Increase {
  readonly sent: number;
  readonly dropped: number;
  /** As many of `dropped` as were dropped just now, and not before anybody counted. */
  readonly droppedNow: number;
}

/** This many reports may be missing before a connection is stale. */
const STALE_REPORTS = 3;

/** A connection that somebody else serves and reports. */
export class ReportedConnection extends Connection {
  readonly #staleAfterMs: number;
  readonly #sent = new ReportedCounter();
  readonly #dropped = new ReportedCounter();
  readonly #bytes = new ReportedCounter();
  #clientSaysDepth = false;

  /** `staleAfterMs`: without a report for so long it is stale. */
  constructor(table: Tables['connections'], slot: number, staleAfterMs: number, now: number) {
    super(table, slot, staleAfterMs / STALE_REPORTS, now);
    this.#staleAfterMs = staleAfterMs;
  }

  /** It has opened just now: what its counters say from here on happened since, the first report's included. */
  countFromZero(now: number): void {
    for (const counter of [this.#sent, this.#dropped, this.#bytes]) counter.report(0, now);
  }

  /** Takes in a report. */
  report(metrics: ConnectionMetrics | null, client: ClientReport | null, now: number): Increase {
    const { table, slot } = this;
    this.lastReportAt = now;
    this.noteReport(now);
    if (client !== null) {
      client.writeTo(table, slot);
      if (client.hidden !== null) this.setHidden(client.hidden);
      if (client.saysBufferDepth) this.#clientSaysDepth = true;
    }
    return metrics === null ? NOTHING : this.#takeMetrics(metrics, now);
  }

  override refresh(now: number): void {
    super.refresh(now);
    const { table, slot } = this;
    table.set(slot, CONNECTION.chunk_send_rate, this.#sent.rate(now));
    if (now - this.lastReportAt > this.#staleAfterMs) table.set(slot, CONNECTION.state, CONNECTION_STATE.stale);
  }

  #takeMetrics(metrics: ConnectionMetrics, now: number): Increase {
    const { table, slot } = this;
    if (metrics.rttMs !== null) table.set(slot, CONNECTION.rtt_ms, metrics.rttMs);
    if (metrics.bufferDepthMs !== null) {
      table.set(slot, CONNECTION.buffer_model_ms, metrics.bufferDepthMs);
      // As long as nobody knows better.
      if (!this.#clientSaysDepth) table.set(slot, CONNECTION.buffer_depth_ms, metrics.bufferDepthMs);
    }
    if (metrics.bytesSent !== null) this.#count(this.#bytes, CONNECTION.bytes_sent, metrics.bytesSent, now);
    const sent =
      metrics.chunksSent === null ? 0 : this.#count(this.#sent, CONNECTION.chunks_sent, metrics.chunksSent, now);
    if (metrics.chunksDropped === null) return { sent, dropped: 0, droppedNow: 0 };
    const before = this.#dropped.total || 0;
    const droppedNow = this.#dropped.report(metrics.chunksDropped, now);
    table.set(slot, CONNECTION.chunks_dropped, this.#dropped.total);
    this.noteDrops(droppedNow, now);
    return { sent, dropped: this.#dropped.total - before, droppedNow };
  }

  /** Shows a counter's total, over its restarts; returns by how much that has grown. */
  #count(counter: ReportedCounter, column: number, value: number, now: number): number {
    const before = counter.total || 0;
    counter.report(value, now);
    this.table.set(this.slot, column, counter.total);
    return counter.total - before;
  }
}

const NOTHING: Increase = { sent: 0, dropped: 0, droppedNow: 0 };
