import type { Transition } from '../alerts/alert.js';
import { HUB, type Tables } from '../state/tables.js';
import type { Store, Transaction } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { createNotifier, targetOf } from './create-notifier.js';
import { DeliveryQueue, type DeliveryQueueContext } from './delivery-queue.js';
import type { Teller } from './notifier.js';
import { Outbox } from './outbox.js';
import { hears } from './routing.js';
import type { NotifierSettings } from './settings.js';

export interface NotificationsContext {
  readonly store: Store;
  readonly notifiers: readonly NotifierSettings[];
  readonly teller: Teller;
  readonly hubs: Tables['hubs'];
  readonly hubSlot: number;
  readonly clock: Clock;
  readonly log: DeliveryQueueContext['log'];
}

/** State of a notifier, for people. Times are ms since 1970. */
export interface NotifierState {
  readonly id: string;
  readonly type: NotifierSettings['type'];
  readonly target: string;
  /** `failing` from a failure until the next success. */
  readonly state: 'ok' | 'failing';
  readonly pending: number;
  readonly sent: number;
  readonly failures: number;
  readonly dropped: number;
  readonly givenUp: number;
  readonly lastSuccessAt: number | null;
  readonly lastErrorAt: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: number | null;
}

/** All notifiers: their routes, their outbox and their state. */
export class Notifications {
  readonly #context: NotificationsContext;
  readonly #outbox: Outbox;
  readonly #queues: readonly { readonly settings: NotifierSettings; readonly queue: DeliveryQueue }[];

  constructor(context: NotificationsContext) {
    this.#context = context;
    const { store, notifiers, teller, clock, log } = context;
    const names = notifiers.map(({ name }) => name);
    const onOrphans = (name: string, count: number) =>
      log.warn({ notifier: name, count }, `${count} notifications waited for ${name}, which is no more: dropped`);
    this.#outbox = new Outbox({ store, names, now: clock.wallNow(), onOrphans });
    this.#queues = notifiers.map((settings) => {
      const { name, minIntervalMs } = settings;
      const notifier = createNotifier(settings, teller);
      const outbox = this.#outbox;
      const clocks = { now: clock.now, wallClock: Date.now };
      const queue = new DeliveryQueue({ name, notifier, outbox, minIntervalMs, ...clocks, random: Math.random, log });
      return { settings, queue };
    });
  }

  /** Add the notifications of `transitions` to a transaction. Call `wake` when that is committed. */
  append(transaction: Transaction, transitions: readonly Transition[]): void {
    for (const { settings } of this.#queues) {
      const heard = transitions.filter((transition) => hears(settings.interest, transition));
      const dropped = this.#outbox.append(transaction, settings.name, heard);
      if (dropped === 0) continue;
      const message = `the outbox of notifier ${settings.name} is full: its ${dropped} oldest notifications are dropped`;
      this.#context.log.error({ notifier: settings.name, dropped }, message);
    }
  }

  /** Start deliveries. Never waits for them. */
  wake(): void {
    for (const { queue } of this.#queues) queue.tick();
  }

  /** Call once a second. */
  tick(): void {
    this.wake();
    const { hubs, hubSlot } = this.#context;
    const states = this.states();
    const sum = (field: 'sent' | 'failures' | 'pending' | 'dropped' | 'givenUp') =>
      states.reduce((total, state) => total + state[field], 0);
    hubs.set(hubSlot, HUB.notifications_sent, sum('sent'));
    hubs.set(hubSlot, HUB.notifications_failed, sum('failures'));
    hubs.set(hubSlot, HUB.notifications_dropped, sum('dropped') + sum('givenUp'));
    hubs.set(hubSlot, HUB.notifications_pending, sum('pending'));
    hubs.set(hubSlot, HUB.notifiers_failing, states.filter(({ state }) => state === 'failing').length);
  }

  states(): NotifierState[] {
    const wallOf = (at: number | null) => (at === null ? null : this.#context.clock.wallOf(at));
    return this.#queues.map(({ settings, queue: { status } }) => ({
      id: settings.name,
      type: settings.type,
      target: targetOf(settings),
      state: status.failing > 0 ? 'failing' : 'ok',
      pending: this.#outbox.pending(settings.name),
      sent: status.sent,
      failures: status.failures,
      dropped: this.#outbox.dropped(settings.name),
      givenUp: status.givenUp,
      lastSuccessAt: wallOf(status.lastSuccessAt),
      lastErrorAt: wallOf(status.lastError?.at ?? null),
      lastError: status.lastError?.message ?? null,
      nextAttemptAt: wallOf(status.nextAttemptAt),
    }));
  }

  /** Send what can be sent within `ms`. The rest waits for the next start. */
  async drain(ms: number): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    await Promise.all(this.#queues.map(({ queue }) => queue.drain(signal)));
  }
}
