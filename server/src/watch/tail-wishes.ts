import { SCHEMAS, type Schema, STREAM_NAME, TABLE_NAMES, type WhereOp } from '@auralis/shared';
import type { Wish } from './live-view.js';

/** What a person asked for is not there to be had; the message says what is. */
export class WishError extends Error {
  override readonly name = 'WishError';
}

export interface TailWish {
  /** Tables, or `connections/<stream>`. */
  readonly topics: readonly string[];
  /** null: all of them. */
  readonly columns: readonly string[] | null;
  /** As typed: `latency_ms>500`. */
  readonly where: readonly string[];
  readonly intervalMs: number;
}

type Condition = readonly [name: string, op: WhereOp, value: string | number];

/** One subscription for each topic. @throws WishError */
export function tailWishes({ topics, columns, where, intervalMs }: TailWish): readonly Wish[] {
  return [...new Set(topics)].map((topic) => {
    const schema = schemaOf(topic);
    const conditions = where.map((text) => conditionOf(text, schema));
    return {
      topic,
      intervalMs,
      ...(columns === null ? {} : { columns: columns.map((name) => columnOf(name, schema)) }),
      ...(conditions.length === 0 ? {} : { view: { where: conditions } }),
    };
  });
}

function schemaOf(topic: string): Schema {
  const [name, stream, ...rest] = topic.split('/');
  const table = TABLE_NAMES.find((known) => known === name);
  const mayBeStream = table === 'connections' && rest.length === 0 && STREAM_NAME.test(stream ?? '');
  if (table !== undefined && (stream === undefined || mayBeStream)) return SCHEMAS[table];
  throw new WishError(`--topic: ${TABLE_NAMES.join(', ')} or connections/<stream>, not ${JSON.stringify(topic)}`);
}

function columnOf(name: string, { table, columns }: Schema): string {
  if (columns.some((column) => column.name === name)) return name;
  const known = columns.map((column) => column.name).join(', ');
  throw new WishError(`--columns: ${table} has no column ${JSON.stringify(name)}; known are ${known}`);
}

const CONDITION = /^\s*(\w+)\s*(<=|>=|!=|==?|<|>|\bcontains\b)\s*(.*?)\s*$/;

/** `text` as a condition on a table's rows: names are compared with text, readings with numbers or labels. */
function conditionOf(text: string, schema: Schema): Condition {
  const [, name = '', operator = '', operand = ''] = CONDITION.exec(text) ?? [];
  if (name === '')
    throw new WishError(`--where: like latency_ms>500 or 'client contains bob', not ${JSON.stringify(text)}`);
  const op = (operator === '==' ? '=' : operator) as WhereOp;
  if (name === 'id' || schema.attributes.includes(name)) {
    if (['=', '!=', 'contains'].includes(op)) return [name, op, operand];
    throw new WishError(`--where: ${name} is text, which knows = != contains, not ${op}`);
  }
  const column = schema.columns.find((known) => known.name === name);
  if (column === undefined) {
    const known = ['id', ...schema.attributes, ...schema.columns.map((each) => each.name)].join(', ');
    throw new WishError(`--where: ${schema.table} has no ${name}; known are ${known}`);
  }
  if (op === 'contains') throw new WishError(`--where: ${name} is a number; contains is for text`);
  if (column.labels?.includes(operand)) return [name, op, operand];
  const value = operand === '' ? Number.NaN : Number(operand);
  if (Number.isFinite(value)) return [name, op, value];
  const labels = column.labels === undefined ? '' : ` or one of ${column.labels.join(', ')}`;
  throw new WishError(`--where: ${name} is compared with a number${labels}, not ${JSON.stringify(operand)}`);
}
