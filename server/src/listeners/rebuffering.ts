import { EventWindow } from '../time/windows.js';

const WINDOW_MS = 60_000;
/** Reports within a second are one entry, so a window has 60 entries however many listeners report. */
const STEP_MS = 1_000;

/**
 * Audio gaps of the listeners of one stream over the last minute:
 *
 *   rebuffering ratio = Σ audio gap ÷ Σ time playing
 *
 * The sums are over intervals between two reports of a listener, or its opening and its first report. The later
 * report came in the window and says *playing* or *stalled*. An audio gap is the rise of `underrunDurationMs`, at
 * most as long as the interval. Time playing is the interval, its gap included. So the ratio lies between 0 and 1.
 * Times are the hub's.
 */
export class RebufferingRatio {
  readonly #silent = new EventWindow(WINDOW_MS, STEP_MS);
  readonly #playing = new EventWindow(WINDOW_MS, STEP_MS);

  /** Add an interval of a listener that plays. In whole ms, because sums of fractions would not return to 0. */
  add(silentMs: number, playingMs: number, now: number): void {
    this.#playing.add(now, Math.round(playingMs));
    if (silentMs > 0) this.#silent.add(now, Math.round(silentMs));
  }

  /** NaN if nobody played. */
  ratio(now: number): number {
    const playing = this.#playing.total(now);
    return playing === 0 ? Number.NaN : this.#silent.total(now) / playing;
  }
}
