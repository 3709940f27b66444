import { excessMs, maxContradictionMs, maxDepthMs } from './chunk-bounds.js';
import { ENTRY, type Ledger } from './ledger.js';

/** What the hub makes of a listener's reports: is what it says of its buffer possible, and how long will it last? */

/** One report, as far as it speaks of playback. */
export interface PlaybackSample {
  /** When it was so, ms: by the listener's own clock where it says, so that a report that is late on its way is not held against it. */
  readonly at: number;
  /** Hub's clock since the report before, ms. */
  readonly sinceMs: number;
  /** Audio confirmed on this connection so far, ms. */
  readonly receivedMs: number;
  /** Buffered and not yet played, as the listener says, ms. */
  readonly depthMs: number;
  /** Silence heard because of underruns so far, as it says, ms. */
  readonly underrunMs: number;
}

/** `frozen`: it receives and does not play. `contradicts`: it says what cannot be. */
export type Divergence = 'frozen' | 'contradicting';

/**
 * The window over which words and deeds are compared: a fault that shows 200 ms a second is past the bound in 6 s. For chunks
 * of more than 100 ms both grow alike.
 */
const WINDOW_MS = 8_000;
/** Where the listener's clock and the hub's part by more than this from one report to the next, one was set or slept. */
const MAX_CLOCK_STEP_MS = 10_000;
/** A faster drain than this is no drift of a sound card's clock. */
const MIN_DRAIN = 0.05;

// Places of a sample's figures, and of the samples in the line of the ledger: the one that is compared with, the one that is
// next for that, and the last.
const AT = 0;
const RECEIVED = 1;
const DEPTH = 2;
const UNDERRUN = 3;
const FIGURES = 4;
const FROM: number = ENTRY.samples;
const MIDDLE = FROM + FIGURES;
const LAST = MIDDLE + FIGURES;

/**
 * Follows one listener. While it plays, what it has buffered changes by what it received, less the time that passed, plus
 * the silence that it heard:
 *
 *   depth(t) = depth(t₀) + received(t) − received(t₀) − ((t − t₀) − (underrun(t) − underrun(t₀)))
 *
 * where t₀ is a report some seconds ago. So no start-up time has to be believed, and what a player threw away once is
 * forgiven once it has left the window.
 */
export class BufferModel {
  /** How words and deeds contradict each other, as long as they have not come together again. */
  divergence: Divergence | null = null;
  readonly #ledger: Ledger;
  readonly #line: number;

  /** `line`: its own in the ledger, without samples. */
  constructor(ledger: Ledger, line: number) {
    this.#ledger = ledger;
    this.#line = line;
  }

  /** The modelled buffer at the last report, ms; NaN before two reports of a playing listener. */
  get modelMs(): number {
    return this.#ledger.lines[this.#line + ENTRY.modelMs] as number;
  }

