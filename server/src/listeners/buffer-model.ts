import { excessMs, maxContradictionMs, maxDepthMs } from './chunk-bounds.js';

/** One report, as far as it speaks of playback. */
export interface PlaybackSample {
  /** When it was so, ms, by the listener's own clock if it tells. A late report is then not held against it. */
  readonly at: number;
  /** Since the report before, ms, by the hub's clock. */
  readonly sinceMs: number;
  /** Audio confirmed on this connection so far, ms. */
  readonly receivedMs: number;
  /** Audio buffered and not yet played, as reported, ms. */
  readonly depthMs: number;
  /** Audio gaps because of underruns so far, as reported, ms. */
  readonly underrunMs: number;
}

/** `frozen`: it receives and does not play. `contradicting`: its reported buffer is impossible. */
export type Divergence = 'frozen' | 'contradicting';

/**
 * Window over which reports are compared with the model. A fault of 200 ms a second is past the bound in 6 s. For
 * chunks of more than 100 ms window and bound grow alike.
 */
const WINDOW_MS = 8_000;
/** If the listener's clock and the hub's part by more than this between two reports, one was set or slept. */
const MAX_CLOCK_STEP_MS = 10_000;
/** A faster drain than this is not the drift of a sound card's clock. */
const MIN_DRAIN = 0.05;

/**
 * Models the buffer of one listener. While it plays, its buffer changes by the audio received, less the time that
 * passed, plus the audio gaps:
 *
 *   depth(t) = depth(t₀) + received(t) − received(t₀) − ((t − t₀) − (underrun(t) − underrun(t₀)))
 *
 * t₀ is a report some seconds ago, so no start-up time has to be believed. Audio that a player threw away once is
 * forgiven when it has left the window.
 */
export class BufferModel {
  /** How reports contradict the model, until both have come together again. */
  divergence: Divergence | null = null;
  /** The modelled buffer at the last report, ms; NaN before two reports of a playing listener. */
  modelMs = Number.NaN;
  /** The report that is compared with, the one that is next for that, and the last. */
  #from: PlaybackSample | null = null;
  #middle: PlaybackSample | null = null;
  #last: PlaybackSample | null = null;

  /** Take a report of a listener that says it plays. `chunkMs`: the longest recent chunk. */
  playing(sample: PlaybackSample, chunkMs: number): void {
    const bound = maxContradictionMs(chunkMs);
    if (this.#last !== null && !continues(this.#last, sample)) this.#forget();
    this.#last = sample;
    const from = this.#from;
    if (from === null) {
      this.#from = sample;
      return;
    }
    const passedMs = sample.at - from.at - (sample.underrunMs - from.underrunMs);
    this.modelMs = from.depthMs + sample.receivedMs - from.receivedMs - passedMs;
    const contradictionMs = sample.depthMs - this.modelMs;
    if (contradictionMs > bound) {
      // Audio received and not played makes a buffer grow. A buffer that does not shrink when it must is only
      // claimed.
      this.divergence ??= sample.depthMs - from.depthMs > contradictionMs / 2 ? 'frozen' : 'contradicting';
    } else if (contradictionMs < -bound) {
      // It has thrown audio away to catch up: from now on its buffer is what it reports.
      this.#from = this.#middle = sample;
    } else if (Math.abs(contradictionMs) < bound / 2 && sample.depthMs <= maxDepthMs(chunkMs)) {
      // A buffer that stopped growing because it is full does not play again, so its depth counts too.
      this.divergence = null;
    }
    this.#slide(sample, (WINDOW_MS * bound) / maxContradictionMs(0));
  }

  /** It does not play: the next reports are compared among themselves. */
  notPlaying(): void {
    this.#forget();
    this.divergence = null;
  }

  /**
   * Return how long until its audio gap, ms, if nothing changes; NaN if the buffer does not drain.
   * - `reportAgeMs`: since its last report.
   * - `isDry`: no chunks come any more, so it drains in real time.
   * - `chunkMs`: the longest recent chunk. Between two long chunks every buffer drains, so one more counts as
   * received.
   */
  timeToGapMs(reportAgeMs: number, isDry: boolean, chunkMs: number): number {
    if (this.#from === null || this.#last === null) return Number.NaN;
    const drain = isDry ? 1 : 1 - rate(this.#from, this.#last, excessMs(chunkMs));
    return drain < MIN_DRAIN ? Number.NaN : Math.max(0, this.#last.depthMs / drain - reportAgeMs);
  }

  #forget(): void {
    this.modelMs = Number.NaN;
    this.#from = this.#middle = this.#last = null;
  }

  #slide(sample: PlaybackSample, windowMs: number): void {
    this.#middle ??= sample;
    if (sample.at - this.#middle.at < windowMs / 2) return;
    if (sample.at - (this.#from as PlaybackSample).at >= windowMs) this.#from = this.#middle;
    this.#middle = sample;
  }
}

/** Whether a report can be compared with the one before. A player or a clock that began anew cannot. */
function continues(last: PlaybackSample, { at, sinceMs, underrunMs }: PlaybackSample): boolean {
  return underrunMs >= last.underrunMs && Math.abs(at - last.at - sinceMs) <= MAX_CLOCK_STEP_MS;
}

/** Audio received in each ms; `onItsWayMs`: as much that may be about to come. */
function rate(from: PlaybackSample, to: PlaybackSample, onItsWayMs: number): number {
  const ms = to.at - from.at;
  return ms > 0 ? (to.receivedMs - from.receivedMs + onItsWayMs) / ms : 1;
}
