import type { EngineMemory } from './relay/lost-engines.js';
import type { Database, Store, Transaction } from './store/store.js';

/** Names of streams that had an engine, in the hub's store. What a full disk does not take is not remembered. */
export class DurableEngineMemory implements EngineMemory {
  readonly #store: Store;
  readonly #engines: Database<true>;
  readonly #onError: (error: unknown) => void;

  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#engines = store.database('engines');
    this.#onError = onError;
  }

  names(): string[] {
    return Array.from(this.#engines.entries(), ({ key }) => String(key));
  }

  add(name: string): void {
    this.#write((transaction) => transaction.put(this.#engines, name, true));
  }

  remove(name: string): void {
    this.#write((transaction) => transaction.remove(this.#engines, name));
  }

  #write(change: (transaction: Transaction) => void): void {
    const transaction = this.#store.begin();
    change(transaction);
    transaction.commit().catch(this.#onError);
  }
}
