import type { Alerting } from './alerts/alerting.js';
import { createAlerting } from './alerts/create-alerting.js';
import { DurableAlertStore } from './durable-alert-store.js';
import type { LaneContext } from './notify/lane.js';
import { Notifications } from './notify/notifications.js';
import type { Teller } from './notify/notifier.js';
import type { HubOptions } from './options.js';
import type { Tables } from './state/tables.js';
import type { Store } from './store/store.js';

export interface AlarmContext {
  readonly options: Pick<HubOptions, 'alerts' | 'notifiers'>;
  readonly store: Store;
  readonly tables: Tables;
  readonly hubSlot: number;
  readonly teller: Teller;
  readonly now: () => number;
  readonly log: LaneContext['log'] & Parameters<typeof createAlerting>[0]['log'];
  readonly onError: (error: unknown) => void;
}

/** Alerting and notifiers, put together over one store. */
export class Alarm {
  readonly alerting: Alerting;
  readonly notifications: Notifications;
  readonly #store: DurableAlertStore;

  constructor({ options, store, tables, hubSlot, teller, now, log, onError }: AlarmContext) {
    const { hubs } = tables;
    this.notifications = new Notifications({ store, notifiers: options.notifiers, teller, hubs, hubSlot, now, log });
    this.#store = new DurableAlertStore(store, this.notifications, onError);
    this.alerting = createAlerting({ tables, hubSlot, rules: options.alerts.rules, store: this.#store, log }, now());
  }

  /** Once a second. */
  tick(at: number): void {
    this.alerting.tick(at);
    this.notifications.tick();
  }

  /** Keeps what was decided, and tells what can be told within `ms`; the rest waits for the next start. */
  async drain(ms: number): Promise<void> {
    await this.#store.flush();
    await this.notifications.drain(ms);
    // What was raised by hand meanwhile.
    await this.#store.flush();
  }
}
