import type { Transition } from '../alerts/alert.js';
import type { Database, Store, Transaction } from '../store/store.js';
import type { Memory } from './notifier.js';

/** Transitions that wait for one notifier: a day of an alert every nine seconds. */
export const MAX_PENDING = 10_000;
/** Places freed at once if it is full, so that not every alert costs a pass over it. */
const ROOM = 0.1;
/** Memories of an alert are forgotten if nothing was sent about it for this long. */
const FORGET_MS = 30 * 24 * 3600_000;

export interface Pending {
  readonly seq: number;
  readonly transition: Transition;
}

export interface OutboxContext {
  readonly store: Store;
  /** Names of all notifiers. */
  readonly names: readonly string[];
  readonly now: number;
  /** Called with the name and number of transitions of a notifier that no longer exists. They are dropped. */
  readonly onOrphans: (name: string, count: number) => void;
  readonly limit?: number;
}

interface Remembered {
  readonly at: number;
  readonly value: unknown;
}

/** One notifier's part of the outbox. */
interface Queue {
  pending: number;
  dropped: number;
  /** Transitions that are being sent. They are not dropped meanwhile. */
  taken: number;
  /** Dropped transitions that may still be in the store, until the transaction that removes them is committed. */
  readonly gone: Set<number>;
}

/**
 * Transitions that notifiers must still send, in order, and what they remember of those they sent. Both survive the
 * hub. A transition waits once for each notifier that gets it.
 */
export class Outbox {
  readonly #store: Store;
  readonly #waiting: Database<Transition>;
  readonly #memory: Database<Remembered>;
  readonly #queues = new Map<string, Queue>();
  readonly #limit: number;
  #nextSeq = 1;

  /** Takes up what was kept. */
  constructor({ store, names, now, onOrphans, limit = MAX_PENDING }: OutboxContext) {
    this.#store = store;
    this.#limit = limit;
    this.#waiting = store.database('outbox');
    this.#memory = store.database('notified');
    for (const name of names) this.#queues.set(name, { pending: 0, dropped: 0, taken: 0, gone: new Set() });
    const orphans = new Map<string, number>();
    const cleaning = store.begin();
    for (const { key } of this.#waiting.entries()) {
      const [name, seq] = key as [string, number];
      this.#nextSeq = Math.max(this.#nextSeq, seq + 1);
      const queue = this.#queues.get(name);
      if (queue === undefined) {
        orphans.set(name, (orphans.get(name) ?? 0) + 1);
        cleaning.remove(this.#waiting, key);
      } else queue.pending++;
    }
    const forgetBefore = now - FORGET_MS;
    for (const { key, value } of this.#memory.entries()) {
      if (value.at < forgetBefore || !this.#queues.has(key[0] as string)) cleaning.remove(this.#memory, key);
    }
    for (const [name, count] of orphans) onOrphans(name, count);
    void cleaning.commit();
  }

  /** Add a transition for `name` to a transaction. Return how many older ones were dropped for it. */
  append(transaction: Transaction, name: string, transitions: readonly Transition[]): number {
    const queue = this.#queue(name);
    let dropped = 0;
    for (const transition of transitions) {
      if (queue.pending >= this.#limit) dropped += this.#makeRoom(transaction, name, queue);
      transaction.put(this.#waiting, [name, this.#nextSeq++], transition);
      queue.pending++;
    }
    return dropped;
  }

  /** Return the oldest that wait for `name`, up to `limit`. */
  take(name: string, limit: number): Pending[] {
    const queue = this.#queue(name);
    const head = this.#read(name, queue, limit + queue.gone.size).slice(0, limit);
    queue.taken = head.at(-1)?.seq ?? 0;
    return head;
  }

  /** Return the oldest in the store, up to `limit`, without those that were dropped. */
  #read(name: string, { gone }: Queue, limit: number): Pending[] {
    const found = Array.from(this.#waiting.entriesOf(name, limit), ({ key, value }) => ({
      seq: key[1] as number,
      transition: value,
    }));
    if (gone.size === 0) return found;
    const stored = new Set(found.map(({ seq }) => seq));
    const end = found.length < limit ? Number.POSITIVE_INFINITY : (found.at(-1) as Pending).seq;
    for (const seq of gone) if (seq <= end && !stored.has(seq)) gone.delete(seq);
    return found.filter(({ seq }) => !gone.has(seq));
  }

  /** Remove `told` and store what is to be remembered of them, together. */
  async settle(name: string, told: readonly Pending[], remember: Memory, now: number): Promise<void> {
    const transaction = this.#store.begin();
    for (const { seq } of told) transaction.remove(this.#waiting, [name, seq]);
    for (const [alertId, value] of remember) {
      if (value === undefined) transaction.remove(this.#memory, [name, alertId]);
      else transaction.put(this.#memory, [name, alertId], { at: now, value });
    }
    await transaction.commit();
    this.#queue(name).pending -= told.length;
  }

  recall(name: string, alertId: string): unknown {
    return this.#memory.get([name, alertId])?.value;
  }

  /** Return everything that `name` remembers. */
  memories(name: string): unknown[] {
    return Array.from(this.#memory.entriesOf(name), ({ value }) => value.value);
  }

  pending(name: string): number {
    return this.#queue(name).pending;
  }

  /** Dropped since the hub started, because there was no room. */
  dropped(name: string): number {
    return this.#queue(name).dropped;
  }

  /**
   * Drop the oldest alerts that came and went, whole, because receivers must learn of every alert that still fires,
   * and of every end. If there are none, the oldest transitions go.
   */
  #makeRoom(transaction: Transaction, name: string, queue: Queue): number {
    const wanted = Math.max(1, Math.floor(this.#limit * ROOM));
    const entries = this.#read(name, queue, Number.POSITIVE_INFINITY).filter(({ seq }) => seq > queue.taken);
    const goes = new Set<Pending>();
    const firing = new Map<string, Pending>();
    for (const entry of entries) {
      if (goes.size >= wanted) break;
      const { state, alert } = entry.transition;
      const before = firing.get(alert.id);
      if (state === 'firing') firing.set(alert.id, entry);
      else if (before !== undefined) goes.add(before).add(entry);
    }
    for (const entry of entries) {
      if (goes.size >= wanted) break;
      goes.add(entry);
    }
    for (const { seq } of goes) {
      transaction.remove(this.#waiting, [name, seq]);
      queue.gone.add(seq);
    }
    queue.pending -= goes.size;
    queue.dropped += goes.size;
    return goes.size;
  }

  #queue(name: string): Queue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new Error(`no notifier is called ${name}`);
    return queue;
  }
}
