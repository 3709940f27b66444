import { SCHEMAS } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import type { EngineTotals } from '../state/engine-totals.js';
import { CONNECTION, CONNECTION_STATE, ENGINE, HUB, STREAM, type Tables } from '../state/tables.js';
import { isBelieved } from '../state/trust.js';
import { roundedAs } from './rounded.js';

const known = (description: string) => z.number().openapi({ description });
const maybe = (description: string) => z.number().nullable().openapi({ description });

/** The spec's `get_summary_stats`: every key, null where nothing was ever reported. */
export const summarySchema = z
  .object({
    uptime_seconds: known('Seconds since the hub started'),
    total_phrases_generated: maybe('Syntheses that succeeded'),
    total_synthesis_errors: maybe('Syntheses that failed'),
    synthesis_error_rate: maybe('Failures ÷ attempts, 0 to 1'),
    total_chunks_sent: known('Chunks sent to listeners'),
    total_chunks_dropped: known('Chunks dropped for listeners'),
    chunk_drop_rate: maybe('Dropped ÷ (sent + dropped), 0 to 1'),
    avg_synthesis_latency_ms: maybe('Mean over the last 100 s of what was reported in them (ms)'),
    avg_rtf: maybe('Seconds of audio per second of synthesis, mean over the last 100 s (×)'),
    avg_buffer_depth_ms: maybe("The engine's ring buffer, or else the listeners', mean over the last 100 s (ms)"),
    avg_cpu_percent: maybe('CPU of the host, mean over the last 100 s (%)'),
    avg_memory_mb: maybe("Memory of the engine's process, or else the hub's, mean over the last 100 s (MB)"),
    current_active_clients: known('Listeners connected now'),
  })
  .openapi('Summary');

export type Summary = z.infer<typeof summarySchema>;

/** Snapshots kept (the spec's history_size), and how many of the last the means are over. */
const HISTORY_SIZE = 1000;
const RECENT = 100;

/** Figures of one second; NaN if nothing was reported. */
interface Snapshot {
  readonly synthesisLatencyMs: number;
  readonly realTimeFactor: number;
  readonly bufferDepthMs: number;
  readonly cpuPercent: number;
  readonly memoryMb: number;
}

const ROUND: Readonly<Record<keyof Snapshot, ReturnType<typeof roundedAs>>> = {
  synthesisLatencyMs: roundedAs('engines.synthesis_latency_ms'),
  realTimeFactor: roundedAs('engines.real_time_factor'),
  bufferDepthMs: roundedAs('engines.ring_buffer_depth_ms'),
  cpuPercent: roundedAs('hosts.cpu_percent'),
  memoryMb: roundedAs('hosts.process_memory_mb'),
};

/** Takes a snapshot a second and answers the spec's summary from the last of them. */
export class SummaryHistory {
  readonly #tables: Tables;
  readonly #hubSlot: number;
  readonly #totals: EngineTotals;
  readonly #startedAt: number;
  readonly #history: Snapshot[] = [];

  constructor(tables: Tables, hubSlot: number, totals: EngineTotals, startedAt: number) {
    this.#tables = tables;
    this.#hubSlot = hubSlot;
    this.#totals = totals;
    this.#startedAt = startedAt;
  }

