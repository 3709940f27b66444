import { type ErrorCode, MAX_ABS_MS, MAX_COUNT, show } from '@auralis/shared';

/** As much of JSON Schema as a field needs. */
export interface JsonSchema {
  readonly type: 'number' | 'integer' | 'boolean' | readonly ('string' | 'integer')[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** What a field may be: how it is checked, and how a refusal says so. */
export interface Kind<Value> {
  readonly allowed: string;
  /** The same as JSON Schema, for the documentation. */
  readonly schema: JsonSchema;
  /** The value, or undefined where it is not allowed. */
  readonly read: (found: unknown) => Value | undefined;
}

/** Text or number, as its engine likes; 7 and "7" are the same. */
const id: Kind<string> = {
  allowed: 'a text of 1 to 128 characters or a whole number',
  schema: { type: ['string', 'integer'], minLength: 1, maxLength: 128 },
  read: (found) => {
    if (typeof found === 'number') return Number.isSafeInteger(found) ? String(found) : undefined;
    return typeof found === 'string' && found.length >= 1 && found.length <= 128 ? found : undefined;
  },
};
const flag: Kind<boolean> = {
  allowed: 'true or false',
  schema: { type: 'boolean' },
  read: (found) => (typeof found === 'boolean' ? found : undefined),
};
/** Largest that a figure can be by any stretch, so that no single one poisons a mean or a sum. */
const MAX_NOTES = 100_000;
const MAX_QUEUE = 1_000_000;
const MAX_SECONDS = 86_400;
/** A thousand cores. */
const MAX_PERCENT = 100_000;
/** 16 TiB. */
const MAX_MB = 2 ** 24;
/** Quieter than any number format; what is silent is shown as this. */
const MIN_DB = -200;
const MAX_DB = 100;

const ms = real('of milliseconds', 0, MAX_ABS_MS);
const clock = real('of milliseconds, of any clock', -Number.MAX_VALUE, Number.MAX_VALUE);
const seconds: Kind<number> = {
  allowed: `a number of seconds above 0, at most ${MAX_SECONDS}`,
  schema: { type: 'number', exclusiveMinimum: 0, maximum: MAX_SECONDS },
  read: (found) => (typeof found === 'number' && found > 0 && found <= MAX_SECONDS ? found : undefined),
};
const percent = real('of percent', 0, MAX_PERCENT);
const megabytes = real('of megabytes', 0, MAX_MB);
const decibels: Kind<number> = {
  allowed: `a number of decibels, at most ${MAX_DB}`,
  schema: { type: 'number', maximum: MAX_DB },
  // −∞ is silence, and what the logarithm of a silent phrase gives.
  read: (found) => (typeof found === 'number' && found <= MAX_DB ? Math.max(found, MIN_DB) : undefined),
};
const count = whole(MAX_COUNT);

function real(what: string, min: number, max: number): Kind<number> {
  const isBounded = max !== Number.MAX_VALUE;
  return {
    allowed: `a number ${what}${isBounded ? `, ${min} to ${max}` : ''}`,
    schema: isBounded ? { type: 'number', minimum: min, maximum: max } : { type: 'number' },
    read: (found) => (typeof found === 'number' && found >= min && found <= max ? found : undefined),
  };
}

function whole(max: number): Kind<number> {
  return {
    allowed: `a whole number, 0 to ${max}`,
    schema: { type: 'integer', minimum: 0, maximum: max },
    read: (found) =>
      typeof found === 'number' && Number.isInteger(found) && found >= 0 && found <= max ? found : undefined,
  };
}

export interface Field<Value, Need extends 'always' | 'on success' | 'never'> {
  readonly kind: Kind<Value>;
  readonly need: Need;
}

const needed = <Value>(kind: Kind<Value>): Field<Value, 'always'> => ({ kind, need: 'always' });
/** A phrase that failed has no length and no notes. */
const neededOnSuccess = <Value>(kind: Kind<Value>): Field<Value, 'on success'> => ({ kind, need: 'on success' });
const optional = <Value>(kind: Kind<Value>): Field<Value, 'never'> => ({ kind, need: 'never' });

const outcome = {
  success: needed(flag),
  phraseDurationSec: neededOnSuccess(seconds),
  peakAmplitudeDb: optional(decibels),
  gpuMemoryMb: optional(megabytes),
};

/** Every event and its fields. `at` is the engine's own clock, of any epoch: only differences are used. */
export const EVENTS = {
  synthesis_start: { id: needed(id), at: optional(clock) },
  synthesis_end: { id: needed(id), at: optional(clock), latencyMs: optional(ms), ...outcome },
  synthesis: { latencyMs: needed(ms), ...outcome },
  phrase: { generationMs: needed(ms), notes: neededOnSuccess(whole(MAX_NOTES)), success: needed(flag) },
  queue: { depth: needed(whole(MAX_QUEUE)) },
  buffer: { depthMs: needed(ms) },
  process: { cpuPercent: needed(percent), memoryMb: needed(megabytes) },
  chunks: { sent: needed(count), dropped: needed(count) },
  clients: { active: needed(count) },
} as const;

type Events = typeof EVENTS;
type ValueOf<F> = F extends Field<infer Value, infer Need> ? (Need extends 'always' ? Value : Value | null) : never;

/** An event, checked. null: missing, where it may be. */
export type EngineEvent = {
  [Type in keyof Events]: { readonly type: Type } & {
    readonly [Name in keyof Events[Type]]: ValueOf<Events[Type][Name]>;
  };
}[keyof Events];

/** How a synthesis ended. */
export type Outcome = Omit<Extract<EngineEvent, { type: 'synthesis' }>, 'type' | 'latencyMs'>;

/** A Map: a stranger's `type` may be "constructor". */
const FIELDS = new Map<string, readonly (readonly [string, Field<unknown, string & Field<unknown, never>['need']>])[]>(
  Object.entries(EVENTS).map(([type, fields]) => [type, Object.entries(fields)]),
);
const TYPES = [...FIELDS.keys()].join(', ');

/** An event is refused. `message` names the field, what was found and what is allowed. */
export class EventRefusal extends Error {
  override readonly name = 'EventRefusal';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Checks one event. Unknown fields are left out; `ignored` says how many.
 * @throws EventRefusal
 */
export function readEvent(found: unknown): { readonly event: EngineEvent; readonly ignored: number } {
  if (typeof found !== 'object' || found === null || Array.isArray(found) || found instanceof Uint8Array) {
    throw new EventRefusal('bad_message', `an event is a map with a type, not ${show(found)}`);
  }
  const given = found as Record<string, unknown>;
  const { type } = given;
  const fields = typeof type === 'string' ? FIELDS.get(type) : undefined;
  if (fields === undefined) throw new EventRefusal('bad_message', `type: one of ${TYPES}, not ${show(type)}`);
  const event: Record<string, unknown> = { type };
  let known = 1;
  for (const [name, { kind, need }] of fields) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value !== undefined) known++;
    if (value === undefined || value === null) {
      if (need === 'always' || (need === 'on success' && given.success === true)) throw wrong(type, name, kind, value);
      event[name] = null;
      continue;
    }
    const read = kind.read(value);
    if (read === undefined) throw wrong(type, name, kind, value);
    event[name] = read;
  }
  return { event: event as unknown as EngineEvent, ignored: Object.keys(given).length - known };
}

function wrong(type: unknown, name: string, { allowed }: Kind<unknown>, found: unknown): EventRefusal {
  const what = found === undefined ? 'nothing' : show(found);
  return new EventRefusal('bad_value', `${type}.${name}: ${allowed}, not ${what}`);
}
