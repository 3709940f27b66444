import { defaultRuntime, type Runtime } from '../runtime.js';
import { HubSender, type HubSenderOptions } from './hub-sender.js';
import { ProcessReadings } from './process-readings.js';

/** Means of syntheses are over so many, those of the summary over so many snapshots, as the spec has it. */
const RECENT_SYNTHESES = 10;
const RECENT_SNAPSHOTS = 100;
const HISTORY_SIZE = 1_000;
/** A synthesis that was never ended is forgotten when so many others are under way. */
const MAX_PENDING = 256;

/** Readings of one moment. NaN: not known. */
export interface MetricsSnapshot {
  /** ms since 1970. */
  readonly timestamp: number;
  readonly synthesisLatencyMs: number;
  readonly realTimeFactor: number;
  readonly bufferDepthMs: number;
  readonly activeClients: number;
  readonly phraseQueueDepth: number;
  /** CPU of this process since the snapshot before; 100 is one core. */
  readonly cpuPercent: number;
  readonly memoryMb: number;
  readonly chunksSent: number;
  readonly chunksDropped: number;
}

/**
 * The specification's summary, names in camelCase. Readings that were never reported are left out, because missing is
 * not zero.
 */
export interface SummaryStats {
  readonly uptimeSeconds: number;
  readonly totalPhrasesGenerated: number;
  readonly totalSynthesisErrors: number;
  /** Failures ÷ attempts. */
  readonly synthesisErrorRate?: number;
  readonly totalChunksSent: number;
  readonly totalChunksDropped: number;
  /** Dropped ÷ (sent + dropped). */
  readonly chunkDropRate?: number;
  readonly avgSynthesisLatencyMs?: number;
  readonly avgRtf?: number;
  readonly avgBufferDepthMs?: number;
  readonly avgCpuPercent?: number;
  readonly avgMemoryMb?: number;
  readonly currentActiveClients: number;
}

export interface MetricsCollectorOptions extends HubSenderOptions {
  /** Snapshots kept. Default 1,000. */
  readonly historySize?: number;
}

/**
 * The `MetricsCollector` of the Auralis monitoring spec, for engines in Node: what it records reaches the hub in the
 * background.
 */
export class MetricsCollector {
  totalPhrasesGenerated = 0;
  totalSynthesisErrors = 0;
  totalChunksSent = 0;
  totalChunksDropped = 0;
  readonly history: MetricsSnapshot[] = [];
  readonly sender: HubSender;
  readonly #historySize: number;
  readonly #runtime: Runtime;
  readonly #process: ProcessReadings;
  /** Syntheses under way with the time of their start, the oldest first. */
  readonly #pending = new Map<string, number>();
  readonly #latencies: number[] = [];
  readonly #realTimeFactors: number[] = [];
  readonly #prefix: string;
  #started = 0;

  constructor(options: MetricsCollectorOptions = {}) {
    this.sender = new HubSender(options);
    this.#historySize = options.historySize ?? HISTORY_SIZE;
    this.#runtime = options.runtime ?? defaultRuntime;
    this.#process = new ProcessReadings(this.#runtime);
    // Ids of another process that publishes the same stream are others.
    this.#prefix = Math.floor(this.#runtime.random() * 2 ** 48).toString(36);
  }

