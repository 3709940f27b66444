import type { Peer } from '../transport/transport.js';

/** An engine without a chunk for this long, or for a few chunks, is pinged. */
const MIN_PAUSE_MS = 3_000;
const PAUSE_CHUNKS = 3;
/** A socket that does not answer a ping within this time is dead. */
const ANSWER_MS = 5_000;
/** A refused engine that does not come again within this time does not want the place any more. */
const WANTED_MS = 60_000;

/**
 * An engine's right to its stream. A dead socket keeps it for two minutes, unless another engine wants it. The engine
 * itself takes it back at once. Another gets it if the present one neither publishes nor answers. Time is an
 * argument.
 */
export class EngineSeat {
  #owner: string | null = null;
  #wantedAt = Number.NEGATIVE_INFINITY;
  /** When the unanswered ping left; NaN without one. */
  #askedAt = Number.NaN;
  #isGivenUp = false;

  /** `owner`: identity of the engine that has it from now on; null if it names none. */
  take(owner: string | null): void {
    this.#owner = owner;
    this.#wantedAt = Number.NEGATIVE_INFINITY;
    this.heard();
  }

  /** Return whether an engine of this identity may have the place of the one that has it. */
  isOpenTo(owner: string | null): boolean {
    return this.#isGivenUp || (owner !== null && owner === this.#owner);
  }

  /** Note that another engine was refused because of the present one. */
  wanted(now: number): void {
    this.#wantedAt = now;
  }

  /** Note a sign of life of the present engine. */
  heard(): void {
    this.#askedAt = Number.NaN;
    this.#isGivenUp = false;
  }

  /** Ping the engine if need be. `chunkAt`: time of its last chunk, or of its coming. Call once a second. */
  sweep(engine: Peer, chunkAt: number, longestMs: number, now: number): void {
    const pauses = now - chunkAt >= Math.max(MIN_PAUSE_MS, PAUSE_CHUNKS * longestMs);
    if (!pauses || now - this.#wantedAt > WANTED_MS) return;
    if (Number.isNaN(this.#askedAt)) {
      this.#askedAt = now;
      engine.ping();
    } else if (now - this.#askedAt >= ANSWER_MS) this.#isGivenUp = true;
  }
}
