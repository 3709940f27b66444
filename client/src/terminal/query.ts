import { SCHEMAS, type View } from '@auralis/shared';
import type { Subscription } from '../live/types.js';
import type { Wish } from './hub-link.js';
import { copiesOf, type Rows, type ViewRow } from './view-row.js';

/** The connections that the screen shows. */
export interface Query {
  /** Null for all streams. */
  readonly stream: string | null;
  /** Text to find in any name, address or reason. '' matches all. */
  readonly filter: string;
  /** Includes closed connections. */
  readonly closed: boolean;
  readonly sort: string;
  readonly desc: boolean;
  readonly offset: number;
  readonly limit: number;
  readonly columns: readonly string[];
  readonly intervalMs: number;
}

/** The answer to a query. `total` counts all matching rows, on the screen or not. */
export interface Answer {
  readonly rows: readonly ViewRow[];
  readonly total: number;
}

type Where = NonNullable<View['where']>;

/** Whether a column shows larger readings first: those that the catalogue calls worse, or else the newest. */
export function isWorstDescending(column: string): boolean {
  const spec = SCHEMAS.connections.columns.find(({ name }) => name === column);
  return spec?.worse !== 'less' && spec?.worse !== 'both';
}

/** The subscription for a query. */
export function wishOf(query: Query): Wish {
  const { stream, filter, closed, sort, desc, offset, limit, columns, intervalMs } = query;
  // The name of the chosen stream contains the text, so all its connections match.
  const isMet = stream?.toLowerCase().includes(filter.toLowerCase()) ?? false;
  const where: Where = [
    ...(closed ? [] : [['state', '!=', 'closed'] as const]),
    ...(filter === '' || isMet ? [] : [['any', 'contains', filter] as const]),
  ];
  const topic = stream === null ? 'connections' : `connections/${stream}`;
  return { topic, intervalMs, columns, view: { sort, desc, offset, limit, where } };
}

/** Sorts the rows that the subscription of a query has. */
export function answer(query: Query, from: Rows & Pick<Subscription, 'total'>): Answer {
  return { rows: copiesOf(from).sort(orderOf(query)), total: from.total };
}

const BY_KEY = new Intl.Collator('en', { numeric: true });

/** Rows without a reading come last in both orders. */
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
