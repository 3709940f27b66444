import { PLAYBACK_STATES } from '@auralis/shared';
import { bytes, load, Piece } from './message-bytes.js';
import { REPORT_FIELDS, type Report } from './report.js';

/**
 * Reads a `client_metrics` text as the SDK writes it — known fields, no white space; fastest in the SDK's order — straight from
 * the bytes: no string, no object, and half the time of `JSON.parse`. Any other text is left to the general path.
 */

const piece = (text: string) => new Piece(Buffer.from(text));
const PREFIX = piece('{"type":"client_metrics","metrics":');
/** Of the first field, and of those after it. */
const FIRST_NAMES = REPORT_FIELDS.map(({ name }) => piece(`{"${name}":`));
const NAMES = REPORT_FIELDS.map(({ name }) => piece(`,"${name}":`));
const STATES = PLAYBACK_STATES.map((state) => piece(`"${state}"`));
const NULL = piece('null');
const TRUE = piece('true');
const FALSE = piece('false');
const IS_FLAG = REPORT_FIELDS.map(({ kind }) => kind === 'flag');
const IS_PLAYBACK = REPORT_FIELDS.map(({ kind }) => kind === 'playback');

const CODE = { n: 0x6e, comma: 0x2c, minus: 0x2d, dot: 0x2e, zero: 0x30, nine: 0x39, open: 0x7b, close: 0x7d } as const;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const MAX_EXACT = 2 ** 53;

/**
 * Reads the text into `report`. False: it is not of this form, and the general path has to say what it is; the report is
 * then of no meaning.
 * @throws Refusal for a known field that may not be what it is, as the general path does
 */
export function readFastReport(data: Uint8Array, report: Report): boolean {
  if (!load(data) || !PREFIX.isAt(0)) return false;
  report.begin();
  let at = PREFIX.length;
  if (bytes[at] === CODE.open && bytes[at + 1] === CODE.close) return isEnd(at + 1, data.length);
  let field = fieldAt(at, 0, FIRST_NAMES);
  while (field >= 0) {
    // Of a field that is there twice the last one counts, and which that is the general path knows.
    if (report.present[field] === 1) return false;
    at = readValue(at + (NAMES[field] as Piece).length, field, report);
    if (at < 0) return false;
    if (bytes[at] === CODE.close) return isEnd(at, data.length);
    field = fieldAt(at, field + 1, NAMES);
  }
  return false;
}

function isEnd(at: number, length: number): boolean {
  return length === at + 2 && bytes[at + 1] === CODE.close;
}

/** The field whose name stands at `at`, looked for from `first` on and then before it; -1 where it is none of them. */
function fieldAt(at: number, first: number, names: readonly Piece[]): number {
  for (let field = first; field < names.length; field++) if ((names[field] as Piece).isAt(at)) return field;
  for (let field = first - 1; field >= 0; field--) if ((names[field] as Piece).isAt(at)) return field;
  return -1;
}

/** Reads the value at `at` into the report, and returns where it ends; -1 where it is for the general path. */
function readValue(at: number, field: number, report: Report): number {
  if (bytes[at] === CODE.n) {
    if (!NULL.isAt(at)) return -1;
    report.takeNull(field);
    return at + NULL.length;
  }
  if (IS_FLAG[field]) return readFlag(at, field, report);
  if (IS_PLAYBACK[field]) return readPlayback(at, field, report);
  const end = readNumber(at, report.values, field);
  if (end >= 0) report.takeValue(field);
  return end;
}

function readFlag(at: number, field: number, report: Report): number {
  const isTrue = TRUE.isAt(at);
  if (!isTrue && !FALSE.isAt(at)) return -1;
  report.takeCode(field, isTrue ? 1 : 0);
  return at + (isTrue ? TRUE.length : FALSE.length);
}

function readPlayback(at: number, field: number, report: Report): number {
  for (let state = 0; state < STATES.length; state++) {
    const name = STATES[state] as Piece;
    if (!name.isAt(at)) continue;
    report.takeCode(field, state);
    return at + name.length;
  }
  return -1;
}

/**
 * Reads a JSON number without exponent whose digits make an integer below 2^53 and have at most 22 decimals: the quotient
 * of two exact doubles is the double that is nearest to the number, as `JSON.parse` would give
 * (W. D. Clinger, "How to read floating point numbers accurately", 1990). Writes it to `values` at `place` and
 * returns where it ends; -1 for any other number.
 */
function readNumber(start: number, values: Float64Array, place: number): number {
  let at = start;
  let code = bytes[at] as number;
  const isNegative = code === CODE.minus;
  if (isNegative) code = bytes[++at] as number;
  const firstDigit = at;
  let digits = 0;
  while (code >= CODE.zero && code <= CODE.nine) {
    digits = digits * 10 + (code - CODE.zero);
    code = bytes[++at] as number;
  }
  const wholeDigits = at - firstDigit;
  let decimals = 0;
  if (code === CODE.dot) {
    const firstDecimal = at + 1;
    code = bytes[++at] as number;
    while (code >= CODE.zero && code <= CODE.nine) {
      digits = digits * 10 + (code - CODE.zero);
      code = bytes[++at] as number;
    }
    decimals = at - firstDecimal;
    if (decimals === 0) code = 0;
  }
  const isLeadingZero = wholeDigits > 1 && bytes[firstDigit] === CODE.zero;
  const ends = code === CODE.comma || code === CODE.close;
  if (wholeDigits === 0 || isLeadingZero || !ends || digits > MAX_EXACT || decimals > 22) return -1;
  const value = decimals === 0 ? digits : digits / (POWERS[decimals] as number);
  values[place] = isNegative ? -value : value;
  return at;
}
