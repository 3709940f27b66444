import { SCHEMAS, type View } from '@auralis/shared';
import type { LiveView, ViewRow, Wish } from './live-view.js';

/** Which connections the screen shows. */
export interface Query {
  /** null: of all streams. */
  readonly stream: string | null;
  /** Text in client, id or stream; '' for all. */
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

/** A query's answer. `isLeast`: `total` is a lower bound. */
export interface Answer {
  readonly rows: readonly ViewRow[];
  readonly total: number;
  readonly isLeast: boolean;
}

type Where = NonNullable<View['where']>;

/** Whether larger readings of a column are shown first: the worse ones, as the catalogue has it; newest where none are. */
export function isWorstDescending(column: string): boolean {
  const spec = SCHEMAS.connections.columns.find(({ name }) => name === column);
  return spec?.worse !== 'less' && spec?.worse !== 'both';
}

/**
 * What to ask the hub for a query. A view's conditions must all hold, and a filter is met by any of three names: so a
 * filter is one view for each, and `answer` puts them together again.
 */
export function wishesOf(query: Query): readonly Wish[] {
  const { stream, filter, closed, sort, desc, offset, limit, columns, intervalMs } = query;
  const topic = stream === null ? 'connections' : `connections/${stream}`;
  const always: Where = closed ? [] : [['state', '!=', 'closed']];
  const wish = (where: Where, from: number, count: number): Wish => {
    return { topic, intervalMs, columns, view: { sort, desc, offset: from, limit: count, where } };
  };
  // The stream that was chosen has the text in its name: all its connections match.
  const isMet = stream?.toLowerCase().includes(filter.toLowerCase()) ?? false;
  if (filter === '' || isMet) return [wish(always, offset, limit)];
  const names = stream === null ? ['client', 'id', 'stream'] : ['client', 'id'];
  return names.map((name) => wish([...always, [name, 'contains', filter]], 0, offset + limit));
}

/** Puts the rows of a query's views together, in order. */
export function answer(query: Query, views: readonly Pick<LiveView, 'rows' | 'total'>[]): Answer {
  const byKey = new Map<string, ViewRow>();
  let mostTotal = 0;
  let isWhole = true;
  for (const view of views) {
    const rows = view.rows();
    for (const row of rows) byKey.set(row.key, row);
    mostTotal = Math.max(mostTotal, view.total);
    if (rows.length < view.total) isWhole = false;
  }
  const rows = [...byKey.values()].sort(orderOf(query));
  if (views.length <= 1) return { rows: rows.slice(0, query.limit), total: mostTotal, isLeast: false };
  const page = rows.slice(query.offset, query.offset + query.limit);
  return { rows: page, total: isWhole ? rows.length : Math.max(mostTotal, rows.length), isLeast: !isWhole };
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
