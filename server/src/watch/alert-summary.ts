import { type CatalogueEntry, neutral } from '@auralis/shared';
import { formatDuration } from './format.js';
import type { ViewRow } from './live-view.js';
import type { Line, Span, Style } from './text.js';

/** From most to least urgent, with the mark and the colour of each. */
const SEVERITIES: readonly (readonly [severity: string, mark: string, style: Style])[] = [
  ['critical', '◆', 'alert'],
  ['error', '◆', 'alert'],
  ['warning', '◇', 'off-target'],
  ['info', '○', 'dim'],
];

/** Whose fault, in words: by the alert's `blame`. Of one that nobody is blamed for, nothing is said. */
const FAULTS: Readonly<Record<string, string>> = {
  engine: ', fault: the engine',
  node: ", fault: the hub's host",
  network: ', fault: the network',
  unknown: ', fault: unknown',
};

export interface AlertSummary {
  /** How many there are of each severity, and how many are silenced; nothing where there are none. */
  readonly counts: readonly Span[];
  /** A line each: what, since when, whose fault, and then the message. The worst first, of two the older. */
  readonly lines: readonly Line[];
}

/**
 * What fires. Of what is silenced or follows from another, only how much it is: nobody is to think that nothing
 * fires.
 */
export function alertSummary(
  alerts: readonly ViewRow[],
  columns: ReadonlyMap<string, CatalogueEntry>,
  nowMs: number,
): AlertSummary {
  const labelOf = (row: ViewRow, name: string) => columns.get(name)?.labels?.[row.values[name] ?? -1];
  const all = alerts.filter((row) => labelOf(row, 'state') === 'firing');
  const isSilenced = (row: ViewRow) => labelOf(row, 'silenced') === 'yes';
  const follows = (row: ViewRow) => !isSilenced(row) && (row.attributes.inhibited_by ?? '') !== '';
  const firing = all.filter((row) => !isSilenced(row) && !follows(row));
  const counts: Span[] = [];
  const lines: Line[] = [];
  for (const [severity, mark, style] of SEVERITIES) {
    const rows = firing.filter(({ attributes }) => attributes.severity === severity);
    if (rows.length > 0) counts.push({ text: `  ${mark} ${countedText(severity, rows.length)}`, style });
    for (const row of rows.toSorted(oldestFirst)) lines.push(lineOf(row, mark, style, nowMs));
  }
  const silenced = all.filter(isSilenced).length;
  if (silenced > 0) counts.push({ text: `  ${silenced} silenced`, style: 'dim' });
  const following = all.filter(follows).length;
  if (following > 0) counts.push({ text: `  ${following} that follow`, style: 'dim' });
  return { counts, lines };
}

/** `1 warning`, `12 errors`, `3 critical`. */
function countedText(severity: string, count: number): string {
  const isNoun = severity === 'error' || severity === 'warning';
  return `${count} ${severity}${isNoun && count !== 1 ? 's' : ''}`;
}

function lineOf({ attributes, values }: ViewRow, mark: string, style: Style, nowMs: number): Line {
  const { title = '', message = '', blame = '', rule = '', stream = '' } = attributes;
  // Rules name the stream in the message.
  const where = rule === 'manual' && stream !== '' ? ` (${stream})` : '';
  const since = values.since ?? null;
  const lasts = since === null ? '' : `, for ${formatDuration(nowMs - since * 1000)}`;
  return [
    { text: `${mark} ${neutral(title)}${where}`, style },
    { text: `${lasts}${FAULTS[blame] ?? ''}${message === '' ? '' : ` - ${neutral(message)}`}` },
  ];
}

const oldestFirst = (a: ViewRow, b: ViewRow) => (a.values.since ?? 0) - (b.values.since ?? 0);
