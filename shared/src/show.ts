import { neutral } from './neutral.js';

/** A stranger's value in an error message: short, on one line, and never its whole self. */
export function show(value: unknown): string {
  if (typeof value === 'string') return neutral(JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value));
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a map';
  return String(value);
}
