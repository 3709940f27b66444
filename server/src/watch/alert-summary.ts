import type { CatalogueEntry } from '@auralis/shared';
import type { ViewRow } from './live-view.js';
import { type Span, type Style, safe } from './text.js';

/** From most to least urgent, with the mark and the colour of each. */
const SEVERITIES: readonly (readonly [severity: string, mark: string, style: Style])[] = [
  ['critical', '◆', 'alert'],
  ['error', '◆', 'alert'],
  ['warning', '◇', 'off-target'],
  ['info', '○', 'dim'],
];

/** What fires and is not silenced, counted by severity, and the title of the worst; nothing where nothing does. */
export function alertSummary(
  alerts: readonly ViewRow[],
  columns: ReadonlyMap<string, CatalogueEntry>,
): readonly Span[] {
  const labelOf = (row: ViewRow, name: string) => columns.get(name)?.labels?.[row.values[name] ?? -1];
  const firing = alerts.filter((row) => labelOf(row, 'state') === 'firing' && labelOf(row, 'silenced') !== 'yes');
  const counted = SEVERITIES.flatMap(([severity, mark, style]) => {
    const rows = firing.filter(({ attributes }) => attributes.severity === severity);
    return rows.length === 0 ? [] : [{ rows, span: { text: `  ${mark} ${rows.length} ${severity}`, style } }];
  });
  const worst = counted[0]?.rows.toSorted(oldestFirst)[0];
  if (worst === undefined) return [];
  return [...counted.map(({ span }) => span), { text: `: ${safe(worst.attributes.title ?? '')}` }];
}

const oldestFirst = (a: ViewRow, b: ViewRow) => (a.values.since ?? 0) - (b.values.since ?? 0);
