/** Turns the listeners that a user wants to see into a request to the hub. */
import type { View } from '@auralis/shared/messages';
import type { Row } from './feed.js';
import type { Catalogue, ColumnLayout } from './layout.js';
import { byName, byValue, type Compare, isDescending, type Sort } from './order.js';

export interface Wanted {
  readonly sort: Sort;
  /** Words that must all be said of a row. */
  readonly filter: string;
  /** Only listeners whose health is not ok. */
  readonly onlyTroubled: boolean;
}

type Where = NonNullable<View['where']>;

/** Columns whose labels a filter may name in whole: `starving`, `stalled`, `closed`. */
const LABELLED = ['status', 'status_reason', 'playback_state', 'state'];
/** The hub takes 16 conditions; nobody types more words. */
const MAX_WORDS = 10;

/** The view that brings what is wanted, without its window. */
export function viewOf(wanted: Wanted, layout: readonly ColumnLayout[], catalogue: Catalogue): View {
  const sort = sortColumnOf(wanted.sort, layout);
  const spec = catalogue.get(sort);
  const words = wanted.filter.toLowerCase().split(/\s+/).filter(Boolean).slice(0, MAX_WORDS);
  const where: Where = [
    ...(wanted.onlyTroubled ? [['status', '!=', 'ok'] as const] : []),
    ...words.map((word) => conditionOf(word, catalogue)),
  ];
  return { ...(spec && { sort, desc: isDescending(wanted.sort, spec) }), where };
}

/** Order of the rows within a page of that view: equal ones by how long they have not been ok, then by name. */
export function compareOf({ sort, desc = false }: View): Compare {
  const longestFirst = byValue((row: Row) => row.get('not_ok_since'), false, byName);
  return sort === undefined ? longestFirst : byValue((row: Row) => row.get(sort), desc, longestFirst);
}

function sortColumnOf(sort: Sort, layout: readonly ColumnLayout[]): string {
  const column = layout.find(({ label }) => label === sort.label);
  return column?.sortBy ?? column?.name ?? '';
}

/** A word that is a label speaks of it; any other is looked for in names, addresses and reasons. */
function conditionOf(word: string, catalogue: Catalogue): Where[number] {
  const column = LABELLED.find((name) => catalogue.get(name)?.labels?.includes(word.replaceAll(' ', '_')));
  return column === undefined ? ['any', 'contains', word] : [column, '=', word];
}
