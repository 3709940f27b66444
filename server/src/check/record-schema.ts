import type { Field, Need } from './fields.js';
import type { RecordTypes } from './record-reader.js';

type AnyField = Field<unknown, Need>;

/**
 * Return the JSON Schema of one record: an alternative for each type, made from the table by which records are
 * checked. `what`: as in "An event of an engine".
 */
export function recordSchema(types: RecordTypes, what: string) {
  const alternatives = Object.entries(types).map(([type, fields]) => alternative(type, Object.entries(fields)));
  const description = `${what}. What is not known of a field may be null or left out; unknown fields are ignored.`;
  return { description, oneOf: alternatives };
}

function alternative(type: string, fields: readonly (readonly [string, AnyField])[]) {
  const needed = fields.filter(([, { need }]) => need === 'always').map(([name]) => name);
  return {
    type: 'object' as const,
    title: type,
    properties: {
      type: { const: type },
      ...Object.fromEntries(fields.map(([name, field]) => [name, property(field)])),
    },
    required: ['type', ...needed],
  };
}

function property({ kind: { schema, allowed }, need }: AnyField) {
  const description = need === 'on success' ? `${allowed}; needed where success is true` : allowed;
  const type = need === 'always' ? schema.type : [schema.type, 'null'].flat();
  return { ...schema, type, description };
}
