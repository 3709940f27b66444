import { parseIsoTime, show } from '@auralis/shared';
import { z } from '@hono/zod-openapi';

/** Unknown parameters that an answer names. */
const MAX_UNKNOWN = 20;

/** Parameters of a query, or fields of a body. Unknown ones are refused by name. */
export function named<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const unknown = issue.keys as string[];
      const known = Object.keys(shape);
      const allowed = known.length === 0 ? 'there are none here' : `known are ${known.join(', ')}`;
      const said = unknown.slice(0, MAX_UNKNOWN).map((name) => name.slice(0, 80));
      if (unknown.length > MAX_UNKNOWN) said.push(`and ${unknown.length - MAX_UNKNOWN} more`);
      return `${said.join(', ')}: unknown; ${allowed}`;
    },
  });
}

export function wholeNumber<Otherwise extends number | undefined>(
  min: number,
  max: number,
  otherwise: Otherwise,
  description: string,
) {
  return once()
    .optional()
    .transform((text, context): number | Otherwise => {
      if (text === undefined) return otherwise;
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      context.addIssue(`a whole number from ${min} to ${max}, not ${show(text)}`);
      return z.NEVER;
    })
    .openapi({
      type: 'integer',
      minimum: min,
      maximum: max,
      ...(otherwise === undefined ? {} : { default: otherwise }),
      description,
    });
}

/** A moment, as ms since 1970. */
export function time(description: string) {
  return once()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return undefined;
      const value = /^\d{1,15}$/.test(text) ? Number(text) : parseIsoTime(text);
      if (!Number.isNaN(value)) return value;
      context.addIssue(`ms since 1970, or ISO 8601 such as 2026-01-31T12:00:00Z, not ${show(text)}`);
      return z.NEVER;
    })
    .openapi({ type: 'string', description: `${description}: ms since 1970, or ISO 8601` });
}

export function choice<const Value extends string>(values: readonly Value[], otherwise: Value, description: string) {
  return z
    .enum(values, { error: ({ input }) => `one of ${values.join(', ')}, not ${show(input)}` })
    .default(otherwise as never)
    .openapi({ description });
}

export function text(description: string) {
  return once().optional().openapi({ description });
}

/** A parameter that may be given any number of times. */
export function repeated(description: string) {
  return z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((given) => (typeof given === 'string' ? [given] : given))
    .openapi({ type: 'array', items: { type: 'string' }, description });
}

function once() {
  return z.string({
    error: ({ input }) => (Array.isArray(input) ? 'given more than once' : `text, not ${show(input)}`),
  });
}
