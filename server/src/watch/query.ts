import { SCHEMAS, type View } from '@auralis/shared';
import type { LiveView, ViewRow, Wish } from './live-view.js';

/** Which connections the screen shows. */
export interface Query {
  /** null: of all streams. */
  readonly stream: string | null;
  /** Text in any name, address or reason; '' for all. */
  readonly filter: string;
  /** Also those that have closed. */
  readonly closed: boolean;
  readonly sort: string;
  readonly desc: boolean;
  readonly offset: number;
  readonly limit: number;
  readonly columns: readonly string[];
  readonly intervalMs: number;
}

/** A query's answer. `total`: rows that match, on the screen or not. */
export interface Answer {
  readonly rows: readonly ViewRow[];
  readonly total: number;
}

type Where = NonNullable<View['where']>;

/**
 * Whether larger readings of a column are shown first: the worse ones, as the catalogue has it; newest where none
 * are.
 */
export function isWorstDescending(column: string): boolean {
  const spec = SCHEMAS.connections.columns.find(({ name }) => name === column);
  return spec?.worse !== 'less' && spec?.worse !== 'both';
}

/** What to ask the hub for a query. */
export function wishOf(query: Query): Wish {
  const { stream, filter, closed, sort, desc, offset, limit, columns, intervalMs } = query;
  // The stream that was chosen has the text in its name: all its connections match.
  const isMet = stream?.toLowerCase().includes(filter.toLowerCase()) ?? false;
  const where: Where = [
    ...(closed ? [] : [['state', '!=', 'closed'] as const]),
    ...(filter === '' || isMet ? [] : [['any', 'contains', filter] as const]),
  ];
  const topic = stream === null ? 'connections' : `connections/${stream}`;
  return { topic, intervalMs, columns, view: { sort, desc, offset, limit, where } };
}

/** Puts the rows of a query's view in order. */
export function answer(query: Query, view: Pick<LiveView, 'rows' | 'total'>): Answer {
  return { rows: view.rows().sort(orderOf(query)), total: view.total };
}

const BY_KEY = new Intl.Collator('en', { numeric: true });

/** Rows without a reading come last, whichever way it is ordered. */
function orderOf({ sort, desc }: Query): (a: ViewRow, b: ViewRow) => number {
  const sign = desc ? -1 : 1;
  return (a, b) => {
    const left = a.values[sort] ?? null;
    const right = b.values[sort] ?? null;
    if (left === null || right === null) {
      return Number(left === null) - Number(right === null) || BY_KEY.compare(a.key, b.key);
    }
    return sign * (left - right) || BY_KEY.compare(a.key, b.key);
  };
}