  /** A synthesis begins. Returns its id, for `recordSynthesisEnd`: several may be under way. */
  recordSynthesisStart(): string {
    const id = `${this.#prefix}-${++this.#started}`;
    this.#pending.set(id, this.#runtime.now());
    const [oldest] = this.#pending.keys();
    if (this.#pending.size > MAX_PENDING && oldest !== undefined) this.#pending.delete(oldest);
    this.sender.event({ type: 'synthesis_start', id });
    return id;
  }

  /**
   * A synthesis has ended: that of `id`, or without it the oldest under way. Returns how long it took and how many
   * seconds of audio it made in a second; null where none was under way.
   */
  recordSynthesisEnd(
    success = true,
    phraseDurationSec = 22,
    id = this.#pending.keys().next().value,
  ): { readonly latencyMs: number; readonly realTimeFactor: number } | null {
    const startedAt = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || startedAt === undefined) return null;
    this.#pending.delete(id);
    const latencyMs = this.#runtime.now() - startedAt;
    const realTimeFactor = latencyMs > 0 ? (phraseDurationSec * 1000) / latencyMs : 0;
    if (success) {
      this.totalPhrasesGenerated++;
      // How fast a failure was says nothing.
      keep(this.#latencies, latencyMs, RECENT_SYNTHESES);
      keep(this.#realTimeFactors, realTimeFactor, RECENT_SYNTHESES);
    } else this.totalSynthesisErrors++;
    this.sender.event({ type: 'synthesis_end', id, success, latencyMs, phraseDurationSec });
    return { latencyMs, realTimeFactor };
  }

  recordChunkSent(): void {
    this.totalChunksSent++;
    this.#tellChunks();
  }

  recordChunkDropped(): void {
    this.totalChunksDropped++;
    this.#tellChunks();
  }

  /** Takes a snapshot, and tells the hub. */
  takeSnapshot(bufferDepthMs: number, activeClients: number, phraseQueueDepth: number): MetricsSnapshot {
    const { cpuPercent, memoryMb } = this.#process.read();
    const snapshot: MetricsSnapshot = {
      timestamp: this.#runtime.now(),
      synthesisLatencyMs: mean(this.#latencies),
      realTimeFactor: mean(this.#realTimeFactors),
      bufferDepthMs,
      activeClients,
      phraseQueueDepth,
      cpuPercent,
      memoryMb,
      chunksSent: this.totalChunksSent,
      chunksDropped: this.totalChunksDropped,
    };
    keep(this.history, snapshot, this.#historySize);
    // Each depth in turn, as the hub counts how often the queue ran empty.
    this.sender.event({ type: 'queue', depth: phraseQueueDepth });
    this.sender.latest({ type: 'buffer', depthMs: bufferDepthMs });
    this.sender.latest({ type: 'clients', active: activeClients });
    if (!Number.isNaN(cpuPercent + memoryMb)) this.sender.latest({ type: 'process', cpuPercent, memoryMb });
    return snapshot;
  }

  /** null before the first snapshot. */
  getSummaryStats(): SummaryStats | null {
    const [first] = this.history;
    const recent = this.history.slice(-RECENT_SNAPSHOTS);
    const last = recent.at(-1);
    if (first === undefined || last === undefined) return null;
    const attempts = this.totalPhrasesGenerated + this.totalSynthesisErrors;
    const chunks = this.totalChunksSent + this.totalChunksDropped;
    const meanOf = (pick: (snapshot: MetricsSnapshot) => number) => mean(recent.map(pick));
    const stats: Required<SummaryStats> = {
      uptimeSeconds: (this.#runtime.now() - first.timestamp) / 1000,
      totalPhrasesGenerated: this.totalPhrasesGenerated,
      totalSynthesisErrors: this.totalSynthesisErrors,
      synthesisErrorRate: this.totalSynthesisErrors / attempts,
      totalChunksSent: this.totalChunksSent,
      totalChunksDropped: this.totalChunksDropped,
      chunkDropRate: this.totalChunksDropped / chunks,
      avgSynthesisLatencyMs: meanOf((snapshot) => snapshot.synthesisLatencyMs),
      avgRtf: meanOf((snapshot) => snapshot.realTimeFactor),
      avgBufferDepthMs: meanOf((snapshot) => snapshot.bufferDepthMs),
      avgCpuPercent: meanOf((snapshot) => snapshot.cpuPercent),
      avgMemoryMb: meanOf((snapshot) => snapshot.memoryMb),
      currentActiveClients: last.activeClients,
    };
    return Object.fromEntries(
      Object.entries(stats).filter(([, value]) => !Number.isNaN(value)),
    ) as unknown as SummaryStats;
  }

  /** Return the known readings in Prometheus' text format; '' before the first snapshot. */
  exportPrometheus(): string {
    const stats = this.getSummaryStats();
    if (stats === null) return '';
    return FAMILIES.flatMap(([name, type, key, help]) => {
      const value = stats[key];
      return value === undefined ? [] : [`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`];
    }).join('');
  }

  /** Waits until the hub has all, `timeoutMs` at most (2,000): before `process.exit`, which waits for nothing. */
  flush(timeoutMs?: number): Promise<boolean> {
    return this.sender.flush(timeoutMs);
  }

  #tellChunks(): void {
    // Counters: of any number of chunks between two messages, the last says all.
    this.sender.latest({ type: 'chunks', sent: this.totalChunksSent, dropped: this.totalChunksDropped });
  }
}

const FAMILIES: readonly (readonly [name: string, type: string, key: keyof SummaryStats, help: string])[] = [
  ['auralis_phrases_total', 'counter', 'totalPhrasesGenerated', 'Total phrases generated'],
  ['auralis_synthesis_errors_total', 'counter', 'totalSynthesisErrors', 'Total synthesis errors'],
  ['auralis_synthesis_latency_ms', 'gauge', 'avgSynthesisLatencyMs', 'Average synthesis latency in milliseconds'],
  ['auralis_real_time_factor', 'gauge', 'avgRtf', 'Synthesis real-time factor'],
  ['auralis_buffer_depth_ms', 'gauge', 'avgBufferDepthMs', 'Audio buffer depth in milliseconds'],
  ['auralis_active_clients', 'gauge', 'currentActiveClients', 'Number of active WebSocket clients'],
  ['auralis_cpu_percent', 'gauge', 'avgCpuPercent', 'CPU usage percentage'],
  ['auralis_memory_mb', 'gauge', 'avgMemoryMb', 'Memory usage in megabytes'],
  ['auralis_chunks_sent_total', 'counter', 'totalChunksSent', 'Total audio chunks sent'],
  ['auralis_chunks_dropped_total', 'counter', 'totalChunksDropped', 'Total audio chunks dropped'],
];

function keep<Item>(items: Item[], item: Item, most: number): void {
  items.push(item);
  if (items.length > most) items.shift();
}

/** Mean of the known values; NaN if there are none. */
function mean(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** The process' own, for the hub that the environment names; sends nothing before something is recorded. */
export const metricsCollector = new MetricsCollector();
