import { MsgpackError, readMsgpack, show } from '@auralis/shared';
import { Refusal } from '../check/refusal.js';
import { readFastPackedReport } from './fast-packed-report.js';
import { readFastReport } from './fast-report.js';
import { messageBytes } from './message-bytes.js';
import type { Report } from './report.js';

/** What a listener may say. `client_metrics` leaves its content in the `Report` that was given. */
export type ListenerInput = { readonly type: 'client_metrics' } | { readonly type: 'clock_sync'; readonly t0: number };

const CLIENT_METRICS: ListenerInput = { type: 'client_metrics' };

/**
 * Reads a message of a listener, text JSON or binary MessagePack, which lies in `messageBytes` from `start` to `end`, and
 * checks it whole.
 * @throws Refusal
 */
export function readListenerMessage(start: number, end: number, isBinary: boolean, report: Report): ListenerInput {
  const isRead = isBinary ? readFastPackedReport(start, end, report) : readFastReport(start, end, report);
  if (isRead) return CLIENT_METRICS;
  const data = messageBytes.subarray(start, end);
  const message = isBinary ? parseMsgpack(data) : parseJson(data);
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new Refusal('bad_message', `a message is a map with a type, not ${show(message)}`);
  }
  const { type, metrics, t0 } = message as Record<string, unknown>;
  switch (type) {
    case 'client_metrics':
      report.read(metrics);
      return CLIENT_METRICS;
    case 'clock_sync':
      if (typeof t0 === 'number' && Number.isFinite(t0)) return { type: 'clock_sync', t0 };
      throw new Refusal('bad_value', `t0: a number of milliseconds, not ${show(t0)}`);
    default:
      throw new Refusal('bad_message', `type: client_metrics or clock_sync, not ${show(type)}`);
  }
}

function parseMsgpack(data: Uint8Array): unknown {
  try {
    return readMsgpack(data);
  } catch (error) {
    if (error instanceof MsgpackError) throw new Refusal('bad_message', error.message);
    throw error;
  }
}

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch {
    throw new Refusal('bad_message', 'the text is not JSON');
  }
}
