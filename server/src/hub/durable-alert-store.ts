import type { AlertChange, AlertStore, StoredAlert, StoredAlerts } from '../alerts/alert-store.js';
import type { Silence } from '../alerts/silences.js';
import type { Notifications } from '../notify/notifications.js';
import type { Database, Store, Transaction } from '../store/store.js';

/** `kept` waits at most this long for the disk. */
const PATIENCE_MS = 2_000;

/**
 * Alerts and silences in the hub's store. An alert's state and its notifications are one transaction. After `kill -9`
 * nothing is lost, and nothing is sent under a second key. While the disk takes nothing, notifications are sent from
 * memory.
 */
export class DurableAlertStore implements AlertStore {
  readonly #store: Store;
  readonly #notifications: Notifications;
  readonly #alerts: Database<StoredAlert>;
  readonly #silences: Database<Silence>;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, notifications: Notifications) {
    this.#store = store;
    this.#notifications = notifications;
    this.#alerts = store.database('alerts');
    this.#silences = store.database('silences');
  }

  load(): StoredAlerts {
    const firing = Array.from(this.#alerts.entries(), ({ value }) => value);
    return { firing, silences: Array.from(this.#silences.entries(), ({ value }) => value) };
  }

  commit({ firing, over, transitions }: AlertChange): void {
    const transaction = this.#store.begin();
    for (const stored of firing) transaction.put(this.#alerts, stored.alert.id, stored);
    for (const id of over) transaction.remove(this.#alerts, id);
    this.#notifications.append(transaction, transitions);
    this.#commit(transaction);
  }

  putSilence(silence: Silence): void {
    const transaction = this.#store.begin();
    transaction.put(this.#silences, silence.id, silence);
    this.#commit(transaction);
  }

  removeSilence(id: string): void {
    const transaction = this.#store.begin();
    transaction.remove(this.#silences, id);
    this.#commit(transaction);
  }

  async kept(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), PATIENCE_MS);
    });
    const isKept = await Promise.race([this.#store.stored().then(() => true), tooLate]);
    clearTimeout(timer);
    return isKept;
  }

  /** Resolve when everything committed can be read, and sent. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  #commit(transaction: Transaction): void {
    const commit = transaction.commit();
    this.#writing = this.#writing.then(() => commit).then(() => this.#notifications.wake());
  }
}
