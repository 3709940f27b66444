import type { EngineMemory } from '../relay/lost-engines.js';
import type { Database, Store, Transaction } from '../store/store.js';

/** Names of streams that had an engine, in the hub's store. */
export class DurableEngineMemory implements EngineMemory {
  readonly #store: Store;
  readonly #engines: Database<true>;

  constructor(store: Store) {
    this.#store = store;
    this.#engines = store.database('engines');
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
    void transaction.commit();
  }
}
