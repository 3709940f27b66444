import type { ErrorCode } from '@auralis/shared';

/**
 * A stranger's message, or a part of it, is refused. `message` names the field, what was found and what is allowed.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Return the refusal of a stream that cannot be made: the hub has too many, or its address or token has its share.
 */
export function noPlaceForStream(why: 'full' | 'share'): Refusal {
  if (why === 'full') return new Refusal('too_many_streams', 'the hub has too many streams');
  return new Refusal('over_share', 'this address or token holds its share of the streams (--max-share-percent)');
}
