import type { HubCounters } from '../state/counters.js';
import { HUB, type Tables } from '../state/tables.js';
import { sayWithAdvice } from '../store/advice.js';
import type { Damage, Store } from '../store/store.js';
import type { Logger } from './log.js';

const STATE = 'alerts, silences or waiting notifications';

/**
 * Reports how storing works. A failure has a log line when it begins and when it ends, a column of the hub's row, and
 * a count of errors, on which a rule alerts.
 */
export class StorageReport {
  readonly #store: Store;
  readonly #hubs: Tables['hubs'];
  readonly #counters: HubCounters;
  readonly #log: Logger;
  #failures = 0;
  #isFailing = false;
  #isFirst = true;

  constructor(store: Store, hubs: Tables['hubs'], counters: HubCounters, log: Logger) {
    this.#store = store;
    this.#hubs = hubs;
    this.#counters = counters;
    this.#log = log;
  }

  /** Call once a second, after the rules: they compare errors with their first evaluation. */
  tick(): void {
    if (this.#isFirst) for (const damage of this.#store.damages) this.damaged(damage, STATE);
    this.#isFirst = false;
    const { failure, failures } = this.#store;
    if (failures > this.#failures) this.#counters.add('errors', failures - this.#failures);
    // Log a failure that began and ended within the second, too.
    const hasFailed = failures > this.#failures || failure !== null;
    if (hasFailed && !this.#isFailing) {
      const why = failure === null ? 'a write failed' : sayWithAdvice(failure);
      this.#log.error(
        `alerts and silences are not stored: ${why}. They are kept in memory and stored when it works again`,
      );
    }
    if (this.#isFailing && failure === null) this.#log.info('alerts and silences are stored again');
    this.#failures = failures;
    this.#isFailing = failure !== null;
    this.#hubs.set(this.#counters.slot, HUB.store_failing, Number(this.#isFailing));
  }

  damaged({ file, why }: Damage, what = 'snapshots of history'): void {
    this.#counters.add('databases_damaged');
    this.#counters.add('errors');
    this.#log.error(
      `some ${what} are lost: ${file} ${why}. Everything else was read. Check the disk, or restore the file from a backup`,
    );
  }

  /** `isNews`: the attempt before this one succeeded. */
  historyFailed(error: unknown, isNews: boolean): void {
    this.#counters.add('errors');
    if (isNews) this.#log.error(`history is not kept: ${sayWithAdvice(error)}. It is tried again twice a minute`);
  }
}
