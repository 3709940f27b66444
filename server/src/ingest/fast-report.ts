import { PLAYBACK_STATES } from '@auralis/shared';
import { FixedTexts, MAX_TEXT_BYTES, messageBytes, messageView } from './message-bytes.js';
import { type Kind, REPORT_FIELDS, type Report } from './report.js';

/**
 * Reads a `client_metrics` text as the SDK writes it — known fields, no white space — straight from
 * the bytes: no string, no object, and a fifth of the time that a string and `JSON.parse` take. Any other text is left to the
 * general path.
 */

const bytes = messageBytes;
const view = messageView;

const texts = (...list: readonly string[]) => new FixedTexts(list.map((text) => Buffer.from(text)));
const BEGIN_TEXT = '{"type":"client_metrics","metrics":{';
const BEGIN = texts(BEGIN_TEXT.slice(0, MAX_TEXT_BYTES), BEGIN_TEXT.slice(MAX_TEXT_BYTES));
const NAMES = texts(...REPORT_FIELDS.map(({ name }) => `,"${name}":`));
const STATES = texts(...PLAYBACK_STATES.map((state) => `"${state}"`));
const FLAGS = texts('false', 'true');
const NULL = texts('null');
const KINDS: readonly Kind[] = ['flag', 'playback'];
/** Of each field 1 for a flag, 2 for a playback state, 0 for a number. (Room for more: see `MAX_TEXTS`.) */
const WORDS = new Uint8Array(128);
WORDS.set(REPORT_FIELDS.map(({ kind }) => KINDS.indexOf(kind) + 1));

const CODE = { comma: 0x2c, minus: 0x2d, dot: 0x2e, zero: 0x30, n: 0x6e, open: 0x7b, close: 0x7d } as const;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const MAX_EXACT = 2 ** 53;
/** As many digits always make an integer of 32 bits. */
const GROUP = 9;

/**
 * Read the text of `end` bytes that was loaded into `report`. Return false if it is not of this form: the general path then
 * reads it, and the report has no meaning.
 * @throws Refusal for a known field with a value that is not allowed, as the general path does
 */
export function readFastReport(end: number, report: Report): boolean {
  if (!BEGIN.isAt(0, 0) || !BEGIN.isAt(1, MAX_TEXT_BYTES)) return false;
  report.begin();
  let at = BEGIN_TEXT.length;
  if (bytes[at] !== CODE.close) {
    // The first field then looks as the others do; but the general path may have to read the text as it came.
    const open = at - 1;
    bytes[open] = CODE.comma;
    at = readFields(open, report);
    bytes[open] = CODE.open;
  }
  return at + 2 === end && bytes[at] === CODE.close && bytes[at + 1] === CODE.close;
}

/** Makes digits 0 to 9, four at a time. */
const ZEROS = 0x30303030;
/** By how many of four are digits: the factor for what stands before them. */
const TENS = Int32Array.from({ length: 32 }, (_, digits) => 10 ** Math.min(digits, 4));
/** The least that so many digits make without a zero in front; there is no number without a digit. */
const LEAST = Int32Array.of(2 ** 31 - 1, 0, 10, 100, 1000, ...new Array(27).fill(0));
const SIGNS = Float64Array.from({ length: 16 }, (_, isNegative) => (isNegative === 1 ? -1 : 1));

/**
 * Bits of the digits with which four bytes begin: 0, 8, 16, 24 or 32. Added to what is above 9 the constant makes a bit 7. (A byte
 * above 127 may hide the digit before it, which then ends no number.)
 */
const digitBits = (four: number) => Math.clz32((four | (four + 0x76767676)) & 0x80808080);

/** The number that the first `bits` of four digits make; of none, anything below 2^15. */
function digitsOf(four: number, bits: number): number {
  const digits = four >>> (32 - bits);
  const pairs = digits + Math.imul(digits >>> 8, 10);
  return (pairs & 0xff) + Math.imul((pairs >>> 16) & 0xff, 100);
}

/** 1 or 0, and no branch: no processor guesses which numbers have a sign. */
const isSame = (code: number, other: number) => ((code ^ other) - 1) >>> 31;
const isEnd = (code: number) => code === CODE.comma || code === CODE.close;

