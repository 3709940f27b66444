import { type AudioFormat, STALLED_MS } from '@auralis/shared';
import type { EngineTotals } from '../state/engine-totals.js';
import { MOST_ENGINE_CHUNKS_PER_MS } from '../state/external-chunks.js';
import { ExternalCounter } from '../state/external-counter.js';
import { ENGINE, type Tables } from '../state/tables.js';
import { EventWindow } from '../time/windows.js';
import type { EngineEvent } from './event.js';
import { PcmPeak } from './pcm-peak.js';
import { RecentMean } from './recent.js';
import { SynthesisFigures } from './synthesis.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Readings of the present: missing as soon as the engine is gone. */
const PRESENT = [
  ENGINE.ring_buffer_depth_ms,
  ENGINE.phrase_queue_depth,
  ENGINE.process_cpu_percent,
  ENGINE.process_memory_mb,
  ENGINE.gpu_memory_mb,
  ENGINE.active_clients,
  ENGINE.chunk_send_rate,
];
/** Readings of its last work: missing once it has been stale for long. */
const RECENT = [
  ENGINE.synthesis_latency_ms,
  ENGINE.synthesis_latency_last_ms,
  ENGINE.real_time_factor,
  ENGINE.real_time_factor_last,
  ENGINE.peak_amplitude_db,
  ENGINE.phrase_generation_ms,
  ENGINE.notes_per_phrase,
];

/** One engine: its row of `engines`, and state that the row cannot hold. Time is an argument. */
export class Engine {
  readonly slot: number;
  /** Its chunks pass through the hub. */
  isPublishing = false;
  readonly #stream: string;
  readonly #table: Tables['engines'];
  readonly #totals: EngineTotals;
  readonly #synthesis: SynthesisFigures;
  #lastSignAt: number;
  #isSilent = false;
  #notesMean = new RecentMean();
  readonly #generationFailures = new EventWindow(HOUR_MS, 1000);
  readonly #sent = new ExternalCounter(MOST_ENGINE_CHUNKS_PER_MS);
  readonly #dropped = new ExternalCounter(MOST_ENGINE_CHUNKS_PER_MS);
  readonly #drops = new EventWindow(MINUTE_MS);
  #saidPeakDb = Number.NaN;
  #pcm: PcmPeak | null = null;

  constructor(stream: string, table: Tables['engines'], totals: EngineTotals, now: number) {
    this.#stream = stream;
    this.#table = table;
    this.#totals = totals;
    this.#lastSignAt = now;
    this.slot = table.open(stream, [stream]);
    this.#synthesis = new SynthesisFigures(table, this.slot, totals);
    for (const counter of [ENGINE.events, ENGINE.events_refused]) table.set(this.slot, counter, 0);
  }

  /** It publishes its audio through the hub from now on. */
  joined(format: AudioFormat | null, now: number): void {
    this.isPublishing = true;
    this.#sign(now);
    this.#pcm = format?.encoding === 'pcm_s16le' ? new PcmPeak(format.channels) : null;
  }

  left(): void {
    this.isPublishing = false;
    for (const column of PRESENT) this.#table.clear(this.slot, column);
  }

