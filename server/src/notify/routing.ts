import type { Severity, Transition } from '../alerts/alert.js';

/** What a notifier wants to hear; what is not named is not asked for. */
export interface Interest {
  readonly severities?: readonly Severity[] | undefined;
  /** Names of streams; an alert about no stream is then not heard. */
  readonly streams?: readonly string[] | undefined;
}

/** Whether a notifier hears of this. Severity and labels are those of the whole episode, so firing and resolved go the same way. */
export function hears({ severities, streams }: Interest, { alert }: Transition): boolean {
  if (severities !== undefined && !severities.includes(alert.severity)) return false;
  return streams === undefined || (alert.labels.stream !== undefined && streams.includes(alert.labels.stream));
}
