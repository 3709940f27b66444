import { EventWindow } from '../time/windows.js';

const WINDOW_MS = 60_000;
/** What came within a second is one entry: a window is 60 of them, however many listeners report. */
const STEP_MS = 1_000;

/**
 * What the listeners of one stream hear, over the last minute:
 *
 *   rebuffering ratio = Σ silence ÷ Σ time playing
 *
 * over all intervals between two reports of a listener (or its opening and its first report) whose later report came in the
 * window and says that it plays or is stalled. RebufferingRatio is by how much `underrunDurationMs` went up, at most as long as the
 * interval; time playing is the interval, its silence included. So it lies between 0, all heard everything, and 1, nobody
 * heard anything. Times are the hub's.
 */
export class RebufferingRatio {
  readonly #silent = new EventWindow(WINDOW_MS, STEP_MS);
  readonly #playing = new EventWindow(WINDOW_MS, STEP_MS);

  /** An interval of a listener that plays. In whole ms: sums of fractions would not come back to 0. */
  add(silentMs: number, playingMs: number, now: number): void {
    this.#playing.add(now, Math.round(playingMs));
    if (silentMs > 0) this.#silent.add(now, Math.round(silentMs));
  }

  /** NaN where nobody played. */
  ratio(now: number): number {
    const playing = this.#playing.total(now);
    return playing === 0 ? Number.NaN : this.#silent.total(now) / playing;
  }
}
