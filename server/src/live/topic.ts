import {
  MAX_ROWS,
  RequestError,
  type RowSelector,
  rowFilter,
  type SubscribeOptions,
  TABLE_NAMES,
  type Table,
  type TableName,
} from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import { resolveView } from './view.js';

/** A subscription's request, resolved against the tables. Equal `key`s are one channel. */
export interface Selection {
  readonly key: string;
  readonly table: Table;
  /** Indexes into the table's schema. */
  readonly columns: readonly number[];
  /** null: all rows. */
  readonly selector: RowSelector | null;
  /** Most rows that it may have. */
  readonly mostRows: number;
}

/**
 * Resolve a topic: a table's name, or `connections/<stream>`.
 * @throws RequestError
 */
export function select(
  tables: Tables,
  sub: number,
  topic: string,
  intervalMs: number,
  options: SubscribeOptions,
): Selection {
  const [name, stream, ...rest] = topic.split('/');
  const tableName = TABLE_NAMES.find((known) => known === name);
  if (tableName === undefined || rest.length > 0 || (stream !== undefined && tableName !== 'connections')) {
    const known = `${TABLE_NAMES.join(', ')} or connections/<stream>`;
    throw new RequestError('unknown_topic', `topic: ${known}, not ${JSON.stringify(topic.slice(0, 80))}`, sub);
  }
  const table: Table = tables[tableName];
  const ofStream = stream === undefined ? null : (slot: number) => table.attributesOf(slot)[0] === stream;
  const given = ofStream === null ? null : { attribute: 'stream', test: ofStream };
  const view = options.view === undefined ? null : resolveView(table, options.view, given, sub);
  const columns = columnsOf(table, tableName, options.columns, view?.sort ?? null, sub);
  return {
    key: JSON.stringify([topic, intervalMs, columns, view?.key ?? null]),
    table,
    columns,
    mostRows: options.view?.limit ?? MAX_ROWS,
    selector: view?.selector ?? (ofStream === null ? null : rowFilter(ofStream)),
  };
}

/** `sort`: the column that a view orders by, which travels even if it was not asked for. */
function columnsOf(
  table: Table,
  name: TableName,
  wanted: readonly string[] | undefined,
  sort: number | null,
  sub: number,
): readonly number[] {
  if (wanted === undefined) return table.schema.columns.map((column) => column.index);
  const indexes = wanted.map((column) => {
    const index = table.schema.columns.find((known) => known.name === column)?.index;
    if (index === undefined) {
      throw new RequestError(
        'unknown_column',
        `columns: ${name} has no column ${JSON.stringify(column.slice(0, 80))}`,
        sub,
      );
    }
    return index;
  });
  // In the schema's order and each once, so that equal requests share a channel.
  return [...new Set(sort === null ? indexes : [...indexes, sort])].sort((a, b) => a - b);
}
