import { Writer } from '@auralis/shared';
import { reportsOf } from '../reports.js';
import { monotonicMs } from './clock.js';
import { binaryFrame, headerLength } from './frames.js';

/** The reading that carries when its report left; it takes any number, to a tenth of a millisecond. */
export const STAMP_COLUMN = 'clock_offset_ms';
const STAMP_FIELD = 'clockOffsetMs';

/** A number that no other field holds, to find its place by. */
const MARK = 123_456.789;

export interface StampedFrame {
  readonly frame: Buffer;
  /** Writes into it that it leaves now: ms since `base` on the monotonic clock. */
  stamp(base: number): void;
}

/** A `client_metrics` message in MessagePack whose `clockOffsetMs` is patched in place when it is sent. */
export function stampedReport(): StampedFrame {
  const report = reportsOf('full')[0] as { metrics: object };
  const writer = new Writer(512);
  writer.value({ ...report, metrics: { ...report.metrics, [STAMP_FIELD]: MARK } });
  const payload = writer.written();
  const frame = binaryFrame(payload);
  const mark = Buffer.alloc(8);
  mark.writeDoubleBE(MARK);
  const at = frame.indexOf(mark, headerLength(payload.length));
  return {
    frame,
    stamp(base) {
      frame.writeDoubleBE(monotonicMs() - base, at);
    },
  };
}
