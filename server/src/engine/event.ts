import { MAX_ABS_MS } from '@auralis/shared';
import { count, flag, id, type Kind, needed, neededOnSuccess, optional, real, whole } from '../check/fields.js';
import { type RecordOf, RecordReader } from '../check/record-reader.js';

/** Largest possible figure, so that no single one spoils a mean or a sum. */
const MAX_NOTES = 100_000;
const MAX_QUEUE = 1_000_000;
const MAX_SECONDS = 86_400;
/** A thousand cores. */
const MAX_PERCENT = 100_000;
/** 16 TiB. */
const MAX_MB = 2 ** 24;
/** Quieter than any number format. Digital silence is shown as this. */
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
  // −∞ is digital silence: the logarithm of an empty phrase.
  read: (found) => (typeof found === 'number' && found <= MAX_DB ? Math.max(found, MIN_DB) : undefined),
};

const outcome = {
  success: needed(flag),
  // A failed phrase has no length and no notes.
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

/** An event, checked. null: missing, if that is allowed. */
export type EngineEvent = RecordOf<typeof EVENTS>;

/** Result of a synthesis. */
export type Outcome = Omit<Extract<EngineEvent, { type: 'synthesis' }>, 'type' | 'latencyMs'>;

export const EVENT_READER = new RecordReader('an event', EVENTS);
