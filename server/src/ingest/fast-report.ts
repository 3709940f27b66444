import { PLAYBACK_STATES } from '@auralis/shared';
import { bytes, FixedTexts, load } from './message-bytes.js';
import { REPORT_FIELDS, type Report } from './report.js';

/**
 * Reads a `client_metrics` text as the SDK writes it — known fields, no white space — straight from
 * the bytes: no string, no object, and half the time of `JSON.parse`. Any other text is left to the general path.
 */

const texts = (...list: readonly string[]) => new FixedTexts(list.map((text) => Buffer.from(text)));
const BEGIN_TEXT = '{"type":"client_metrics","metrics":{';
const BEGIN = texts(BEGIN_TEXT);
const NAMES = texts(...REPORT_FIELDS.map(({ name }) => `,"${name}":`));
const STATES = texts(...PLAYBACK_STATES.map((state) => `"${state}"`));
const FLAGS = texts('false', 'true');
const NULL = texts('null');
/** What is no number. */
const IS_FLAG = Uint8Array.from(REPORT_FIELDS, ({ kind }) => (kind === 'flag' ? 1 : 0));
const IS_PLAYBACK = Uint8Array.from(REPORT_FIELDS, ({ kind }) => (kind === 'playback' ? 1 : 0));

const CODE = { comma: 0x2c, minus: 0x2d, dot: 0x2e, zero: 0x30, n: 0x6e, close: 0x7d } as const;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const MAX_EXACT = 2 ** 53;
/** As many digits always make an integer of 32 bits. */
const GROUP = 9;

/**
 * Reads the text into `report`. False: it is not of this form, and the general path has to say what it is; the report is
 * then of no meaning.
 * @throws Refusal for a known field that may not be what it is, as the general path does
 */
export function readFastReport(data: Uint8Array, report: Report): boolean {
  if (!load(data) || !BEGIN.isAt(0, 0)) return false;
  report.begin();
  let at = BEGIN_TEXT.length;
  if (bytes[at] !== CODE.close) {
    // The first field then looks as the others do.
    bytes[--at] = CODE.comma;
    at = readFields(at, report);
  }
  return at + 2 === data.length && bytes[at] === CODE.close && bytes[at + 1] === CODE.close;
}

/** Reads all fields, each with a comma before it, and returns where they end; -1 where they are for the general path. */
function readFields(start: number, report: Report): number {
  let at = start;
  let field = -1;
  while (bytes[at] === CODE.comma) {
    field = NAMES.findAfter(field, at);
    // Of a field that is there twice the last one counts, and which that is the general path knows.
    if (field < 0 || report.present[field] === 1) return -1;
    at = readValue(at + (NAMES.lengths[field] as number), field, report);
    if (at < 0) return -1;
  }
  return at;
}

/** Reads the value at `at` into the report, and returns where it ends; -1 where it is for the general path. */
function readValue(at: number, field: number, report: Report): number {
  if (bytes[at] === CODE.n) {
    if (!NULL.isAt(0, at)) return -1;
    report.takeNull(field);
    return at + (NULL.lengths[0] as number);
  }
  if (IS_FLAG[field] === 1) return readCode(FLAGS, at, field, report);
  if (IS_PLAYBACK[field] === 1) return readCode(STATES, at, field, report);
  const end = readNumber(at, report.values, field);
  if (end >= 0) report.takeValue(field);
  return end;
}

/** A word, which stands for its number in the list. */
function readCode(words: FixedTexts, at: number, field: number, report: Report): number {
  const code = words.find(at);
  if (code < 0) return -1;
  report.takeCode(field, code);
  return at + (words.lengths[code] as number);
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