  take(): void {
    const hubMemoryMb = this.#tables.hubs.get(this.#hubSlot, HUB.process_memory_mb);
    this.#history.push({
      synthesisLatencyMs: this.#ofEngines(ENGINE.synthesis_latency_ms),
      realTimeFactor: this.#ofEngines(ENGINE.real_time_factor),
      bufferDepthMs: firstKnown(this.#ofEngines(ENGINE.ring_buffer_depth_ms), this.#meanBufferDepth()),
      cpuPercent: this.#hostCpu(),
      memoryMb: firstKnown(this.#ofEngines(ENGINE.process_memory_mb), hubMemoryMb),
    });
    if (this.#history.length > HISTORY_SIZE) this.#history.shift();
  }

  /**
   * Return the figures of the last second and the present counts, for a line of the reporter. NaN if nothing was
   * reported.
   */
  present() {
    const last = this.#history.at(-1);
    return {
      clients: this.#clients(),
      bufferMs: last?.bufferDepthMs ?? Number.NaN,
      cpuPercent: last?.cpuPercent ?? Number.NaN,
      memoryMb: last?.memoryMb ?? Number.NaN,
      chunksSent: this.#chunks('chunks_sent'),
      chunksDropped: this.#chunks('chunks_dropped'),
    };
  }

  summary(now: number): Summary {
    const recent = this.#history.slice(-RECENT);
    const { phrases, synthesisErrors, attempts } = this.#totals;
    const sent = this.#chunks('chunks_sent');
    const dropped = this.#chunks('chunks_dropped');
    const meanOf = (figure: keyof Snapshot) => ROUND[figure](mean(recent.map((snapshot) => snapshot[figure])));
    return {
      uptime_seconds: Math.round(now - this.#startedAt) / 1000,
      total_phrases_generated: attempts === 0 ? null : phrases,
      total_synthesis_errors: attempts === 0 ? null : synthesisErrors,
      // A rate is failures ÷ attempts; without an attempt there is none.
      synthesis_error_rate: attempts === 0 ? null : synthesisErrors / attempts,
      total_chunks_sent: sent,
      total_chunks_dropped: dropped,
      chunk_drop_rate: sent + dropped === 0 ? null : dropped / (sent + dropped),
      avg_synthesis_latency_ms: meanOf('synthesisLatencyMs'),
      avg_rtf: meanOf('realTimeFactor'),
      avg_buffer_depth_ms: meanOf('bufferDepthMs'),
      avg_cpu_percent: meanOf('cpuPercent'),
      avg_memory_mb: meanOf('memoryMb'),
      current_active_clients: this.#clients(),
    };
  }

  /** Chunks to listeners of the hub, and those of engines that stream by themselves. */
  #chunks(counter: 'chunks_sent' | 'chunks_dropped'): number {
    const { sent, dropped } = this.#totals.externalChunks;
    return this.#tables.hubs.get(this.#hubSlot, HUB[counter]) + (counter === 'chunks_sent' ? sent : dropped);
  }

  #clients(): number {
    return this.#tables.hubs.get(this.#hubSlot, HUB.active_connections) + this.#clientsElsewhere();
  }

  /** Mean of a column over the engines that report it; NaN where none does. */
  #ofEngines(column: number): number {
    const { engines } = this.#tables;
    return mean([...engines.slots()].map((slot) => engines.get(slot, column))) ?? Number.NaN;
  }

  /**
   * Return the number of clients that other servers serve. An engine and the server of its connections report the
   * same ones, so the larger number counts. An engine that publishes here counts this hub's listeners, which are
   * counted already.
   */
  #clientsElsewhere(): number {
    const { engines, streams } = this.#tables;
    let clients = 0;
    for (const slot of streams.slots()) {
      const engine = engines.slotOf(streams.keyOf(slot));
      const isPublishing = streams.get(slot, STREAM.publishing) === 1;
      const said = engine === undefined || isPublishing ? 0 : engines.get(engine, ENGINE.active_clients) || 0;
      clients += Math.max(said, streams.get(slot, STREAM.external_connections) || 0);
    }
    return clients;
  }

  /** Row of this hub's host, which has the hub's name. */
  #hostCpu(): number {
    const { hubs, hosts } = this.#tables;
    const slot = hosts.slotOf(hubs.keyOf(this.#hubSlot));
    return slot === undefined ? Number.NaN : hosts.get(slot, SCHEMAS.hosts.index.cpu_percent);
  }

  /** Mean over the listeners that are open and believed. */
  #meanBufferDepth(): number {
    const { connections } = this.#tables;
    let sum = 0;
    let count = 0;
    for (const slot of connections.slots()) {
      const depth = connections.get(slot, CONNECTION.buffer_depth_ms);
      const isOpen = connections.get(slot, CONNECTION.state) === CONNECTION_STATE.open;
      if (Number.isNaN(depth) || !isOpen || !isBelieved(connections, slot)) continue;
      sum += depth;
      count++;
    }
    return sum / count;
  }
}

function firstKnown(first: number, otherwise: number): number {
  return Number.isNaN(first) ? otherwise : first;
}

/** Mean of what was reported; null where nothing was. */
function mean(values: readonly number[]): number | null {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
