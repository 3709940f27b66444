import type { ErrorCode } from '@auralis/shared';

/** A stranger's message, or a part of it, is refused. `message` names the field, what was found and what is allowed. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
