import { PLAYBACK_STATES } from '@auralis/shared';
import { REPORT_FIELDS, type Report } from './report.js';

/**
 * Reads a `client_metrics` text as the SDK writes it — its fields in their order, no white space — straight from the
 * bytes: no string, no object, and half the time of `JSON.parse`. Any other text is left to the general path.
 */

/** A fixed piece of text, to be compared four bytes at a time: that is most of what there is to read. */
class Piece {
  readonly length: number;
  /** Its bytes in fours, little-endian, and those that are left. */
  readonly #words: Uint32Array;
  readonly #rest: Uint8Array;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.#words = Uint32Array.from({ length: bytes.length >> 2 }, (_, at) => bytes.readUInt32LE(at * 4));
    this.#rest = Uint8Array.from(bytes.subarray(bytes.length & ~3));
  }

  isAt(view: DataView, at: number): boolean {
    if (view.byteLength - at < this.length) return false;
    const words = this.#words;
    for (let index = 0; index < words.length; index++) {
      if (view.getUint32(at + index * 4, true) !== words[index]) return false;
    }
    const rest = this.#rest;
    const restAt = at + words.length * 4;
    for (let index = 0; index < rest.length; index++) if (view.getUint8(restAt + index) !== rest[index]) return false;
    return true;
  }
}

const PREFIX = new Piece('{"type":"client_metrics","metrics":{');
const NAMES = REPORT_FIELDS.map(({ name }) => new Piece(`"${name}":`));
const STATES = PLAYBACK_STATES.map((state) => new Piece(`"${state}"`));
const NULL = new Piece('null');
const TRUE = new Piece('true');
const FALSE = new Piece('false');
const IS_FLAG = REPORT_FIELDS.map(({ kind }) => kind === 'flag');
const IS_PLAYBACK = REPORT_FIELDS.map(({ kind }) => kind === 'playback');

const CODE = { n: 0x6e, comma: 0x2c, minus: 0x2d, dot: 0x2e, zero: 0x30, nine: 0x39, close: 0x7d } as const;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const MAX_EXACT = 2 ** 53;

/**
 * Reads the text into `report`. False: it is not of this form, and the general path has to say what it is; the report is
 * then of no meaning.
 * @throws Refusal for a known field that may not be what it is, as the general path does
 */
export function readFastReport(data: Uint8Array, report: Report): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (!PREFIX.isAt(view, 0)) return false;
  report.begin();
  let at = PREFIX.length;
  if (data[at] === CODE.close) return isEnd(data, at);
  let field = 0;
  for (;;) {
    field = fieldAt(view, at, field);
    if (field < 0) return false;
    at = readValue(data, view, at + (NAMES[field] as Piece).length, field, report);
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
function fieldAt(view: DataView, at: number, first: number): number {
  for (let field = first; field < NAMES.length; field++) if ((NAMES[field] as Piece).isAt(view, at)) return field;
  return -1;
}

/** Reads the value at `at` into the report, and returns where it ends; -1 where it is for the general path. */
function readValue(data: Uint8Array, view: DataView, at: number, field: number, report: Report): number {
  if (data[at] === CODE.n) {
    if (!NULL.isAt(view, at)) return -1;
    report.takeNull(field);
    return at + NULL.length;
  }
  if (IS_FLAG[field]) return readFlag(view, at, field, report);
  if (IS_PLAYBACK[field]) return readPlayback(view, at, field, report);
  const end = readNumber(data, at, report.values, field);
  if (end >= 0) report.takeValue(field);
  return end;
}

function readFlag(view: DataView, at: number, field: number, report: Report): number {
  const isTrue = TRUE.isAt(view, at);
  if (!isTrue && !FALSE.isAt(view, at)) return -1;
  report.takeCode(field, isTrue ? 1 : 0);
  return at + (isTrue ? TRUE.length : FALSE.length);
}

function readPlayback(view: DataView, at: number, field: number, report: Report): number {
  for (let state = 0; state < STATES.length; state++) {
    const name = STATES[state] as Piece;
    if (!name.isAt(view, at)) continue;
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
function readNumber(data: Uint8Array, start: number, values: Float64Array, place: number): number {
  let at = start;
  // Beyond the end there is no code, and what is no number is no digit either.
  let code = data[at] as number;
  const isNegative = code === CODE.minus;
  if (isNegative) code = data[++at] as number;
  const firstDigit = at;
  let digits = 0;
  while (code >= CODE.zero && code <= CODE.nine) {
    digits = digits * 10 + (code - CODE.zero);
    code = data[++at] as number;
  }
  const wholeDigits = at - firstDigit;
  let decimals = 0;
  if (code === CODE.dot) {
    const firstDecimal = at + 1;
    code = data[++at] as number;
    while (code >= CODE.zero && code <= CODE.nine) {
      digits = digits * 10 + (code - CODE.zero);
      code = data[++at] as number;
    }
    decimals = at - firstDecimal;
    if (decimals === 0) code = 0;
  }
  const isLeadingZero = wholeDigits > 1 && data[firstDigit] === CODE.zero;
  const ends = code === CODE.comma || code === CODE.close;
  if (wholeDigits === 0 || isLeadingZero || !ends || digits > MAX_EXACT || decimals > 22) return -1;
  const value = decimals === 0 ? digits : digits / (POWERS[decimals] as number);
  values[place] = isNegative ? -value : value;
  return at;
}