  /** A chunk of it has passed. */
  heard(payload: Uint8Array, now: number): void {
    this.#sign(now);
    if (this.#pcm === null) return;
    const { clipped } = this.#pcm;
    this.#pcm.add(now, payload);
    this.#table.add(this.slot, ENGINE.chunks_clipped, this.#pcm.clipped - clipped);
  }

  /** Set its last sign of life to now, unless it is stale. */
  signed(now: number): void {
    if (!this.#isSilent) this.#lastSignAt = now;
  }

  refused(count: number): void {
    this.#table.add(this.slot, ENGINE.events_refused, count);
  }

  take(event: EngineEvent, now: number): void {
    this.#sign(now);
    this.#table.add(this.slot, ENGINE.events, 1);
    this.#set(ENGINE.last_event_at, this.#table.epochS(now));
    switch (event.type) {
      case 'synthesis_start':
        this.#synthesis.start(event, now);
        break;
      case 'synthesis_end':
        this.#synthesis.end(event, now);
        this.#saidPeak(event.peakAmplitudeDb, now);
        break;
      case 'synthesis':
        this.#synthesis.ended(event.latencyMs, event, now);
        this.#saidPeak(event.peakAmplitudeDb, now);
        break;
      case 'phrase':
        this.#phrase(event.generationMs, event.notes, event.success, now);
        break;
      case 'queue':
        this.#queue(event.depth);
        break;
      case 'buffer':
        this.#set(ENGINE.ring_buffer_depth_ms, event.depthMs);
        break;
      case 'process':
        this.#set(ENGINE.process_cpu_percent, event.cpuPercent);
        this.#set(ENGINE.process_memory_mb, event.memoryMb);
        break;
      case 'chunks':
        this.#chunks(event.sent, event.dropped, now);
        break;
      case 'clients':
        this.#set(ENGINE.active_clients, event.active);
        break;
    }
  }

  /** Update columns that change by time alone. Call once a second. */
  refresh(now: number): void {
    this.#synthesis.refresh(now);
    if (this.#has(ENGINE.generation_failures_per_hour)) this.#showGenerationFailures(now);
    if (this.#has(ENGINE.chunks_sent)) this.#showChunkRates(now);
    this.#showPeak(now);
    this.#forgetIfSilent(now);
  }

  #forgetIfSilent(now: number): void {
    if (now - this.#lastSignAt < STALLED_MS || this.#isSilent) return;
    this.#isSilent = true;
    this.#synthesis.forgetMeans();
    this.#notesMean = new RecentMean();
    this.#saidPeakDb = Number.NaN;
    for (const column of [...PRESENT, ...RECENT]) this.#table.clear(this.slot, column);
  }

  #phrase(generationMs: number, notes: number | null, success: boolean, now: number): void {
    this.#set(ENGINE.phrase_generation_ms, generationMs);
    if (!success) this.#generationFailures.add(now);
    else if (notes !== null) this.#set(ENGINE.notes_per_phrase, this.#notesMean.add(notes));
    this.#showGenerationFailures(now);
  }

  /** An underrun is a queue that runs empty. A queue that is empty from the start is not. */
  #queue(depth: number): void {
    const before = this.#table.get(this.slot, ENGINE.phrase_queue_depth);
    if (!this.#has(ENGINE.phrase_queue_underruns)) this.#set(ENGINE.phrase_queue_underruns, 0);
    if (depth === 0 && before > 0) this.#table.add(this.slot, ENGINE.phrase_queue_underruns, 1);
    this.#set(ENGINE.phrase_queue_depth, depth);
  }

  #chunks(sent: number, dropped: number, now: number): void {
    this.#sent.report(sent, now);
    const drops = this.#dropped.report(dropped, now);
    if (drops > 0) this.#drops.add(now, drops);
    this.#set(ENGINE.chunks_sent, this.#sent.total);
    this.#set(ENGINE.chunks_dropped, this.#dropped.total);
    this.#set(ENGINE.chunks_marked, Number(this.#sent.isImpossible || this.#dropped.isImpossible));
    this.#showChunkRates(now);
    this.#totals.externalChunks.engineSays(this.#stream, sent, dropped, !this.isPublishing, now);
  }

  #sign(now: number): void {
    this.#lastSignAt = now;
    this.#isSilent = false;
  }

  #showGenerationFailures(now: number): void {
    this.#set(ENGINE.generation_failures_per_hour, this.#generationFailures.total(now));
  }

  #showChunkRates(now: number): void {
    this.#set(ENGINE.chunk_send_rate, this.#sent.rate(now));
    this.#set(ENGINE.dropped_per_min, this.#drops.total(now));
  }

  #saidPeak(decibels: number | null, now: number): void {
    if (decibels === null) return;
    this.#saidPeakDb = decibels;
    this.#showPeak(now);
  }

  /** The larger of the reported and the measured peak, because either may clip unseen by the other. */
  #showPeak(now: number): void {
    const measured = this.#pcm === null ? Number.NaN : this.#pcm.peakDb(now);
    this.#set(ENGINE.peak_measured_db, measured);
    this.#set(
      ENGINE.peak_amplitude_db,
      measured > this.#saidPeakDb || Number.isNaN(this.#saidPeakDb) ? measured : this.#saidPeakDb,
    );
  }

  #has(column: number): boolean {
    return !Number.isNaN(this.#table.get(this.slot, column));
  }

  #set(column: number, value: number): void {
    this.#table.set(this.slot, column, value);
  }
}
