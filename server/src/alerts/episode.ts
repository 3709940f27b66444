import type { WallClock } from '../time/clock.js';
import type { Alert, Blame, Severity } from './alert.js';

/** An alert while it lives: from pending over firing to resolved, or from pending to nothing. */
export interface Episode {
  readonly id: string;
  /** Name of its rule, or `MANUAL`. */
  readonly rule: string;
  /** Which rows of the rule's table: see `Rule.groupBy`. */
  readonly group: string;
  severity: Severity;
  title: string;
  message: string;
  readonly labels: Readonly<Record<string, string>>;
  state: 'pending' | 'firing' | 'resolved';
  /** When its first row went bad; ms by the hub's clock, as all times here. */
  since: number;
  /** NaN until it fires, or is resolved. */
  firedAt: number;
  resolvedAt: number;
  /** Rows that are bad now; of a resolved one, the most that were at once. */
  count: number;
  mostCount: number;
  /** When a row of it last was bad for long enough. */
  lastRipeAt: number;
  /** The worst reading since it fired, in its column's unit; NaN where there is none. */
  worst: number;
  blame: Blame | null;
  /** When message and blame were last made, and of how many rows. */
  describedAt: number;
  describedCount: number;
  /** Id of the silence that it lies under, or null. */
  silence: string | null;
  /** Id of the alert that it follows from, or null. */
  inhibitedBy: string | null;
  /** Until when it is held back for what it follows from, or may follow from; NaN where it never was. */
  heldUntil: number;
  /** Notifiers were told that it fires, so they are to be told that it is over. */
  isTold: boolean;
  /** Nothing resolves it before: it was kept over a restart, and its rows may not be back yet. */
  keptUntil: number;
}

/** The rule of alerts that somebody raised by hand. */
export const MANUAL = 'manual';

/** A copy of the alert as it is now, for notifiers and the store: with wall times, in whole ms. */
export function alertOf(episode: Episode, clock: WallClock): Alert {
  const { id, rule, severity, title, message, labels, count, worst, blame } = episode;
  const value = Number.isNaN(worst) ? null : worst;
  const since = Math.round(clock.wallOf(episode.since));
  return { id, rule, severity, title, message, labels, count, value, since, blame };
}
