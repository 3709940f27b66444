import type { Runtime } from '../runtime.js';

/** A pause in the audio is suspicious after this time, or after three chunks if they are longer. */
const MIN_PAUSE_MS = 2_000;
const CHUNKS = 3;
/** The hub answers a question within this time, or the socket is dead. */
const ANSWER_MS = 3_000;
/** A timer that fires later than this belongs to a page that was throttled or frozen. */
const LATE_MS = 500;

export interface Questioner {
  /** Send a message that the hub answers at once, and call `asked`. */
  ask(): void;
  /** The hub does not answer. */
  dead(): void;
}

/**
 * Notices a socket that died without a close frame. It asks the hub when the audio pauses, and gives up if nothing
 * arrives after a question. Browsers delay the timers of hidden pages: after a late timer it asks once more before it
 * gives up.
 */
export class Liveness {
  readonly #questioner: Questioner;
  readonly #runtime: Runtime;
  /** Fires when the audio has paused for too long; null while none is expected. */
  #pauseTimer: unknown = null;
  #chunkAt = 0;
  #allowedPauseMs = 0;
  /** Fires when an answer is due; null while there is no open question. */
  #answerTimer: unknown = null;

  constructor(questioner: Questioner, runtime: Runtime) {
    this.#questioner = questioner;
    this.#runtime = runtime;
  }

  stop(): void {
    this.heard();
    this.#runtime.clearTimeout(this.#pauseTimer);
    this.#pauseTimer = null;
  }

  /** Any message arrived. */
  heard(): void {
    this.#runtime.clearTimeout(this.#answerTimer);
    this.#answerTimer = null;
  }

  /** A chunk of this length arrived, so the next one is expected. */
  heardChunk(durationMs: number): void {
    this.#chunkAt = this.#runtime.now();
    const allowedMs = Math.max(MIN_PAUSE_MS, CHUNKS * durationMs);
    // A timer for each chunk would cost more than to look again when the present one fires.
    const mustWake = this.#pauseTimer === null || allowedMs < this.#allowedPauseMs;
    this.#allowedPauseMs = allowedMs;
    if (mustWake) this.#wakeIn(allowedMs);
  }

  /** A question left; its answer is due. */
  asked(): void {
    if (this.#answerTimer === null) this.#await(true);
  }

  #wakeIn(ms: number): void {
    this.#runtime.clearTimeout(this.#pauseTimer);
    this.#pauseTimer = this.#runtime.setTimeout(() => {
      const remainingMs = this.#chunkAt + this.#allowedPauseMs - this.#runtime.now();
      // Timers are not finer than this.
      if (remainingMs >= 1) return this.#wakeIn(remainingMs);
      this.#pauseTimer = null;
      this.#questioner.ask();
    }, ms);
  }

  #await(mayAskAgain: boolean): void {
    const dueAt = this.#runtime.now() + ANSWER_MS;
    this.#answerTimer = this.#runtime.setTimeout(() => {
      this.#answerTimer = null;
      if (!mayAskAgain || this.#runtime.now() <= dueAt + LATE_MS) return this.#questioner.dead();
      this.#await(false);
      this.#questioner.ask();
    }, ANSWER_MS);
  }
}
