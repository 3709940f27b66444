import { PLAYBACK_STATES } from '@auralis/shared';
import { REPORT_FIELDS, type Report } from './report.js';

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text));

const BEGIN = bytesOf('{"type":"client_metrics","metrics":{');
const NAMES = REPORT_FIELDS.map(({ name }) => bytesOf(`"${name}":`));
const STATES = PLAYBACK_STATES.map((state) => bytesOf(`"${state}"`));
const FLAGS = ['false', 'true'].map(bytesOf);
const NULL = bytesOf('null');

const CODE = { comma: 0x2c, minus: 0x2d, dot: 0x2e, zero: 0x30, nine: 0x39, n: 0x6e, close: 0x7d } as const;

/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const MAX_EXACT = 2 ** 53;

/**
 * Read a `client_metrics` text as the SDK writes it, known fields without white space, from its bytes: no string and
 * no object. Return false for any other text. The caller then parses it, and the report has no meaning.
 * @throws Refusal for a known field with a value that is not allowed
 */
export function readJsonReport(data: Uint8Array, report: Report): boolean {
  if (!isAt(BEGIN, data, 0)) return false;
  report.begin();
  let at = BEGIN.length;
  if (data[at] !== CODE.close) {
    for (let next = 0; ; at++) {
      const field = fieldAt(data, at, next);
      // If a field comes twice, the last one counts: the general path knows that.
      if (field < 0 || report.present[field] === 1) return false;
      next = field + 1;
      at = readValue(data, at + (NAMES[field] as Uint8Array).length, field, report);
      if (at < 0) return false;
      if (data[at] !== CODE.comma) break;
    }
  }
  return at + 2 === data.length && data[at] === CODE.close && data[at + 1] === CODE.close;
}

/** Return the field whose name is at `at`, or -1. `next`: the field that comes here if all are in the SDK's order. */
function fieldAt(data: Uint8Array, at: number, next: number): number {
  const guess = NAMES[next];
  if (guess !== undefined && isAt(guess, data, at)) return next;
  return NAMES.findIndex((name) => isAt(name, data, at));
}

/** Read a value into the report. Return where it ends, or -1 if the general path must read it. */
function readValue(data: Uint8Array, at: number, field: number, report: Report): number {
  if (data[at] === CODE.n) {
    if (!isAt(NULL, data, at)) return -1;
    report.takeNull(field);
    return at + NULL.length;
  }
  const kind = REPORT_FIELDS[field]?.kind;
  if (kind === 'flag' || kind === 'playback') {
    const words = kind === 'flag' ? FLAGS : STATES;
    const code = words.findIndex((word) => isAt(word, data, at));
    if (code < 0) return -1;
    report.takeCode(field, code);
    return at + (words[code] as Uint8Array).length;
  }
  const end = readNumber(data, at, report.values, field);
  if (end >= 0) report.takeValue(field);
  return end;
}

/**
 * Read a number without exponent whose digits make an integer below 2^53, with at most 22 decimals. The quotient of
 * two exact doubles is then the double that `JSON.parse` gives (W. D. Clinger, "How to read floating point numbers
 * accurately", 1990). Write it to `values` and return where it ends, or -1 for any other number.
 */
function readNumber(data: Uint8Array, start: number, values: Float64Array, place: number): number {
  const first = data[start] === CODE.minus ? start + 1 : start;
  let at = first;
  let dot = -1;
  let digits = 0;
  for (; ; at++) {
    const code = data[at] as number;
    if (code >= CODE.zero && code <= CODE.nine) digits = digits * 10 + (code - CODE.zero);
    else if (code === CODE.dot && dot < 0) dot = at;
    else break;
  }
  const decimals = dot < 0 ? 0 : at - dot - 1;
  const wholeDigits = (dot < 0 ? at : dot) - first;
  const hasDigits = wholeDigits > 0 && dot !== at - 1;
  const isLeadingZero = wholeDigits > 1 && data[first] === CODE.zero;
  const ends = data[at] === CODE.comma || data[at] === CODE.close;
  if (!hasDigits || isLeadingZero || !ends || digits >= MAX_EXACT || decimals >= POWERS.length) return -1;
  const value = digits / (POWERS[decimals] as number);
  values[place] = first > start ? -value : value;
  return at;
}

function isAt(text: Uint8Array, data: Uint8Array, at: number): boolean {
  for (let index = 0; index < text.length; index++) if (data[at + index] !== text[index]) return false;
  return true;
}
