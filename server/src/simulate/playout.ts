import type { PlaybackState } from '@auralis/shared';

/** Sound begins when this much is buffered, and begins again after silence. */
export const START_AT_MS = 300;
/** The next chunk may come this much late. */
const JITTER_MS = 200;
/** A player throws away what would make its buffer longer than this, or than a few chunks. */
const MAX_DEPTH_MS = 10_000;
const MAX_CHUNKS = 4;

/**
 * A browser's jitter buffer, modelled: chunks come in, sound goes out in real time. Pure; `now` is any clock's ms
 * that does not go backwards.
 */
export class Playout {
  /** Times it ran empty, and the silence that made, ms. */
  underruns = 0;
  silenceMs = 0;
  /** From the first `advance` to the first sound, ms; null before. */
  startupMs: number | null = null;
  state: PlaybackState = 'idle';
  #depthMs = 0;
  #longestMs = 0;
  #chunkAt = 0;
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
    this.#longestMs = Math.max(this.#longestMs, durationMs);
    this.#depthMs = Math.min(Math.max(MAX_DEPTH_MS, MAX_CHUNKS * this.#longestMs), this.#depthMs + durationMs);
    if (this.state === 'idle') this.state = 'starting';
    this.#chunkAt = now;
    this.#startBy(now);
  }

  /** Lets the time pass. */
  advance(now: number): void {
    this.#startBy(now);
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

  /**
   * Start to play if there is enough by `now`, at the moment when there was. Enough lasts until the longest chunk
   * after the last one has come.
   */
  #startBy(now: number): void {
    if (this.state === 'playing' || this.#depthMs < START_AT_MS) return;
    const lacksMs = this.#longestMs + JITTER_MS - this.#depthMs;
    const startsAt = Math.max(this.#at, this.#chunkAt + Math.max(0, lacksMs));
    if (startsAt > now) return;
    if (this.state === 'stalled') this.silenceMs += startsAt - this.#at;
    this.#at = startsAt;
    this.state = 'playing';
    this.startupMs ??= startsAt - this.#startedAt;
  }

  /** From now on nothing is played, though the player believes that it plays. */
  freeze(now: number): void {
    this.advance(now);
    this.#isFrozen = true;
  }
}
