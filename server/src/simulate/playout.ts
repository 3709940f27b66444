import type { PlaybackState } from '@auralis/shared';

/** Sound begins when this much is buffered, and begins again after silence. */
export const START_AT_MS = 300;
/** A player throws away what would make its buffer longer than this. */
const MAX_DEPTH_MS = 10_000;

/**
 * A browser's jitter buffer, modelled: chunks come in, sound goes out in real time. Pure; `now` is any clock's ms that
 * does not go backwards.
 */
export class Playout {
  /** Times it ran empty, and the silence that made, ms. */
  underruns = 0;
  silenceMs = 0;
  /** From the first `advance` to the first sound, ms; null before. */
  startupMs: number | null = null;
  state: PlaybackState = 'idle';
  #depthMs = 0;
  #at: number;
  readonly #startedAt: number;
  #isFrozen = false;

  constructor(now: number) {
    this.#at = now;
    this.#startedAt = now;
  }

  /** Audio buffered and not yet played, ms. */
  get depthMs(): number {
    return this.#depthMs;
  }

  /** A chunk has come. */
  push(durationMs: number, now: number): void {
    this.advance(now);
    this.#depthMs = Math.min(MAX_DEPTH_MS, this.#depthMs + durationMs);
    if (this.state === 'idle') this.state = 'starting';
    if (this.state !== 'playing' && this.#depthMs >= START_AT_MS) {
      this.state = 'playing';
      this.startupMs ??= now - this.#startedAt;
    }
  }

  /** Lets the time pass. */
  advance(now: number): void {
    const passed = now - this.#at;
    this.#at = now;
    if (this.state === 'stalled') this.silenceMs += passed;
    if (this.state !== 'playing' || this.#isFrozen) return;
    this.#depthMs -= passed;
    if (this.#depthMs > 0) return;
    this.silenceMs -= this.#depthMs;
    this.#depthMs = 0;
    this.underruns++;
    this.state = 'stalled';
  }

  /** From now on nothing is played, though the player believes that it plays. */
  freeze(now: number): void {
    this.advance(now);
    this.#isFrozen = true;
  }
}
