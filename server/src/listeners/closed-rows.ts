import { CLOSED_ROW_MS } from '@auralis/shared';
import { FairQueue } from '../limits/fair-queue.js';

/**
 * Rows of closed connections. Each stays for a minute with its reason, but no more than `most` at once: beyond that
 * the oldest of the address with most of them goes. Totals do not depend on them.
 */
export class ClosedRows {
  readonly #most: number;
  readonly #forget: (slot: number) => void;
  readonly #slots = new FairQueue<number>();
  readonly #goesAt = new Map<number, number>();

  /** `forget` is called for each row that goes. */
  constructor(most: number, forget: (slot: number) => void) {
    this.#most = most;
    this.#forget = forget;
  }

  /** A row of a connection from `address` has closed. Return whether another one had to go for it. */
  add(address: string, slot: number, now: number): boolean {
    this.#slots.add(address, slot);
    this.#goesAt.set(slot, now + CLOSED_ROW_MS);
    const victim = this.#slots.size > this.#most ? this.#slots.victim() : undefined;
    if (victim !== undefined) this.forget(victim);
    return victim !== undefined;
  }

  /** Let a row go now. Does nothing if it is not here. */
  forget(slot: number): void {
    if (!this.#goesAt.delete(slot)) return;
    this.#slots.delete(slot);
    this.#forget(slot);
  }

  /** Let rows go whose minute is over. */
  expire(now: number): void {
    for (let slot = this.#slots.oldest(); slot !== undefined; slot = this.#slots.oldest()) {
      if ((this.#goesAt.get(slot) as number) > now) return;
      this.forget(slot);
    }
  }
}
