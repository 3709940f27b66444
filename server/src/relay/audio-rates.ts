import { RateWindows } from '../time/windows.js';

/**
 * Seconds of audio in a second, for many slots. An engine may send a chunk when it is whole, or when the chunk before
 * has been played. A window from chunk to chunk then holds the audio after its first chunk, or that before its last.
 * If chunks vary, these differ by seconds, so the better one counts.
 */
export class AudioRates {
  /** Audio up to the last chunk, with it and without it. */
  readonly #whole: RateWindows;
  readonly #played: RateWindows;

  constructor(seconds: number) {
    this.#whole = new RateWindows(seconds);
    this.#played = new RateWindows(seconds);
  }

  /** Begin to count at `since`. `audioMs`: audio so far, `lastMs` of it in the chunk that came then. */
  open(slot: number, since: number, audioMs: number, lastMs: number): void {
    this.#whole.open(slot, since, audioMs);
    this.#played.open(slot, since, audioMs - lastMs);
  }

  /** Return the rate; for the last four arguments and NaN see `RateWindows`. `lastMs`: length of the last chunk. */
  sample(
    slot: number,
    audioMs: number,
    lastMs: number,
    now: number,
    movedAt: number,
    stepMs: number,
    quietMs: number,
  ): number {
    const whole = this.#whole.sample(slot, audioMs, now, movedAt, stepMs, quietMs) / 1000;
    const played = this.#played.sample(slot, audioMs - lastMs, now, movedAt, stepMs, quietMs) / 1000;
    return whole < 1 ? Math.min(1, Math.max(whole, played)) : whole;
  }
}
