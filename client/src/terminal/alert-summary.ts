import { type CatalogueEntry, neutral } from '@auralis/shared';
import { formatDuration } from './format.js';
import type { Line, Span, Style } from './text.js';
import type { ViewRow } from './view-row.js';

/** From most to least urgent, with the mark and the colour of each. */
const SEVERITIES: readonly (readonly [severity: string, mark: string, style: Style])[] = [
  ['critical', '◆', 'alert'],
  ['error', '◆', 'alert'],
  ['warning', '◇', 'off-target'],
  ['info', '○', 'dim'],
];

/** The words for an alert's `blame`. An alert that blames nobody gets no words. */
const FAULTS: Readonly<Record<string, string>> = {
  engine: ', fault: the engine',
  node: ", fault: the hub's host",
  network: ', fault: the network',
  unknown: ', fault: unknown',
};

export interface AlertSummary {
  /** The number of alerts of each severity, and of the silenced ones. Empty when there are none. */
  readonly counts: readonly Span[];
  /**
   * One line for each alert: its name, its age, its blame and its message. The worst alert comes first, and the older
   * of two equal ones.
   */
  readonly lines: readonly Line[];
}

/**
 * The alerts that fire. Silenced alerts and alerts that follow from another one are only counted, so that nobody
 * believes that nothing fires.
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
  // The message already names the stream.
  const where = rule === 'manual' && stream !== '' ? ` (${stream})` : '';
  const since = values.since ?? null;
  const lasts = since === null ? '' : `, for ${formatDuration(nowMs - since * 1000)}`;
  return [
    { text: `${mark} ${neutral(title)}${where}`, style },
    { text: `${lasts}${FAULTS[blame] ?? ''}${message === '' ? '' : ` - ${neutral(message)}`}` },
  ];
}

const oldestFirst = (a: ViewRow, b: ViewRow) => (a.values.since ?? 0) - (b.values.since ?? 0);
