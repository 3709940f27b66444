import { neutral, neutralLines } from '@auralis/shared';
import { type Alert, SEVERITIES, type Transition } from '../alerts/alert.js';

/** One alert in a message: its state after all of its transitions in a batch. */
export interface Told {
  readonly alert: Alert;
  readonly state: Transition['state'];
  readonly at: number;
  /** It fired and was resolved before any notification. */
  readonly isBrief: boolean;
}

/** Return one entry for each alert, in the order of their first transition. */
export function fold(batch: readonly Transition[]): Told[] {
  const told = new Map<string, Told>();
  for (const { alert, state, at } of batch) {
    const before = told.get(alert.id);
    const isBrief = state === 'resolved' && before?.state === 'firing';
    told.set(alert.id, { alert, state, at, isBrief });
  }
  return [...told.values()];
}

/** Return `ERROR: Stream dropping chunks (main)`: the line that a telephone shows. */
export function headline({ alert, state, isBrief }: Told): string {
  const { severity, title, labels } = alert;
  const word = isBrief ? 'CAME AND WENT' : state === 'resolved' ? 'RESOLVED' : severity.toUpperCase();
  return neutral(`${word}: ${title}${labels.stream === undefined ? '' : ` (${labels.stream})`}`);
}

/** Return the lines under the headline. */
export function body({ alert }: Told): string {
  const blame = alert.blame === null ? [] : [`Blame: ${alert.blame.on}, because ${alert.blame.evidence}`];
  return neutralLines([alert.message, ...blame].join('\n'));
}

/** Return a headline for several alerts: how many, and the worst that fires. */
export function summary(told: readonly Told[]): string {
  if (told.length === 1) return headline(told[0] as Told);
  const firing = told.filter(({ state }) => state === 'firing');
  const [worst] = firing.toSorted((a, b) => rankOf(b) - rankOf(a));
  const counts = `${told.length} alerts: ${firing.length} firing, ${told.length - firing.length} over`;
  return worst === undefined ? counts : `${counts}; ${headline(worst)}`;
}

const rankOf = ({ alert }: Told) => SEVERITIES.indexOf(alert.severity);

/**
 * Return at most `limit` characters of `text` (UTF-16 units, as in every limit here). A shortened text ends in `…`.
 */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // A pair of surrogates stays whole.
  const end = /[\uD800-\uDBFF]/.test(text[limit - 2] ?? '') ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`;
}

/** 24-bit RGB of a firing alert by severity, and of a resolved one. */
const COLORS = { info: 0x3a7bd5, warning: 0xe0a030, error: 0xd9534f, critical: 0x8b0000 } as const;
const OVER = 0x2e9e5b;

export function colorOf({ alert, state }: Told): number {
  return state === 'resolved' ? OVER : COLORS[alert.severity];
}
