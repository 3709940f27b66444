import { DecodeError, decodeMessage, type ErrorCode, show } from '@auralis/shared';
import { Refusal } from '../check/refusal.js';
import { readJsonReport } from './json-report.js';
import { Report } from './report.js';

/** A listener's message. `client_metrics` leaves its content in a `Report`. */
export type ListenerInput = { readonly type: 'client_metrics' } | { readonly type: 'clock_sync'; readonly t0: number };

const CLIENT_METRICS: ListenerInput = { type: 'client_metrics' };

/** Reader of listeners' messages. One report serves all of them. */
export class ListenerMessages {
  /** Content of the last `client_metrics` read; valid until the next. */
  readonly report = new Report();

  /** Read a message, text JSON or binary MessagePack, and check all of it. @throws Refusal */
  read(data: Uint8Array, isBinary: boolean): ListenerInput {
    if (!isBinary && readJsonReport(data, this.report)) return CLIENT_METRICS;
    const message = decoded(data, isBinary);
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      throw new Refusal('bad_message', `a message is a map with a type, not ${show(message)}`);
    }
    const { type, metrics, t0 } = message as Record<string, unknown>;
    switch (type) {
      case 'client_metrics':
        this.report.read(metrics);
        return CLIENT_METRICS;
      case 'clock_sync':
        if (typeof t0 === 'number' && Number.isFinite(t0)) return { type: 'clock_sync', t0 };
        throw new Refusal('bad_value', `t0: a number of milliseconds, not ${show(t0)}`);
      default:
        throw new Refusal('bad_message', `type: client_metrics or clock_sync, not ${show(type)}`);
    }
  }

  /** Return the code of a refusal, or null for another error. */
  refusalCode(error: unknown): ErrorCode | null {
    return error instanceof Refusal ? error.code : null;
  }
}

function decoded(data: Uint8Array, isBinary: boolean): unknown {
  try {
    return decodeMessage(isBinary ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch (error) {
    if (error instanceof DecodeError) throw new Refusal('bad_message', error.message);
    throw error;
  }
}
