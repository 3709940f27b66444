import type { ErrorCode } from '@auralis/shared';
import { Refusal } from './refusal.js';

/** Refusals that an answer lists; the rest are counted. */
const MAX_LISTED = 20;

/** What became of the records of one message or request. */
export interface Answer {
  readonly accepted: number;
  readonly refused: number;
  /** The first refusals; `index` in the list, 0 for a record alone. */
  readonly errors: readonly { readonly index: number; readonly code: ErrorCode; readonly message: string }[];
}

/** Takes each record by itself: the good ones are taken, the others refused and counted. `take` throws Refusal. */
export function takeEach(given: readonly unknown[], take: (record: unknown) => void): Answer {
  let accepted = 0;
  const errors: Answer['errors'][number][] = [];
  let refused = 0;
  for (const [index, record] of given.entries()) {
    try {
      take(record);
      accepted++;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused++;
      if (errors.length < MAX_LISTED) errors.push({ index, code: error.code, message: error.message });
    }
  }
  return { accepted, refused, errors };
}