/**
 * Reads all fields, each with a comma before it, and returns where they end; -1 where they are for the general path.
 *
 * Numbers of up to four digits with up to four decimals, or of up to eight without, are read here four digits at a time, and
 * how many there are is an index: nothing but the dot of a number makes a branch, for one that the processor guesses wrong takes
 * as long as reading a whole number. (In one piece with the loop: apart from it V8 leaves some part of both to be called.)
 */
function readFields(start: number, report: Report): number {
  const { values, present } = report;
  let at = start;
  let field = -1;
  while (bytes[at] === CODE.comma) {
    field = NAMES.findAfter(field, at);
    // Of a field that is there twice the last one counts, and which that is the general path knows.
    if (field < 0 || present[field] === 1) return -1;
    at += NAMES.lengthOf(field);
    if (WORDS[field] === 0) {
      const isNegative = isSame(bytes[at] as number, CODE.minus);
      const four = view.getInt32(at + isNegative) ^ ZEROS;
      const bits = digitBits(four);
      const whole = digitsOf(four, bits);
      let digits = whole;
      let decimals = 0;
      let end = at + isNegative + (bits >> 3);
      if (!isEnd(bytes[end] as number)) {
        const hasDot = isSame(bytes[end] as number, CODE.dot);
        const next = view.getInt32(end + hasDot) ^ ZEROS;
        const nextBits = digitBits(next);
        const count = nextBits >> 3;
        digits = Math.imul(whole, TENS[count] as number) + digitsOf(next, nextBits);
        decimals = Math.imul(count, hasDot);
        if (count > 0) end += hasDot + count;
      }
      if (whole >= (LEAST[bits >> 3] as number) && isEnd(bytes[end] as number)) {
        values[field] = (digits / (POWERS[decimals] as number)) * (SIGNS[isNegative] as number);
        report.takeValue(field);
        at = end;
        continue;
      }
    }
    at = readValue(at, field, report);
    if (at < 0) return -1;
  }
  return at;
}

/** Reads any value at `at` into the report, and returns where it ends; -1 where it is for the general path. */
function readValue(at: number, field: number, report: Report): number {
  if (bytes[at] === CODE.n) {
    if (!NULL.isAt(0, at)) return -1;
    report.takeNull(field);
    return at + NULL.lengthOf(0);
  }
  if (WORDS[field] !== 0) return readCode(WORDS[field] === 1 ? FLAGS : STATES, at, field, report);
  const end = readNumber(at, report.values, field);
  if (end >= 0) report.takeValue(field);
  return end;
}

/** A word, which stands for its number in the list. */
function readCode(words: FixedTexts, at: number, field: number, report: Report): number {
  const code = words.find(at);
  if (code < 0) return -1;
  report.takeCode(field, code);
  return at + words.lengthOf(code);
}

/**
 * Reads a JSON number without exponent whose digits make an integer below 2^53 and have at most 22 decimals: the quotient
 * of two exact doubles is the double that is nearest to the number, as `JSON.parse` would give
 * (W. D. Clinger, "How to read floating point numbers accurately", 1990). Writes it to `values` at `place` and
 * returns where it ends; -1 for any other number.
 */
function readNumber(start: number, values: Float64Array, place: number): number {
  const isNegative = bytes[start] === CODE.minus;
  const first = isNegative ? start + 1 : start;
  let at = first;
  let dot = -1;
  // Digits in groups, for a step of integers takes a third of the time of one of doubles.
  let before = 0;
  let group = 0;
  let grouped = 0;
  for (; ; at++) {
    const digit = (bytes[at] as number) - CODE.zero;
    if (digit >= 0 && digit <= 9) {
      group = (group * 10 + digit) | 0;
      if (++grouped < GROUP) continue;
      before = before * 1e9 + group;
      group = grouped = 0;
    } else if (digit === CODE.dot - CODE.zero && dot < 0) dot = at;
    else break;
  }
  const digits = before * (POWERS[grouped] as number) + group;
  const decimals = dot < 0 ? 0 : at - dot - 1;
  const wholeDigits = (dot < 0 ? at : dot) - first;
  const isLeadingZero = wholeDigits > 1 && bytes[first] === CODE.zero;
  const ends = bytes[at] === CODE.comma || bytes[at] === CODE.close;
  if (wholeDigits === 0 || dot === at - 1 || isLeadingZero || !ends || digits >= MAX_EXACT || decimals > 22) return -1;
  const value = decimals === 0 ? digits : digits / (POWERS[decimals] as number);
  values[place] = isNegative ? -value : value;
  return at;
}
