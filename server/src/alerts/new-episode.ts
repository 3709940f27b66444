import type { WallClock } from '../time/clock.js';
import type { Severity } from './alert.js';
import type { StoredAlert } from './alert-store.js';
import { type Episode, MANUAL } from './episode.js';
import type { Rule } from './rule.js';
import type { Sighting } from './rule-evaluator.js';

export interface ManualAlert {
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Names the alert within its stream: the same key is the same alert. */
  readonly key?: string | undefined;
  /** The alert ends this long after it was last raised. */
  readonly lastsMs: number;
}

/** State of an alert that is neither resolved, silenced nor held back. */
const NEW = { resolvedAt: Number.NaN, silence: null, inhibitedBy: null, heldUntil: Number.NaN } as const;

/** Create the pending alert of a rule. */
export function pendingEpisode(
  id: string,
  rule: Rule,
  { group, since }: Sighting,
  labels: Readonly<Record<string, string>>,
): Episode {
  return {
    ...NEW,
    id,
    rule: rule.name,
    group,
    severity: rule.severity,
    title: rule.title,
    message: rule.title,
    labels,
    state: 'pending',
    since,
    firedAt: Number.NaN,
    count: 0,
    mostCount: 0,
    lastRipeAt: Number.NaN,
    worst: Number.NaN,
    blame: null,
    describedAt: Number.NaN,
    describedCount: 0,
    isTold: false,
    keptUntil: Number.NEGATIVE_INFINITY,
  };
}

/** Create a firing alert that was raised by hand. */
export function raisedEpisode(id: string, group: string, manual: ManualAlert, now: number): Episode {
  const { severity, title, message, labels, lastsMs } = manual;
  return {
    ...NEW,
    id,
    rule: MANUAL,
    group,
    severity,
    title,
    message,
    labels,
    state: 'firing',
    since: now,
    firedAt: now,
    count: 1,
    mostCount: 1,
    lastRipeAt: now,
    worst: Number.NaN,
    blame: null,
    describedAt: now,
    describedCount: 1,
    isTold: false,
    keptUntil: now + lastsMs,
  };
}

/** Create an alert that fired before the hub started. Nothing resolves it before `keptUntil`. */
export function restoredEpisode(stored: StoredAlert, keptUntil: number, clock: WallClock, now: number): Episode {
  const { alert, group, firedAt, mostCount, isTold } = stored;
  const { value, ...rest } = alert;
  return {
    ...NEW,
    ...rest,
    group,
    state: 'firing',
    since: clock.instantOf(alert.since),
    firedAt: clock.instantOf(firedAt),
    mostCount,
    lastRipeAt: now,
    worst: value ?? Number.NaN,
    describedAt: now,
    describedCount: alert.count,
    isTold,
    keptUntil,
  };
}
