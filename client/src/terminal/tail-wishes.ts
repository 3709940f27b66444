import {
  type Condition,
  ConditionError,
  parseCondition,
  SCHEMAS,
  type Schema,
  STREAM_NAME,
  TABLE_NAMES,
} from '@auralis/shared';
import type { Wish } from './hub-link.js';

/** The user asked for something that the hub does not have. The message names what exists. */
export class WishError extends Error {
  override readonly name = 'WishError';
}

export interface TailWish {
  /** Tables, or `connections/<stream>`. */
  readonly topics: readonly string[];
  /** Null for all of them. */
  readonly columns: readonly string[] | null;
  /** The condition as typed: `latency_ms>500`. */
  readonly where: readonly string[];
  readonly intervalMs: number;
}

/**
 * Makes one subscription for each topic.
 * @throws WishError
 */
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

function conditionOf(text: string, schema: Schema): Condition {
  try {
    return parseCondition(text, schema);
  } catch (error) {
    if (error instanceof ConditionError) throw new WishError(`--where: ${error.message}`);
    throw error;
  }
}
