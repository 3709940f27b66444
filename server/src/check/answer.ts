import { type ErrorCode, MAX_EVENTS } from '@auralis/shared';
import { Refusal } from './refusal.js';

/** Refusals that an answer lists; the rest are counted. */
const MAX_LISTED = 20;

/** Result of the records of one message or request. */
export interface Answer {
  readonly accepted: number;
  readonly refused: number;
  /** The first refusals; `index` in the list, 0 for a record alone. */
  readonly errors: readonly { readonly index: number; readonly code: ErrorCode; readonly message: string }[];
}

/**
 * Nothing was taken: the content is no record and no list, the list is too long, there is no place for the stream, or
 * the sender holds its share.
 */
export type NoAnswer = 'no records' | 'too many records' | 'too many streams' | 'over share';

/**
 * Take a record or a list of them, as decoded, each by itself and one a step. Good ones are taken, others refused and
 * counted. `take` throws Refusal.
 */
export function* takeSteps(found: unknown, take: (record: unknown) => void): Generator<void, Answer | NoAnswer> {
  if (typeof found !== 'object' || found === null || found instanceof Uint8Array) return 'no records';
  const records: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (records.length > MAX_EVENTS) return 'too many records';
  let accepted = 0;
  let refused = 0;
  let overShare = 0;
  const errors: Answer['errors'][number][] = [];
  for (const [index, record] of records.entries()) {
    try {
      take(record);
      accepted++;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'too_many_streams' && accepted === 0) return 'too many streams';
      if (error.code === 'over_share') overShare++;
      refused++;
      if (errors.length < MAX_LISTED) errors.push({ index, code: error.code, message: error.message });
    }
    yield;
  }
  if (overShare > 0 && overShare === records.length) return 'over share';
  return { accepted, refused, errors };
}
