import type { EngineTotals } from '../state/engine-totals.js';
import { ENGINE, type Tables } from '../state/tables.js';
import { EventWindow } from '../time/windows.js';
import type { EngineEvent, Outcome } from './event.js';
import { SynthesisPairs } from './pairs.js';
import { RecentMean } from './recent.js';
import { SlidingSketch } from './sketch.js';

type Start = Extract<EngineEvent, { type: 'synthesis_start' }>;
type End = Extract<EngineEvent, { type: 'synthesis_end' }>;

const WINDOW_MS = 300_000;

/** How fast and how reliably one engine synthesises: the columns of its row that say so. Time is an argument. */
export class SynthesisFigures {
  readonly #table: Tables['engines'];
  readonly #slot: number;
  readonly #totals: EngineTotals;
  readonly #pairs = new SynthesisPairs();
  readonly #attempts = new EventWindow(WINDOW_MS, 100);
  readonly #failures = new EventWindow(WINDOW_MS, 100);
  readonly #latencies = new SlidingSketch(WINDOW_MS);
  #latencyMean = new RecentMean();
  #factorMean = new RecentMean();
  #hasBegun = false;

  constructor(table: Tables['engines'], slot: number, totals: EngineTotals) {
    this.#table = table;
    this.#slot = slot;
    this.#totals = totals;
  }

  start(event: Start, now: number): void {
    const late = this.#pairs.start(event.id, event.at, now);
    if (late !== null) this.#noteLatency(late.latencyMs, late.outcome, now);
    this.#showPairs();
  }

  end(event: End, now: number): void {
    const ended = this.#pairs.end(event.id, event.at, event.latencyMs, event, now);
    if (ended !== null) this.ended(ended.latencyMs, event, now);
    this.#showPairs();
  }

  /** A synthesis has ended: the attempt counts now, whether or not its latency is known. */
  ended(latencyMs: number | null, outcome: Outcome, now: number): void {
    this.#hasBegun = true;
    // The two counters begin together: no error is then a figure, and not missing.
    this.#table.add(this.#slot, ENGINE.phrases_generated, outcome.success ? 1 : 0);
    this.#table.add(this.#slot, ENGINE.synthesis_errors, outcome.success ? 0 : 1);
    this.#attempts.add(now);
    if (outcome.success) this.#totals.phrases++;
    else {
      this.#totals.synthesisErrors++;
      this.#failures.add(now);
    }
    if (outcome.gpuMemoryMb !== null) this.#set(ENGINE.gpu_memory_mb, outcome.gpuMemoryMb);
    this.#showRate(now);
    this.#noteLatency(latencyMs, outcome, now);
  }

  /** Brings up to date what changes by time alone. */
  refresh(now: number): void {
    this.#pairs.expire(now);
    if (this.#pairs.pending + this.#pairs.unpaired > 0) this.#showPairs();
    if (this.#latencies.expire(now)) this.#showQuantiles();
    if (this.#hasBegun) this.#showRate(now);
  }

  /** The next synthesis is the first that the means are over. */
  forgetMeans(): void {
    this.#latencyMean = new RecentMean();
    this.#factorMean = new RecentMean();
  }

  /** How fast a failure was says nothing of how fast synthesis is. */
  #noteLatency(latencyMs: number | null, { success, phraseDurationSec }: Outcome, now: number): void {
    if (latencyMs === null || !success) return;
    this.#set(ENGINE.synthesis_latency_last_ms, latencyMs);
    this.#set(ENGINE.synthesis_latency_ms, this.#latencyMean.add(latencyMs));
    this.#latencies.add(now, latencyMs);
    this.#showQuantiles();
    if (latencyMs === 0 || phraseDurationSec === null) return;
    // Seconds of audio ÷ seconds of synthesis.
    const factor = (phraseDurationSec * 1000) / latencyMs;
    this.#set(ENGINE.real_time_factor_last, factor);
    this.#set(ENGINE.real_time_factor, this.#factorMean.add(factor));
  }

  #showPairs(): void {
    this.#set(ENGINE.syntheses_pending, this.#pairs.pending);
    this.#set(ENGINE.syntheses_unpaired, this.#pairs.unpaired);
  }

  /** Failures ÷ attempts; missing where the window holds none. */
  #showRate(now: number): void {
    const attempts = this.#attempts.total(now);
    this.#set(ENGINE.synthesis_attempts_5min, attempts);
    this.#set(ENGINE.synthesis_failure_rate, this.#failures.total(now) / attempts);
  }

  #showQuantiles(): void {
    const { total } = this.#latencies;
    this.#set(ENGINE.synthesis_latency_p50_ms, total.quantile(0.5));
    this.#set(ENGINE.synthesis_latency_p95_ms, total.quantile(0.95));
    this.#set(ENGINE.synthesis_latency_p99_ms, total.quantile(0.99));
  }

  #set(column: number, value: number): void {
    this.#table.set(this.#slot, column, value);
  }
}
