import { show } from '@auralis/shared';
import type { Field, Kind, Need } from './fields.js';
import { Refusal } from './refusal.js';

/** The fields of each type of record, by the record's `type`. */
export type RecordTypes = Readonly<Record<string, Readonly<Record<string, Field<unknown, Need>>>>>;

type ValueOf<F> = F extends Field<infer Value, infer N> ? (N extends 'always' ? Value : Value | null) : never;

/** A record, checked: its type and every field of that type. null: missing, where it may be. */
export type RecordOf<Types> = {
  [Type in keyof Types]: { readonly type: Type } & {
    readonly [Name in keyof Types[Type]]: ValueOf<Types[Type][Name]>;
  };
}[keyof Types];

/** Checks maps that carry a `type`: a stranger's, as decoded. */
export class RecordReader<Types extends RecordTypes> {
  readonly #what: string;
  /** A Map: a stranger's `type` may be "constructor". */
  readonly #fields: ReadonlyMap<string, readonly (readonly [string, Field<unknown, Need>])[]>;

  /** `what`: what such a record is called, as in "an event". */
  constructor(what: string, types: Types) {
    this.#what = what;
    this.#fields = new Map(Object.entries(types).map(([type, fields]) => [type, Object.entries(fields)]));
  }

  /**
   * Checks one record. Unknown fields are left out; `ignored` says how many.
   * @throws Refusal
   */
  read(found: unknown): { readonly record: RecordOf<Types>; readonly ignored: number } {
    if (typeof found !== 'object' || found === null || Array.isArray(found) || found instanceof Uint8Array) {
      throw new Refusal('bad_message', `${this.#what} is a map with a type, not ${show(found)}`);
    }
    const given = found as Record<string, unknown>;
    const { type } = given;
    const fields = typeof type === 'string' ? this.#fields.get(type) : undefined;
    if (fields === undefined) {
      throw new Refusal('bad_message', `type: one of ${[...this.#fields.keys()].join(', ')}, not ${show(type)}`);
    }
    const record: Record<string, unknown> = { type };
    let known = 1;
    for (const [name, { kind, need }] of fields) {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (value !== undefined) known++;
      if (value === undefined || value === null) {
        if (need === 'always' || (need === 'on success' && given.success === true))
          throw wrong(type, name, kind, value);
        record[name] = null;
        continue;
      }
      const read = kind.read(value);
      if (read === undefined) throw wrong(type, name, kind, value);
      record[name] = read;
    }
    return { record: record as unknown as RecordOf<Types>, ignored: Object.keys(given).length - known };
  }
}

function wrong(type: unknown, name: string, { allowed }: Kind<unknown>, found: unknown): Refusal {
  const what = found === undefined ? 'nothing' : show(found);
  return new Refusal('bad_value', `${type}.${name}: ${allowed}, not ${what}`);
}
