import type { WallClock } from '../time/clock.js';
import type { Alert, Blame, Severity } from './alert.js';

/**
 * An alert while it lives: from pending to firing to resolved, or from pending to nothing. Times are the hub's, ms.
 */
export interface Episode {
  readonly id: string;
  /** Name of its rule, or `MANUAL`. */
  readonly rule: string;
  /** Group of rows: see `Rule.groupBy`. */
  readonly group: string;
  severity: Severity;
  title: string;
  message: string;
  readonly labels: Readonly<Record<string, string>>;
  state: 'pending' | 'firing' | 'resolved';
  /** When its first row went bad. */
  since: number;
  /** NaN until it fires, or is resolved. */
  firedAt: number;
  resolvedAt: number;
  /** Rows that are bad now; for a resolved alert, the most at once. */
  count: number;
  mostCount: number;
  /** When a row of it was last bad for long enough. */
  lastRipeAt: number;
  /** The worst reading since it fired, in its column's unit, or NaN. */
  worst: number;
  blame: Blame | null;
  /** When text and blame were last made, and for how many rows. */
  describedAt: number;
  describedCount: number;
  /** Id of the silence that covers it, or null. */
  silence: string | null;
  /** Id of the alert that explains it, or null. */
  inhibitedBy: string | null;
  /** Until when it is held back because another alert explains it, or may; NaN if it never was. */
  heldUntil: number;
  /** Notifiers were told that it fires, so they must be told that it is resolved. */
  isTold: boolean;
  /** It is not resolved before this time: after a restart its rows may not be back yet. */
  keptUntil: number;
}

/** Rule of alerts raised by hand. */
export const MANUAL = 'manual';

/** Copy an alert for notifiers and the store, with wall times in whole ms. */
export function alertOf(episode: Episode, clock: WallClock): Alert {
  const { id, rule, severity, title, message, labels, count, worst, blame } = episode;
  const value = Number.isNaN(worst) ? null : worst;
  const since = Math.round(clock.wallOf(episode.since));
  return { id, rule, severity, title, message, labels, count, value, since, blame };
}
