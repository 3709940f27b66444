import {
  type Condition,
  ConditionError,
  MAX_CONDITIONS,
  MAX_ROWS,
  RequestError,
  type RowSelector,
  rowFilter,
  rowTest,
  type Table,
  type View,
} from '@auralis/shared';
import { Ranking } from './ranking.js';

/** A view, resolved against its table. */
export interface ResolvedView {
  readonly selector: RowSelector;
  /** Index of the column it sorts by, which always travels; null where it does not sort. */
  readonly sort: number | null;
  /** Equal for equal views, however they were written. */
  readonly key: string;
}

type RowTest = (slot: number) => boolean;

/** A topic of rows that have one value of an attribute in common. */
export interface Given {
  readonly attribute: string;
  readonly test: RowTest;
}

/** Resolves a view. `also`: what the topic itself asks of an attribute, or null. @throws RequestError */
export function resolveView(table: Table, view: View, also: Given | null, sub: number): ResolvedView {
  const { sort = null, desc = false, offset = 0, limit = MAX_ROWS, where = [] } = view;
  if (where.length > MAX_CONDITIONS)
    throw new RequestError('bad_view', `view.where: at most ${MAX_CONDITIONS} conditions`, sub);
  const sortColumn = sort === null ? null : columnOf(table, sort, sub);
  const conditions = where.map((condition) => viewTest(table, condition, also, sub));
  if (also !== null) conditions.push(also.test);
  const matches: RowTest = (slot) => conditions.every((condition) => condition(slot));
  const isWhole = offset === 0 && limit >= MAX_ROWS;
  return {
    // Without a window on the order, the order decides nothing: each row stands for itself.
    selector: isWhole ? rowFilter(matches) : new Ranking(table, matches, { column: sortColumn, desc, offset, limit }),
    sort: sortColumn,
    key: JSON.stringify([sortColumn, desc, offset, limit, where]),
  };
}

function columnOf(table: Table, name: string, sub: number): number {
  const column = table.schema.columns.find((known) => known.name === name);
  if (column === undefined)
    throw new RequestError('unknown_column', `view: ${table.schema.table} has no column ${JSON.stringify(name)}`, sub);
  return column.index;
}

function viewTest(table: Table, condition: Condition, also: Given | null, sub: number): RowTest {
  try {
    return rowTest(table, condition, also?.attribute);
  } catch (error) {
    if (error instanceof ConditionError) throw new RequestError(error.code, `view.where: ${error.message}`, sub);
    throw error;
  }
}
