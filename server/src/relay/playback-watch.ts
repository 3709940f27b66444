/** What the hub makes of a listener's reports: is what it says of its buffer possible, and how long will it last? */

/** One report, as far as it speaks of playback. */
export interface PlaybackSample {
  /** Hub's clock when it came. */
  readonly at: number;
  /** Audio confirmed on this connection so far, ms. */
  readonly receivedMs: number;
  /** Buffered and not yet played, as the listener says, ms. */
  readonly depthMs: number;
  /** Silence heard because of underruns so far, as it says, ms. */
  readonly underrunMs: number;
}

/** `frozen`: it receives and does not play. `contradicts`: it says what cannot be. */
export type Divergence = 'frozen' | 'contradicts';

/** The window over which words and deeds are compared: a fault that shows 200 ms a second is past the bound in 6 s. */
const WINDOW_MS = 8_000;
/** Beyond this a buffer and what went into it contradict each other: more than any chunk, jitter or late timer explains. */
const MAX_CONTRADICTION_MS = 1_000;
/** A faster drain than this is no drift of a sound card's clock. */
const MIN_DRAIN = 0.05;

/**
 * Follows one listener. While it plays, what it has buffered changes by what it received, less the time that passed, plus
 * the silence that it heard:
 *
 *   depth(t) = depth(t₀) + received(t) − received(t₀) − ((t − t₀) − (underrun(t) − underrun(t₀)))
 *
 * where t₀ is a report some seconds ago. So no start-up time has to be believed, and what a player threw away once is
 * forgiven once it has left the window.
 */
export class PlaybackWatch {
  /** The modelled buffer at the last report, ms; NaN before two reports of a playing listener. */
  modelMs = Number.NaN;
  /** How words and deeds contradict each other, as long as they have not come together again. */
  divergence: Divergence | null = null;
  #from: PlaybackSample | null = null;
  #middle: PlaybackSample | null = null;
  #last: PlaybackSample | null = null;

  /** A report of a listener that says it plays. */
  playing(sample: PlaybackSample, maxDepthMs: number): void {
    this.#last = sample;
    if (this.#from === null) {
      this.#from = sample;
      return;
    }
    this.modelMs = modelled(this.#from, sample);
    const contradictionMs = sample.depthMs - this.modelMs;
    const grownMs = sample.depthMs - this.#from.depthMs;
    if (Math.abs(contradictionMs) > MAX_CONTRADICTION_MS) {
      // What is received and not played makes a buffer grow; a buffer that does not shrink when it must is a mere word.
      this.divergence ??= grownMs > contradictionMs / 2 && contradictionMs > 0 ? 'frozen' : 'contradicts';
    } else if (Math.abs(contradictionMs) < MAX_CONTRADICTION_MS / 2 && sample.depthMs <= maxDepthMs) {
      // A buffer that stopped growing because it is full is no sign that it is played again: hence its depth.
      this.divergence = null;
    }
    this.#slide(sample);
  }

  /** It does not play: what comes next is compared with what comes after that. */
  notPlaying(): void {
    this.#from = this.#middle = this.#last = null;
    this.modelMs = Number.NaN;
    this.divergence = null;
  }

  /**
   * How long until it hears silence, ms, if things go on as they do; NaN where the buffer does not drain. `chunkAt`: when
   * the last chunk was published: without chunks a buffer drains in real time, whatever the last reports said.
   */
  timeToSilenceMs(now: number, chunkAt: number, chunkIsLateMs: number): number {
    const [from, last] = [this.#from, this.#last];
    if (from === null || last === null) return Number.NaN;
    const drain = now - chunkAt > chunkIsLateMs ? 1 : 1 - rate(from, last);
    if (drain < MIN_DRAIN) return Number.NaN;
    return Math.max(0, last.depthMs / drain - (now - last.at));
  }

  #slide(sample: PlaybackSample): void {
    this.#middle ??= sample;
    if (sample.at - this.#middle.at < WINDOW_MS / 2) return;
    if (sample.at - (this.#from as PlaybackSample).at >= WINDOW_MS) this.#from = this.#middle;
    this.#middle = sample;
  }
}

function modelled(from: PlaybackSample, to: PlaybackSample): number {
  const played = to.at - from.at - (to.underrunMs - from.underrunMs);
  return from.depthMs + (to.receivedMs - from.receivedMs) - played;
}

/** Audio received in each ms. */
function rate(from: PlaybackSample, to: PlaybackSample): number {
  return to.at > from.at ? (to.receivedMs - from.receivedMs) / (to.at - from.at) : 1;
}
