import type { Alert, Transition } from './alert.js';
import type { Silence } from './silences.js';

/** A firing alert, with what the hub must know after a restart. Times are wall times, ms since 1970. */
export interface StoredAlert {
  readonly alert: Alert;
  readonly group: string;
  readonly firedAt: number;
  readonly mostCount: number;
  readonly isTold: boolean;
  /** When an alert raised by hand ends; null for all others. */
  readonly endsAt: number | null;
}

/** Changes of one tick: firing alerts as they are now, and ids of those that are over. */
export interface AlertChange {
  readonly firing: readonly StoredAlert[];
  readonly over: readonly string[];
  /** Notifications to send, in this order. Each key comes once, unless a crash came before it was stored. */
  readonly transitions: readonly Transition[];
}

export interface StoredAlerts {
  readonly firing: readonly StoredAlert[];
  readonly silences: readonly Silence[];
}

/**
 * Keeps alerts and silences over restarts, and queues notifications. A change is stored as a whole: after a crash an
 * alert is marked as notified exactly if its notification is queued.
 */
export interface AlertStore {
  load(): StoredAlerts;
  commit(change: AlertChange): void;
  putSilence(silence: Silence): void;
  removeSilence(id: string): void;
  /** Resolve to true once everything committed so far is stored, or to false if the disk takes nothing now. */
  kept(): Promise<boolean>;
}
