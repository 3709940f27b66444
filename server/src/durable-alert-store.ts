import type { AlertChange, AlertStore, StoredAlert, StoredAlerts } from './alerts/alert-store.js';
import type { Silence } from './alerts/silences.js';
import type { Notifications } from './notify/notifications.js';
import type { Database, Store, Transaction } from './store/store.js';

/** After a disk that takes nothing, this long until it is tried again. */
const RETRY_MS = 1_000;
/** Who asks whether it is kept waits for so long. */
const PATIENCE_MS = 2_000;

/**
 * Alerts and silences in the hub's store. An alert's state and what notifiers are to be told of it are one transaction, and
 * transactions are committed one after another: after `kill -9` nothing is lost, and nothing is told under a second key.
 */
export class DurableAlertStore implements AlertStore {
  readonly #store: Store;
  readonly #notifications: Notifications;
  readonly #onError: (error: unknown) => void;
  readonly #alerts: Database<StoredAlert>;
  readonly #silences: Database<Silence>;
  #writing: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(store: Store, notifications: Notifications, onError: (error: unknown) => void) {
    this.#store = store;
    this.#notifications = notifications;
    this.#onError = onError;
    this.#alerts = store.database('alerts');
    this.#silences = store.database('silences');
  }

  load(): StoredAlerts {
    const firing = Array.from(this.#alerts.entries(), ({ value }) => value);
    return { firing, silences: Array.from(this.#silences.entries(), ({ value }) => value) };
  }

  save({ firing, over, transitions }: AlertChange): void {
    const transaction = this.#store.begin();
    for (const stored of firing) transaction.put(this.#alerts, stored.alert.id, stored);
    for (const id of over) transaction.remove(this.#alerts, id);
    this.#notifications.append(transaction, transitions);
    this.#commit(transaction);
  }

  saveSilence(silence: Silence): void {
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
    const isKept = await Promise.race([this.#writing.then(() => true), tooLate]);
    clearTimeout(timer);
    return isKept;
  }

  /** Done when everything that was saved is. Nothing is tried again from here on. */
  async flush(): Promise<void> {
    this.#isClosing = true;
    await this.#writing;
  }

  #commit(transaction: Transaction): void {
    this.#writing = this.#writing.then(() => this.#commitForSure(transaction)).then(() => this.#notifications.wake());
  }

  async #commitForSure(transaction: Transaction): Promise<void> {
    for (;;) {
      try {
        return await transaction.commit();
      } catch (error) {
        this.#onError(error);
        if (this.#isClosing) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }
}
