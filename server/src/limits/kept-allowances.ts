import { KEPT_ALLOWANCE_MS, MAX_KEPT_ALLOWANCES } from '@auralis/shared';
import { FairQueue } from './fair-queue.js';

interface Entry<Kept> {
  readonly kept: Kept;
  readonly leftAt: number;
}

/**
 * Allowances that sockets leave when they close, for the next sockets of the same address: connecting again makes no
 * new one. They are kept for a minute. If there are too many, the oldest of the address with most of them goes.
 */
export class KeptAllowances<Kept> {
  readonly #entries = new FairQueue<Entry<Kept>>();

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Return what a socket of the address left last minute, the oldest first, or null. It is given to one socket only.
   */
  take(address: string, now: number): Kept | null {
    this.#expire(now);
    const entry = this.#entries.oldestOf(address);
    if (entry === undefined) return null;
    this.#entries.delete(entry);
    return entry.kept;
  }

  leave(address: string, kept: Kept, now: number): void {
    this.#expire(now);
    this.#entries.add(address, { kept, leftAt: now });
    const victim = this.#entries.size > MAX_KEPT_ALLOWANCES ? this.#entries.victim() : undefined;
    if (victim !== undefined) this.#entries.delete(victim);
  }

  #expire(now: number): void {
    for (let entry = this.#entries.oldest(); entry !== undefined; entry = this.#entries.oldest()) {
      if (now - entry.leftAt < KEPT_ALLOWANCE_MS) return;
      this.#entries.delete(entry);
    }
  }
}
