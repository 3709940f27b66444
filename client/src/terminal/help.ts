import { type CatalogueEntry, type ColumnSpec, neutral } from '@auralis/shared';
import type { Line } from './text.js';
import type { TopState } from './top-state.js';

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['← → < >', 'sort by the column before or after'],
  ['r', 'reverse the order'],
  ['/', 'only rows with this text in a name, id, address or reason; Esc for all'],
  ['s', 'next stream, and after the last all of them'],
  ['c', 'also connections that have closed'],
  ['↑ ↓ PgUp PgDn Home End', 'scroll'],
  ['Ctrl-L', 'draw anew'],
  ['? q', 'this page; quit'],
];

const KEYS_WIDTH = 24;

/** The keys, the marks, and the meaning of the column that the rows are sorted by. */
export function helpLines(state: TopState, columns: ReadonlyMap<string, CatalogueEntry>): Line[] {
  const keys = KEYS.map(([key, does]): Line => [{ text: key.padEnd(KEYS_WIDTH), style: 'bold' }, { text: does }]);
  const column = columns.get(state.sort);
  const meaning = column === undefined ? [] : meaningOf(column);
  return [
    ...keys,
    [],
    [
      { text: '! past its alert threshold', style: 'alert' },
      { text: '   ' },
      { text: '· off its target', style: 'off-target' },
      { text: '   – missing' },
    ],
    ...meaning,
  ];
}

function meaningOf(column: CatalogueEntry): Line[] {
  const limits = [boundsOf('target', column.target), boundsOf('alert', column.alert)].filter((text) => text !== '');
  const unit = column.unit === 'enum' ? (column.labels ?? []).join(', ') : column.unit;
  return [
    [{ text: `${column.name}`, style: 'bold' }, { text: ` (${unit}): ${neutral(column.help)}` }],
    ...(limits.length > 0 ? [[{ text: limits.join(', ') }]] : []),
  ];
}

function boundsOf(name: string, bounds: ColumnSpec['target']): string {
  if (bounds === undefined) return '';
  const { min, max } = bounds;
  if (name === 'alert') {
    const past = [min === undefined ? '' : `below ${min}`, max === undefined ? '' : `above ${max}`];
    return `alert ${past.filter((text) => text !== '').join(' or ')}`;
  }
  if (min === undefined) return `target up to ${max}`;
  return max === undefined ? `target from ${min}` : `target ${min} to ${max}`;
}

/** The last line: the text being typed, the hub's refusal, or the keys. */
export function footer(state: TopState, notice: string | null): Line {
  if (state.isTyping) return [{ text: `/${neutral(state.filter)}`, style: 'bold' }, { text: '▏' }];
  if (notice !== null) return [{ text: `the hub refused: ${neutral(notice)}`, style: 'alert' }];
  return [{ text: '←→ sort  r reverse  / filter  s stream  PgUp PgDn  ? help  q quit', style: 'dim' }];
}
