import { PLAYBACK_STATES, Writer } from '@auralis/shared';
import { FixedTexts, MAX_TEXT_BYTES, messageBytes, messageView } from './message-bytes.js';
import { REPORT_FIELDS, type Report } from './report.js';

/**
 * Reads a `client_metrics` message in MessagePack of known fields straight from the bytes, as
 * `fast-report.ts` does with text: no string and no object. Any other message is left to the general path.
 */

const bytes = messageBytes;
const view = messageView;

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(64);
  write(writer);
  return writer.copy();
}
const strings = (list: readonly string[]) =>
  new FixedTexts(list.map((text) => written((writer) => writer.string(text))));

const BEGIN_TEXT = written((writer) => {
  writer.map(2);
  for (const text of ['type', 'client_metrics', 'metrics']) writer.string(text);
});
const BEGIN = new FixedTexts([BEGIN_TEXT.slice(0, MAX_TEXT_BYTES), BEGIN_TEXT.slice(MAX_TEXT_BYTES)]);
const NAMES = strings(REPORT_FIELDS.map(({ name }) => name));
const STATES = strings(PLAYBACK_STATES);
const IS_FLAG = Uint8Array.from(REPORT_FIELDS, ({ kind }) => (kind === 'flag' ? 1 : 0));
const IS_PLAYBACK = Uint8Array.from(REPORT_FIELDS, ({ kind }) => (kind === 'playback' ? 1 : 0));

const CODE = {
  nil: 0xc0,
  no: 0xc2,
  yes: 0xc3,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  map16: 0xde,
} as const;

/**
 * Read the message of `end` bytes that was loaded into `report`. Return false if it is not of this form: the general path
 * then reads it, and the report has no meaning.
 * @throws Refusal for a known field with a value that is not allowed, as the general path does
 */
export function readFastPackedReport(end: number, report: Report): boolean {
  if (!BEGIN.isAt(0, 0) || !BEGIN.isAt(1, MAX_TEXT_BYTES)) return false;
  const fieldsAt = BEGIN_TEXT.length;
  const header = bytes[fieldsAt] as number;
  const isWide = header === CODE.map16;
  if (!isWide && (header & 0xf0) !== 0x80) return false;
  const fields = isWide ? view.getUint16(fieldsAt + 1) : header & 0x0f;
  let at = fieldsAt + (isWide ? 3 : 1);
  let field = -1;
  report.begin();
  for (let index = 0; index < fields; index++) {
    field = NAMES.findAfter(field, at);
    // Of a field that is there twice the last one counts, and which that is the general path knows.
    if (field < 0 || report.present[field] === 1) return false;
    at = readValue(at + NAMES.lengthOf(field), end, field, report);
    if (at < 0) return false;
  }
  return at === end;
}

/** Reads the value at `at` into the report, and returns where it ends; -1 where it is for the general path. */
function readValue(at: number, end: number, field: number, report: Report): number {
  const code = bytes[at] as number;
  if (code === CODE.nil) {
    report.takeNull(field);
    return at + 1;
  }
  if (IS_FLAG[field] === 1) {
    if (code !== CODE.no && code !== CODE.yes) return -1;
    report.takeCode(field, code - CODE.no);
    return at + 1;
  }
  if (IS_PLAYBACK[field] === 1) return readPlayback(at, field, report);
  const next = readNumber(at, report.values, field);
  // What lies beyond the end is not of this message.
  if (next < 0 || next > end) return -1;
  report.takeValue(field);
  return next;
}

function readPlayback(at: number, field: number, report: Report): number {
  const state = STATES.find(at);
  if (state < 0) return -1;
  report.takeCode(field, state);
  return at + STATES.lengthOf(state);
}

/**
 * Writes the number at `at` to `values` at `place` and returns where it ends; -1 for what is none. Floats of 32 and
 * integers of 64 bits, which hardly anybody sends, are for the general path.
 */
function readNumber(at: number, values: Float64Array, place: number): number {
  const code = bytes[at] as number;
  if (code < 0x80 || code >= 0xe0) {
    values[place] = code < 0x80 ? code : code - 0x100;
    return at + 1;
  }
  switch (code) {
    case CODE.float64:
      values[place] = view.getFloat64(at + 1);
      return at + 9;
    case CODE.uint8:
      values[place] = view.getUint8(at + 1);
      return at + 2;
    case CODE.uint16:
      values[place] = view.getUint16(at + 1);
      return at + 3;
    case CODE.uint32:
      values[place] = view.getUint32(at + 1);
      return at + 5;
    case CODE.int8:
      values[place] = view.getInt8(at + 1);
      return at + 2;
    case CODE.int16:
      values[place] = view.getInt16(at + 1);
      return at + 3;
    case CODE.int32:
      values[place] = view.getInt32(at + 1);
      return at + 5;
    default:
      return -1;
  }
}
