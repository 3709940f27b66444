import type { Runtime } from '../runtime.js';

const TICK_MS = 1_000;
/** The hub's clock is asked for this often. */
const PING_MS = 10_000;
/** Frames come every second; after this long without one a PING asks whether anybody is there. */
const DOUBT_MS = 3_000;
/** A hub that is silent for this long is dead. */
const DEAD_MS = 5_000;

export interface Watched {
  ping(): void;
  dead(): void;
  /** Whether the hub owes a message every second now; otherwise it owes one after each ping only. */
  expectsFrames(): boolean;
}

/** Tells a hub that is quiet from one that is gone. */
export class Watch {
  readonly #watched: Watched;
  readonly #runtime: Runtime;
  #timer: unknown;
  #tickAt = 0;
  #heardAt = 0;
  #pingAt = 0;

  constructor(watched: Watched, runtime: Runtime) {
    this.#watched = watched;
    this.#runtime = runtime;
  }

  start(): void {
    this.#tickAt = this.#heardAt = this.#pingAt = this.#runtime.now();
    this.#schedule();
  }

  stop(): void {
    this.#runtime.clearTimeout(this.#timer);
  }

  heard(): void {
    this.#heardAt = this.#runtime.now();
  }

  ping(): void {
    this.#pingAt = this.#runtime.now();
    this.#watched.ping();
  }

  #schedule(): void {
    this.#runtime.clearTimeout(this.#timer);
    this.#timer = this.#runtime.setTimeout(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    const now = this.#runtime.now();
    // A page that was frozen, or whose timers are throttled, has messages waiting that it has not seen: no time to
    // judge.
    if (now - this.#tickAt > 2 * TICK_MS) this.#heardAt = now;
    this.#tickAt = now;
    this.#schedule();
    const owed = this.#watched.expectsFrames();
    const asked = this.#pingAt > this.#heardAt;
    const since = owed ? this.#heardAt : asked ? this.#pingAt : now;
    if (now - since >= DEAD_MS) this.#watched.dead();
    else if (now - this.#pingAt >= PING_MS || (owed && !asked && now - since >= DOUBT_MS)) this.ping();
  }
}
