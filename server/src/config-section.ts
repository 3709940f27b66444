/** Sections of the config file, such as `alerts:`, that are maps and lists and so have no flag: their shapes and their errors. */
import { show } from '@auralis/shared';
import { z } from 'zod';
import { ConfigError } from './config-error.js';

/** A map with these keys and no others. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `known are ${Object.keys(shape).join(', ')}` : undefined),
  });
}

/** @throws ConfigError for the first of `keys` that is not known; `file`: where they stand */
export function assertKnown(keys: readonly string[], known: readonly string[], file?: string): void {
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new ConfigError(`${file === undefined ? '' : `${file}: `}${unknown}: unknown; known are ${known.join(', ')}`);
}

/** Checks what was found at `place`. @throws ConfigError for the first thing that is not allowed */
export function readSection<Schema extends z.ZodType>(schema: Schema, found: unknown, place: string): z.output<Schema> {
  const result = schema.safeParse(found);
  if (result.success) return result.data;
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  if (issue.code === 'unrecognized_keys') {
    throw new ConfigError(`${placeOf(place, [...issue.path, issue.keys[0] ?? ''])}: unknown; ${issue.message}`);
  }
  if (issue.code === 'invalid_key') {
    const [about] = issue.issues;
    throw new ConfigError(
      `${placeOf(place, issue.path.slice(0, -1))}: ${about?.message ?? 'another key'}, not ${show(issue.path.at(-1))}`,
    );
  }
  if (issue.code === 'custom' && issue.params?.isSecret === true) {
    throw new ConfigError(`${placeOf(place, issue.path)}: ${issue.message}`);
  }
  const value = issue.path.reduce<unknown>((outer, key) => (outer as Record<PropertyKey, unknown>)?.[key], found);
  const isMissing = value === undefined || value === null;
  throw new ConfigError(
    `${placeOf(place, issue.path)}: ${allowedBy(issue)}, not ${isMissing ? 'nothing' : show(value)}`,
  );
}

/** `hub.yaml: alerts` and `['rules', 2, 'column']` make `hub.yaml: alerts.rules[2].column`. */
export function placeOf(place: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (outer, key) => (typeof key === 'number' ? `${outer}[${key}]` : `${outer}.${String(key)}`),
    place,
  );
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

/** What an issue says is allowed. */
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
