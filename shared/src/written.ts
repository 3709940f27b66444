import type { Column } from './catalogue.js';

/**
 * A reading as people read it, in lists by REST and in lines of `tail`: a label, a time as ISO 8601, a number; null
 * is missing.
 */
export function written({ unit, labels }: Pick<Column, 'unit' | 'labels'>, value: number): string | number | null {
  if (Number.isNaN(value)) return null;
  if (unit === 'epoch_s') return new Date(value * 1000).toISOString();
  return labels?.[value] ?? value;
}
