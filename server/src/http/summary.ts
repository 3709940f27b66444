import { SCHEMAS } from '@auralis/shared';
import { CONNECTION, CONNECTION_STATE, HUB, type Tables } from '../state/tables.js';

/** The spec's `get_summary_stats`: every key, null where nothing was ever reported. */
export interface Summary {
  readonly uptime_seconds: number;
  readonly total_phrases_generated: number | null;
  readonly total_synthesis_errors: number | null;
  readonly synthesis_error_rate: number | null;
  readonly total_chunks_sent: number;
  readonly total_chunks_dropped: number;
  readonly chunk_drop_rate: number | null;
  readonly avg_synthesis_latency_ms: number | null;
  readonly avg_rtf: number | null;
  readonly avg_buffer_depth_ms: number | null;
  readonly avg_cpu_percent: number | null;
  readonly avg_memory_mb: number | null;
  readonly current_active_clients: number;
}

/** Snapshots kept (the spec's history_size), and how many of the last the means are over. */
const HISTORY_SIZE = 1000;
const RECENT = 100;

interface Snapshot {
  readonly bufferDepthMs: number;
  readonly cpuPercent: number;
  readonly memoryMb: number;
}

/** Takes a snapshot a second and answers the spec's summary from them. */
export class SummaryHistory {
  readonly #tables: Tables;
  readonly #hubSlot: number;
  readonly #startedAt: number;
  readonly #history: Snapshot[] = [];

  constructor(tables: Tables, hubSlot: number, startedAt: number) {
    this.#tables = tables;
    this.#hubSlot = hubSlot;
    this.#startedAt = startedAt;
  }

  take(): void {
    const memoryMb = this.#tables.hubs.get(this.#hubSlot, HUB.process_memory_mb);
    this.#history.push({ bufferDepthMs: this.#meanBufferDepth(), cpuPercent: this.#hostCpu(), memoryMb });
    if (this.#history.length > HISTORY_SIZE) this.#history.shift();
  }

  summary(now: number): Summary {
    const { hubs } = this.#tables;
    const recent = this.#history.slice(-RECENT);
    const sent = hubs.get(this.#hubSlot, HUB.chunks_sent);
    const dropped = hubs.get(this.#hubSlot, HUB.chunks_dropped);
    return {
      uptime_seconds: Math.round(now - this.#startedAt) / 1000,
      total_phrases_generated: null,
      total_synthesis_errors: null,
      synthesis_error_rate: null,
      total_chunks_sent: sent,
      total_chunks_dropped: dropped,
      // A rate is failures ÷ attempts; without an attempt there is none.
      chunk_drop_rate: sent + dropped === 0 ? null : dropped / (sent + dropped),
      avg_synthesis_latency_ms: null,
      avg_rtf: null,
      avg_buffer_depth_ms: mean(recent.map((snapshot) => snapshot.bufferDepthMs)),
      avg_cpu_percent: mean(recent.map((snapshot) => snapshot.cpuPercent)),
      avg_memory_mb: mean(recent.map((snapshot) => snapshot.memoryMb)),
      current_active_clients: hubs.get(this.#hubSlot, HUB.active_connections),
    };
  }

  /** Of the host that this hub runs on: its row bears the hub's name. */
  #hostCpu(): number {
    const { hubs, hosts } = this.#tables;
    const slot = hosts.slotOf(hubs.keyOf(this.#hubSlot));
    return slot === undefined ? Number.NaN : hosts.get(slot, SCHEMAS.hosts.index.cpu_percent);
  }

  /** Over the listeners that are open and have said so. */
  #meanBufferDepth(): number {
    const { connections } = this.#tables;
    let sum = 0;
    let count = 0;
    for (const slot of connections.slots()) {
      const depth = connections.get(slot, CONNECTION.buffer_depth_ms);
      if (Number.isNaN(depth) || connections.get(slot, CONNECTION.state) !== CONNECTION_STATE.open) continue;
      sum += depth;
      count++;
    }
    return sum / count;
  }
}

/** Mean of what was reported; null where nothing was. */
function mean(values: readonly number[]): number | null {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
