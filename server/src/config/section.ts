/**
 * Sections of the config file, such as `alerts:`, that are maps and lists and so have no flag: their shapes and their
 * errors.
 */
import { show } from '@auralis/shared';
import { z } from 'zod';
import { ConfigError } from './error.js';
import type { Place } from './place.js';

/** A map with these keys and no others. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `known are ${Object.keys(shape).join(', ')}` : undefined),
  });
}

/** Return the JSON Schema, draft 7, of what stands in a file; rules beyond shapes are left out. */
export function jsonSchemaOf(schema: z.ZodType): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return rest;
}

/** @throws ConfigError for those of `keys` that are not known */
export function assertKnown(keys: readonly string[], known: readonly string[], place: Place): void {
  const unknown = keys.filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  throw new ConfigError(unknown.map((key) => `${place([key])}: unknown; known are ${known.join(', ')}`));
}

/** Checks what was found at `place`. @throws ConfigError for all that is not allowed */
export function readSection<Schema extends z.ZodType>(schema: Schema, found: unknown, place: Place): z.output<Schema> {
  const result = schema.safeParse(found);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.flatMap((issue) => problemsOf(issue, found, place)));
}

function problemsOf(issue: z.core.$ZodIssue, found: unknown, place: Place): string[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${place([...path, key])}: unknown; ${issue.message}`);
  }
  if (issue.code === 'invalid_key') {
    const [about] = issue.issues;
    return [`${place(path.slice(0, -1))}: ${about?.message ?? 'another key'}, not ${show(path.at(-1))}`];
  }
  if (issue.code === 'custom' && issue.params?.isSecret === true) return [`${place(path)}: ${issue.message}`];
  const value = path.reduce<unknown>((outer, key) => (outer as Record<PropertyKey, unknown>)?.[key], found);
  const isMissing = value === undefined || value === null;
  return [`${place(path)}: ${allowedBy(issue)}, not ${isMissing ? 'nothing' : show(value)}`];
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

/** Return the allowed values of an issue. */
function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `${issue.minimum} at least`
        : `${issue.minimum} or more`;
    case 'too_big':
      return issue.origin === 'string'
        ? `${issue.maximum} characters at most`
        : `${issue.maximum} ${issue.origin === 'array' ? 'at most' : 'or less'}`;
    default:
      return issue.message;
  }
}
