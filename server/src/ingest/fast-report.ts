import { PLAYBACK_STATES } from '@auralis/shared';
import { REPORT_FIELDS, type Report } from './report.js';

/**
 * Reads a `client_metrics` text as the SDK writes it — its fields in their order, no white space — straight from the
 * bytes: no string, no object, and half the time of `JSON.parse`. Any other text is left to the general path.
 */

const PREFIX = Buffer.from('{"type":"client_metrics","metrics":{');
const NAMES = REPORT_FIELDS.map(({ name }) => Buffer.from(`"${name}":`));
const STATES = PLAYBACK_STATES.map((state) => Buffer.from(`"${state}"`));
const [NULL, TRUE, FALSE] = ['null', 'true', 'false'].map((word) => Buffer.from(word)) as [Buffer, Buffer, Buffer];
const IS_FLAG = REPORT_FIELDS.map(({ kind }) => kind === 'flag');
const IS_PLAYBACK = REPORT_FIELDS.map(({ kind }) => kind === 'playback');

const CODE = { comma: 0x2c, minus: 0x2d, dot: 0x2e, zero: 0x30, nine: 0x39, close: 0x7d } as const;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const MAX_EXACT = 2 ** 53;

/** Where the number that was read last ends; -1 where there was none. */
let numberEnd = 0;

/**
 * Reads the text into `report`. False: it is not of this form, and the general path has to say what it is; the report is
 * then of no meaning.
 * @throws Refusal for a known field that may not be what it is, as the general path does
 */
export function readFastReport(data: Uint8Array, report: Report): boolean {
  if (!startsWith(data, 0, PREFIX)) return false;
  report.begin();
  let at = PREFIX.length;
  if (data[at] === CODE.close) return isEnd(data, at);
  let field = 0;
  for (;;) {
    field = fieldAt(data, at, field);
    if (field < 0) return false;
    at = readValue(data, at + (NAMES[field] as Buffer).length, field, report);
    if (at < 0) return false;
    if (data[at] === CODE.close) return isEnd(data, at);
    if (data[at] !== CODE.comma) return false;
    at++;
    field++;
  }
}

function isEnd(data: Uint8Array, at: number): boolean {
  return data.length === at + 2 && data[at + 1] === CODE.close;
}

/** The field whose name stands at `at`, from `first` on; -1 where it is none of them. */
function fieldAt(data: Uint8Array, at: number, first: number): number {
  for (let field = first; field < NAMES.length; field++) if (startsWith(data, at, NAMES[field] as Buffer)) return field;
  return -1;
}

/** Reads the value at `at` into the report, and returns where it ends; -1 where it is for the general path. */
function readValue(data: Uint8Array, at: number, field: number, report: Report): number {
  if (startsWith(data, at, NULL)) {
    report.takeNull(field);
    return at + NULL.length;
  }
  if (IS_FLAG[field]) return readFlag(data, at, field, report);
  if (IS_PLAYBACK[field]) return readPlayback(data, at, field, report);
  const value = readNumber(data, at);
  if (numberEnd < 0) return -1;
  report.takeNumber(field, value);
  return numberEnd;
}

function readFlag(data: Uint8Array, at: number, field: number, report: Report): number {
  const isTrue = startsWith(data, at, TRUE);
  if (!isTrue && !startsWith(data, at, FALSE)) return -1;
  report.takeCode(field, isTrue ? 1 : 0);
  return at + (isTrue ? TRUE.length : FALSE.length);
}

function readPlayback(data: Uint8Array, at: number, field: number, report: Report): number {
  for (let state = 0; state < STATES.length; state++) {
    const name = STATES[state] as Buffer;
    if (!startsWith(data, at, name)) continue;
    report.takeCode(field, state);
    return at + name.length;
  }
  return -1;
}

/**
 * Reads a JSON number without exponent whose digits make an integer below 2^53 and have at most 22 decimals: the quotient
 * of two exact doubles is the double that is nearest to the number, as `JSON.parse` would give
 * (W. D. Clinger, "How to read floating point numbers accurately", 1990). Sets `numberEnd`, -1 for any other number.
 */
function readNumber(data: Uint8Array, start: number): number {
  let at = start;
  const isNegative = data[at] === CODE.minus;
  if (isNegative) at++;
  const firstDigit = at;
  let digits = 0;
  while (isDigit(data[at])) digits = digits * 10 + ((data[at++] as number) - CODE.zero);
  const wholeDigits = at - firstDigit;
  let decimals = 0;
  if (data[at] === CODE.dot) {
    const firstDecimal = ++at;
    while (isDigit(data[at])) digits = digits * 10 + ((data[at++] as number) - CODE.zero);
    decimals = at - firstDecimal;
  }
  const isLeadingZero = wholeDigits > 1 && data[firstDigit] === CODE.zero;
  const isMalformed = wholeDigits === 0 || isLeadingZero || (decimals === 0 && data[at - 1] === CODE.dot);
  const ends = data[at] === CODE.comma || data[at] === CODE.close;
  numberEnd = isMalformed || !ends || digits > MAX_EXACT || decimals > 22 ? -1 : at;
  const value = decimals === 0 ? digits : digits / (POWERS[Math.min(decimals, 22)] as number);
  return isNegative ? -value : value;
}

const isDigit = (code: number | undefined) => code !== undefined && code >= CODE.zero && code <= CODE.nine;

function startsWith(data: Uint8Array, at: number, wanted: Buffer): boolean {
  if (data.length - at < wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) if (data[at + index] !== wanted[index]) return false;
  return true;
}
