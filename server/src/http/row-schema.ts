import type { Column, Schema } from '@auralis/shared';
import { z } from '@hono/zod-openapi';
import type { Row } from './rows.js';

const UNITS: Partial<Record<Column['unit'], string>> = {
  count: '',
  enum: '',
  ratio: '0 to 1',
};

/** A table's row, from the catalogue: `id`, then attributes, then readings with their units. */
export function rowSchema(schema: Schema): z.ZodType<Row> {
  const shape: Record<string, z.ZodType> = { id: z.string().openapi({ description: 'Key of the row' }) };
  for (const name of schema.attributes) shape[name] = z.string();
  for (const column of schema.columns) shape[column.name] = cellSchema(column);
  return z.object(shape).openapi(rowName(schema)) as unknown as z.ZodType<Row>;
}

/** Some of a row: `id` and what `names` has of its attributes and columns. */
export function compactSchema(schema: Schema, names: readonly string[]): z.ZodType<Row> {
  const shape: Record<string, z.ZodType> = { id: z.string() };
  for (const name of names) {
    const column = schema.columns.find((known) => known.name === name);
    shape[name] = column === undefined ? z.string() : cellSchema(column);
  }
  return z.object(shape) as unknown as z.ZodType<Row>;
}

/** `Connection` for `connections`. */
function rowName({ table }: Schema): string {
  return (table[0] as string).toUpperCase() + table.slice(1, -1);
}

/** null: missing, nothing was reported. */
function cellSchema({ unit, help, target, alert, labels, counter }: Column): z.ZodType {
  if (unit === 'epoch_s') return z.iso.datetime().nullable().openapi({ description: help });
  const suffix = UNITS[unit] ?? unit;
  const documented = {
    description: suffix === '' ? help : `${help} (${suffix})`,
    'x-unit': unit,
    ...(counter === undefined ? {} : { 'x-counter': counter }),
    ...(target === undefined ? {} : { 'x-target': target }),
    ...(alert === undefined ? {} : { 'x-alert': alert }),
  };
  const value = labels === undefined ? z.number() : z.enum(labels as [string, ...string[]]);
  return value.nullable().openapi(documented);
}
