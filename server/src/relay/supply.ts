import { type AudioFormat, type PublishedChunk, VALUES } from '@auralis/shared';
import { maxOutstandingMs } from '../listeners/chunk-bounds.js';

/** Values of `streams.status_reason`. */
export const SUPPLY = VALUES.streams.status_reason;

/** Audio ahead of real time drains at this multiple of it, so that a constant lead is no burst. */
const DRAIN = 2;
/** A burst shows as long as the drops that it causes. */
const BURST_SHOWN_MS = 60_000;
/** Share of the sums of PCM that is kept each second, so they cover the last five. */
const KEPT = 0.8;
/** Durations are rounded. 44.1 for 48 kHz is a difference of 8 %. */
const MAX_PCM_ERROR = 0.05;

/**
 * Judges how an engine supplies its stream: whether it sends in real time, and whether its bytes last as long as it
 * declares. Time is an argument.
 */
export class Supply {
  readonly #maxOutstandingMs: number;
  #aheadMs = 0;
  #at = Number.NEGATIVE_INFINITY;
  #burstMs = 0;
  #burstAt = Number.NEGATIVE_INFINITY;
  /** Duration of recent PCM, by its bytes and as declared, ms. */
  #provenMs = 0;
  #declaredMs = 0;

  /** `maxOutstandingMs`: as configured. */
  constructor(maxOutstandingMs: number) {
    this.#maxOutstandingMs = maxOutstandingMs;
  }

  /** Forget the engine before. */
  begin(): void {
    this.#aheadMs = this.#burstMs = this.#provenMs = this.#declaredMs = 0;
    this.#at = this.#burstAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * Note a chunk. `longestMs`: the longest recent one. `stalledMs`: how long the loop was blocked recently. Audio of
   * that time waited in the sockets and comes at once, so it is no burst.
   */
  add(
    { durationMs, payload }: PublishedChunk,
    format: AudioFormat | null,
    longestMs: number,
    stalledMs: number,
    now: number,
  ): void {
    this.#aheadMs = Math.max(-stalledMs, this.#aheadMs - DRAIN * (now - this.#at)) + durationMs;
    this.#at = now;
    if (this.#aheadMs > maxOutstandingMs(this.#maxOutstandingMs, longestMs)) {
      this.#burstMs = Math.max(this.burstMs(now), this.#aheadMs);
      this.#burstAt = now;
    }
    if (format?.encoding !== 'pcm_s16le') return;
    this.#provenMs += (payload.length * 1000) / (2 * format.channels * format.sampleRate);
    this.#declaredMs += durationMs;
  }

  /** Call once a second. */
  tick(): void {
    this.#provenMs *= KEPT;
    this.#declaredMs *= KEPT;
  }

  /** Most audio ahead of real time in the last minute, ms; 0 unless it made listeners lose chunks. */
  burstMs(now: number): number {
    return now - this.#burstAt < BURST_SHOWN_MS ? this.#burstMs : 0;
  }

  /** Duration of its PCM by the declared format ÷ declared duration; NaN if it declares no PCM. */
  get pcmRatio(): number {
    return this.#declaredMs > 0 ? this.#provenMs / this.#declaredMs : Number.NaN;
  }

  get isWrongFormat(): boolean {
    return Math.abs(this.pcmRatio - 1) > MAX_PCM_ERROR;
  }
}
