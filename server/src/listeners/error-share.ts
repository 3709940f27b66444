import { EventWindow } from '../time/windows.js';

const WINDOW_MS = 60_000;
const STEP_MS = 1_000;

/**
 * The share of chunks that a listener could not use, over the last minute, from the counters of its reports. The
 * report that first tells of errors is only where counting begins. Time is an argument.
 */
export class ErrorShare {
  readonly #errors = new EventWindow(WINDOW_MS, STEP_MS);
  readonly #chunks = new EventWindow(WINDOW_MS, STEP_MS);
  #received = Number.NaN;
  #failed = Number.NaN;

  /** Take the counters of a report. A counter that falls has begun anew. */
  take(received: number, failed: number, now: number): void {
    const errors = rise(this.#failed, failed);
    // A chunk that could not even be read is counted as an error alone.
    const chunks = Math.max(rise(this.#received, received), errors);
    this.#received = received;
    this.#failed = failed;
    if (errors > 0) this.#errors.add(now, errors);
    if (chunks > 0) this.#chunks.add(now, chunks);
  }

  /** NaN if no chunk came. */
  ratio(now: number): number {
    const chunks = this.#chunks.total(now);
    return chunks === 0 ? Number.NaN : this.#errors.total(now) / chunks;
  }
}

function rise(before: number, count: number): number {
  if (Number.isNaN(before)) return 0;
  return count < before ? count : count - before;
}
