import { EVENTS, type Field } from './event.js';

type AnyField = Field<unknown, 'always' | 'on success' | 'never'>;

/** What one event may be, as JSON Schema: an alternative for each type. Made from the table that events are checked by. */
export const eventSchema = {
  description:
    'An event of an engine. What is not known of a field may be null or left out; unknown fields are ignored.',
  oneOf: Object.entries(EVENTS).map(([type, fields]) => alternative(type, Object.entries<AnyField>(fields))),
};

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
