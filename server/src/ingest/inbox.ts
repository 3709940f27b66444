import type { ErrorCode } from '@auralis/shared';
import { Refusal } from '../check/refusal.js';
import { type ListenerInput, readListenerMessage } from './listener-message.js';
import { Report } from './report.js';

/** The door for what listeners send: bytes become a message or a coded refusal. */
export class Inbox {
  /** Content of the last `client_metrics` read; valid until the next. */
  readonly report = new Report();

  /** @throws Refusal */
  read(data: Uint8Array, isBinary: boolean): ListenerInput {
    return readListenerMessage(data, isBinary, this.report);
  }

  refusalCode(error: unknown): ErrorCode | null {
    return error instanceof Refusal ? error.code : null;
  }
}