  /** A report of a listener that says it plays. `sample` may be used again. `chunkMs`: the longest recent chunk. */
  playing(sample: PlaybackSample, chunkMs: number): void {
    const bound = maxContradictionMs(chunkMs);
    if (!this.#continues(sample)) this.#forget();
    this.#note(LAST, sample);
    if (!this.#has(FROM)) {
      this.#note(FROM, sample);
      return;
    }
    this.#model();
    const contradictionMs = sample.depthMs - this.modelMs;
    const grownMs = sample.depthMs - this.#figure(FROM, DEPTH);
    if (contradictionMs > bound) {
      // What is received and not played makes a buffer grow; a buffer that does not shrink when it must is a mere word.
      this.divergence ??= grownMs > contradictionMs / 2 ? 'frozen' : 'contradicting';
    } else if (contradictionMs < -bound) {
      // It has thrown audio away, to catch up: its buffer is what it says from now on.
      this.#note(FROM, sample);
      this.#note(MIDDLE, sample);
    } else if (Math.abs(contradictionMs) < bound / 2 && sample.depthMs <= maxDepthMs(chunkMs)) {
      // A buffer that stopped growing because it is full is no sign that it is played again: hence its depth.
      this.divergence = null;
    }
    this.#slide(sample, (WINDOW_MS * bound) / maxContradictionMs(0));
  }

  /** It does not play: what comes next is compared with what comes after that. */
  notPlaying(): void {
    this.#forget();
    this.divergence = null;
  }

  /**
   * How long until it hears silence, ms, if things go on as they do; NaN where the buffer does not drain. `reportAgeMs`: since
   * its last report. `isDry`: no chunks come any more, so that it drains in real time, whatever the last reports said.
   * `chunkMs`: the longest recent chunk. Between two long chunks every buffer drains, so one more counts as received.
   */
  timeToGapMs(reportAgeMs: number, isDry: boolean, chunkMs: number): number {
    if (!this.#has(FROM)) return Number.NaN;
    const drain = isDry ? 1 : 1 - this.#rate(excessMs(chunkMs));
    if (drain < MIN_DRAIN) return Number.NaN;
    return Math.max(0, this.#figure(LAST, DEPTH) / drain - reportAgeMs);
  }

  /** Can it be compared with the one before? A player or a clock that began anew cannot. */
  #continues({ at, sinceMs, underrunMs }: PlaybackSample): boolean {
    const { lines } = this.#ledger;
    const last = this.#line + LAST;
    const passedMs = at - (lines[last + AT] as number);
    return underrunMs >= (lines[last + UNDERRUN] as number) && Math.abs(passedMs - sinceMs) <= MAX_CLOCK_STEP_MS;
  }

  #forget(): void {
    const { lines } = this.#ledger;
    const from = this.#line + ENTRY.modelMs;
    // A loop, as in `#copy`: `fill` and `copyWithin` are looked up anew at each call, and are calls into native code.
    for (let at = from; at < from + 1 + 3 * FIGURES; at++) lines[at] = Number.NaN;
  }

  #slide(sample: PlaybackSample, windowMs: number): void {
    if (!this.#has(MIDDLE)) this.#note(MIDDLE, sample);
    if (sample.at - this.#figure(MIDDLE, AT) < windowMs / 2) return;
    if (sample.at - this.#figure(FROM, AT) >= windowMs) this.#copy(MIDDLE, FROM);
    this.#note(MIDDLE, sample);
  }

  #copy(sample: number, to: number): void {
    const { lines } = this.#ledger;
    for (let at = 0; at < FIGURES; at++) lines[this.#line + to + at] = lines[this.#line + sample + at] as number;
  }

  /** What it must have buffered now, by what it had then. (To return a double can box it.) */
  #model(): void {
    const { lines } = this.#ledger;
    const from = this.#line + FROM;
    const last = this.#line + LAST;
    const passed = (lines[last + AT] as number) - (lines[from + AT] as number);
    const silent = (lines[last + UNDERRUN] as number) - (lines[from + UNDERRUN] as number);
    const received = (lines[last + RECEIVED] as number) - (lines[from + RECEIVED] as number);
    lines[this.#line + ENTRY.modelMs] = (lines[from + DEPTH] as number) + received - (passed - silent);
  }

  /** Audio received in each ms; `onItsWayMs`: as much that may be about to come. */
  #rate(onItsWayMs: number): number {
    const ms = this.#since(AT);
    return ms > 0 ? (this.#since(RECEIVED) + onItsWayMs) / ms : 1;
  }

  #has(sample: number): boolean {
    return !Number.isNaN(this.#figure(sample, AT));
  }

  #figure(sample: number, figure: number): number {
    return this.#ledger.lines[this.#line + sample + figure] as number;
  }

  /** How much a figure has grown from the sample that is compared with to the last one. */
  #since(figure: number): number {
    return this.#figure(LAST, figure) - this.#figure(FROM, figure);
  }

  #note(sample: number, { at, receivedMs, depthMs, underrunMs }: PlaybackSample): void {
    const { lines } = this.#ledger;
    const place = this.#line + sample;
    lines[place + AT] = at;
    lines[place + RECEIVED] = receivedMs;
    lines[place + DEPTH] = depthMs;
    lines[place + UNDERRUN] = underrunMs;
  }
}
