import type { Alerting } from '../alerts/alerting.js';
import { createAlerting } from '../alerts/create-alerting.js';
import type { DeliveryQueueContext } from '../notify/delivery-queue.js';
import { Notifications } from '../notify/notifications.js';
import type { Teller } from '../notify/notifier.js';
import type { HubCounters } from '../state/counters.js';
import type { Tables } from '../state/tables.js';
import type { Store } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { TimeSlicer } from '../time/time-slicer.js';
import { DurableAlertStore } from './durable-alert-store.js';
import type { HubOptions } from './options.js';

export interface AlertPipelineContext {
  readonly options: Pick<HubOptions, 'alerts' | 'notifiers' | 'maxSharePercent'>;
  readonly store: Store;
  readonly tables: Tables;
  readonly hubSlot: number;
  readonly counters: HubCounters;
  readonly teller: Teller;
  readonly clock: Clock;
  readonly log: DeliveryQueueContext['log'] & Parameters<typeof createAlerting>[0]['log'];
  readonly onError: (error: unknown) => void;
}

/** Alerting and notifiers over one store. */
export class AlertPipeline {
  readonly alerting: Alerting;
  readonly notifications: Notifications;
  readonly #store: DurableAlertStore;
  readonly #slices: TimeSlicer;
  #isFirst = true;

  constructor({ options, store, tables, hubSlot, counters, teller, clock, log, onError }: AlertPipelineContext) {
    const { hubs } = tables;
    this.#slices = new TimeSlicer({ onError });
    this.notifications = new Notifications({ store, notifiers: options.notifiers, teller, hubs, hubSlot, clock, log });
    this.#store = new DurableAlertStore(store, this.notifications);
    const { alerts, maxSharePercent } = options;
    const context = { tables, hubSlot, counters, maxSharePercent, rules: alerts.rules, store: this.#store, clock, log };
    this.alerting = createAlerting(context, clock.now());
  }

  /**
   * Evaluate the rules. Call once a second. A long evaluation goes on in later turns of the event loop, and no other
   * begins before its end.
   */
  tick(at: number): void {
    this.alerting.observeNode(at);
    // The first evaluation runs in one piece, because counters are compared from it on.
    if (this.#isFirst) this.alerting.lookAtOnce(at);
    else if (!this.#slices.isBusy) this.#slices.run(this.alerting.look(at));
    this.#isFirst = false;
    this.notifications.tick();
  }

  /** Store what was decided, and send what can be sent within `ms`. The rest waits for the next start. */
  async drain(ms: number): Promise<void> {
    // An evaluation that is not stored is repeated after the start.
    this.#slices.stop();
    await this.#store.flush();
    await this.notifications.drain(ms);
    // Alerts that were raised by hand meanwhile.
    await this.#store.flush();
  }
}
