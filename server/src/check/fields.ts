import { MAX_COUNT } from '@auralis/shared';

/** As much of JSON Schema as a field needs. */
export interface JsonSchema {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'object' | readonly ('string' | 'integer')[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** A type of field: how it is checked, and how a refusal describes it. */
export interface Kind<Value> {
  readonly allowed: string;
  /** The same as JSON Schema, for the documentation. */
  readonly schema: JsonSchema;
  /** The value, or undefined where it is not allowed. */
  readonly read: (found: unknown) => Value | undefined;
}

export type Need = 'always' | 'on success' | 'never';

export interface Field<Value, N extends Need> {
  readonly kind: Kind<Value>;
  readonly need: N;
}

export const needed = <Value>(kind: Kind<Value>): Field<Value, 'always'> => ({ kind, need: 'always' });
/** Needed where the record's `success` is true. */
export const neededOnSuccess = <Value>(kind: Kind<Value>): Field<Value, 'on success'> => ({ kind, need: 'on success' });
export const optional = <Value>(kind: Kind<Value>): Field<Value, 'never'> => ({ kind, need: 'never' });

/** Text or number, as its owner likes; 7 and "7" are the same. */
export const id: Kind<string> = {
  allowed: 'a text of 1 to 128 characters or a whole number',
  schema: { type: ['string', 'integer'], minLength: 1, maxLength: 128 },
  read: (found) => {
    if (typeof found === 'number') return Number.isSafeInteger(found) ? String(found) : undefined;
    return typeof found === 'string' && found.length >= 1 && found.length <= 128 ? found : undefined;
  },
};

export const flag: Kind<boolean> = {
  allowed: 'true or false',
  schema: { type: 'boolean' },
  read: (found) => (typeof found === 'boolean' ? found : undefined),
};

/** `what`: the unit, as in "of milliseconds". */
export function real(what: string, min: number, max: number): Kind<number> {
  const isBounded = max !== Number.MAX_VALUE;
  return {
    allowed: `a number ${what}${isBounded ? `, ${min} to ${max}` : ''}`,
    schema: isBounded ? { type: 'number', minimum: min, maximum: max } : { type: 'number' },
    read: (found) => (typeof found === 'number' && found >= min && found <= max ? found : undefined),
  };
}

export function whole(max: number): Kind<number> {
  return {
    allowed: `a whole number, 0 to ${max}`,
    schema: { type: 'integer', minimum: 0, maximum: max },
    read: (found) =>
      typeof found === 'number' && Number.isInteger(found) && found >= 0 && found <= max ? found : undefined,
  };
}

export const count = whole(MAX_COUNT);
