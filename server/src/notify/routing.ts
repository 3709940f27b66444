import type { Severity, Transition } from '../alerts/alert.js';

/** Filter of a notifier; what it does not name is not asked for. */
export interface Interest {
  readonly severities?: readonly Severity[] | undefined;
  /** Names of streams. Alerts without a stream are then left out. */
  readonly streams?: readonly string[] | undefined;
}

/**
 * Whether a notifier gets this. Severity and labels never change in an episode, so firing and resolved go the same
 * way.
 */
export function hears({ severities, streams }: Interest, { alert }: Transition): boolean {
  if (severities !== undefined && !severities.includes(alert.severity)) return false;
  return streams === undefined || (alert.labels.stream !== undefined && streams.includes(alert.labels.stream));
}
