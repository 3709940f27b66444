import type { Alert, Transition } from './alert.js';
import type { Silence } from './silences.js';

/** An alert that fires, with what the hub must know to go on with it after a restart. Times are wall times, ms since 1970. */
export interface StoredAlert {
  readonly alert: Alert;
  readonly group: string;
  readonly firedAt: number;
  readonly mostCount: number;
  readonly isTold: boolean;
  /** When one that was raised by hand is over; null of all others. */
  readonly endsAt: number | null;
}

/** What happened in one tick. Of an alert that fires, the newest state; of one that is over, its id. */
export interface AlertChange {
  readonly firing: readonly StoredAlert[];
  readonly over: readonly string[];
  /** What notifiers are to be told, in this order; each key comes once, unless a crash came before this was kept. */
  readonly transitions: readonly Transition[];
}

/** What was kept. */
export interface StoredAlerts {
  readonly firing: readonly StoredAlert[];
  readonly silences: readonly Silence[];
}

/**
 * Where alerts and silences outlive the hub, and from where transitions go to the notifiers. A change is kept whole or not
 * at all: after a crash an alert is stored as told exactly if its transition is.
 */
export interface AlertStore {
  load(): StoredAlerts;
  commit(change: AlertChange): void;
  putSilence(silence: Silence): void;
  removeSilence(id: string): void;
  /** Done when everything committed so far outlives the hub: true; false where it cannot be kept now. */
  kept(): Promise<boolean>;
}
