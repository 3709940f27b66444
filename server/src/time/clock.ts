/**
 * The wall clock may differ by this much from what the hub takes it for: reading two clocks takes time on a busy
 * machine.
 */
const STEP_MS = 500;

/** Converts between the hub's clock, by which durations are measured, and the wall clock; both in ms since 1970. */
export interface WallClock {
  /** The wall clock's time of an instant of the hub's clock. */
  wallOf(at: number): number;
  /** The hub's time of an instant of the wall clock. */
  instantOf(wall: number): number;
}

/**
 * The hub's two clocks. `now` never steps: deadlines, windows and ages are measured by it. Times that are shown,
 * stored or sent are wall times. `docs/decisions/0002-two-clocks.md` has the reasons.
 */
export class Clock implements WallClock {
  /** Hub's clock: ms, fractional, never backwards. It begins at the wall clock's time. */
  readonly now: () => number;
  readonly #wall: () => number;
  #offsetMs = 0;

  constructor(monotonic: () => number = performance.now.bind(performance), wall: () => number = Date.now) {
    const origin = wall() - monotonic();
    this.now = () => origin + monotonic();
    this.#wall = wall;
  }

  /** Compare with the wall clock. Return by how many ms it stepped since the last call, 0 if it did not. */
  follow(): number {
    const stepMs = this.#wall() - this.wallNow();
    if (Math.abs(stepMs) < STEP_MS) return 0;
    this.#offsetMs += stepMs;
    return stepMs;
  }

  wallNow(): number {
    return this.wallOf(this.now());
  }

  wallOf(at: number): number {
    return at + this.#offsetMs;
  }

  instantOf(wall: number): number {
    return wall - this.#offsetMs;
  }
}
