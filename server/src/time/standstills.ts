import { EventWindow } from './windows.js';

/** A tick that comes this late means that the loop was blocked. Garbage collection is far shorter. */
const STOOD_STILL_MS = 1_000;
/** A shorter delay queues less than the limit of a second allows anyway. */
const MIN_STALL_MS = 250;
/** A delay is remembered for this long: by then the messages that it left waiting have been read. */
const REMEMBERED_MS = 10_000;

/**
 * Notices that the loop was blocked: the process was stopped, or got no CPU. Messages of that time wait in its
 * sockets, so the hub must read them before it judges missing ones. Time is an argument.
 */
export class StandstillDetector {
  readonly #stalls = new EventWindow(REMEMBERED_MS);
  #tickAt = Number.NaN;
  #isReading = false;
  #hasSkipped = false;

  /** Call at each tick. Return how long the loop was blocked before this one, ms, or 0. */
  tick(at: number): number {
    const lateMs = at - this.#tickAt;
    if (lateMs >= MIN_STALL_MS) this.#stalls.add(at, Math.ceil(lateMs));
    this.#tickAt = at;
    if (!(lateMs > STOOD_STILL_MS)) return 0;
    this.#isReading = true;
    return lateMs;
  }

  /**
   * Return for how many of the last ten seconds no tick came, in ms, up to now. Messages of that time arrive all at
   * once, so limits of a rate allow as much more.
   */
  recentMs(now: number): number {
    const lateMs = now - this.#tickAt;
    return this.#stalls.total(now) + (lateMs >= MIN_STALL_MS ? lateMs : 0);
  }

  /**
   * Call once a second. Return false once after each standstill: judge a second later, after reading. Never twice in
   * a row, or a hub that gets too little CPU would judge nobody.
   */
  mayJudge(): boolean {
    this.#hasSkipped = this.#isReading && !this.#hasSkipped;
    this.#isReading = false;
    return !this.#hasSkipped;
  }
}
