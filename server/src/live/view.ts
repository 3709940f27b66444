import {
  MAX_ROWS,
  RequestError,
  type RowSelector,
  rowFilter,
  type Table,
  type View,
  type WhereOp,
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

type Condition = (slot: number) => boolean;

/** Conditions in one view: as many as anybody could want to type, and few enough to ask of every row at every tick. */
const MAX_CONDITIONS = 16;

/** Resolves a view. `also`: a condition of the topic itself, or null. @throws RequestError */
export function resolveView(table: Table, view: View, also: Condition | null, sub: number): ResolvedView {
  const { sort = null, desc = false, offset = 0, limit = MAX_ROWS, where = [] } = view;
  if (where.length > MAX_CONDITIONS)
    throw new RequestError('bad_view', `view.where: at most ${MAX_CONDITIONS} conditions`, sub);
  const sortColumn = sort === null ? null : columnOf(table, sort, sub);
  const conditions = where.map(([name, op, operand]) => conditionOf(table, name, op, operand, sub));
  if (also !== null) conditions.push(also);
  const matches: Condition = (slot) => conditions.every((condition) => condition(slot));
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

function conditionOf(table: Table, name: string, op: WhereOp, operand: string | number, sub: number): Condition {
  const attribute = table.schema.attributes.indexOf(name);
  if (name === 'id') return textCondition((slot) => table.keyOf(slot), name, op, operand, sub);
  if (attribute >= 0) return textCondition((slot) => table.attributesOf(slot)[attribute] ?? '', name, op, operand, sub);
  const column = columnOf(table, name, sub);
  return numberCondition(table, column, op, numberOf(table, column, operand, sub), sub);
}

function textCondition(
  textOf: (slot: number) => string,
  name: string,
  op: WhereOp,
  operand: string | number,
  sub: number,
): Condition {
  if (typeof operand !== 'string') throw new RequestError('bad_view', `view.where: ${name} is compared with text`, sub);
  switch (op) {
    case '=':
      return (slot) => textOf(slot) === operand;
    case '!=':
      return (slot) => textOf(slot) !== operand;
    case 'contains': {
      const wanted = operand.toLowerCase();
      return (slot) => textOf(slot).toLowerCase().includes(wanted);
    }
    default:
      throw new RequestError('bad_view', `view.where: text knows = != contains, not ${op}`, sub);
  }
}

/** A label of an enumeration stands for its number. */
function numberOf(table: Table, column: number, operand: string | number, sub: number): number {
  if (typeof operand === 'number') return operand;
  const spec = table.schema.columns[column];
  const value = spec?.labels?.indexOf(operand) ?? -1;
  if (value >= 0) return value;
  const allowed = spec?.labels === undefined ? 'a number' : `a number or one of ${spec.labels.join(', ')}`;
  throw new RequestError('bad_view', `view.where: ${spec?.name} is compared with ${allowed}`, sub);
}

/** What is missing meets no condition. */
function numberCondition(table: Table, column: number, op: WhereOp, operand: number, sub: number): Condition {
  const value = (slot: number) => table.get(slot, column);
  switch (op) {
    case '=':
      return (slot) => value(slot) === operand;
    case '!=':
      return (slot) => Math.abs(value(slot) - operand) > 0;
    case '<':
      return (slot) => value(slot) < operand;
    case '<=':
      return (slot) => value(slot) <= operand;
    case '>':
      return (slot) => value(slot) > operand;
    case '>=':
      return (slot) => value(slot) >= operand;
    case 'contains':
      throw new RequestError(
        'bad_view',
        `view.where: ${table.schema.columns[column]?.name} is a number; contains is for text`,
        sub,
      );
  }
}
