import { MAX_LISTENER_MESSAGE_BYTES } from '@auralis/shared';

/** No fixed text is longer: a comparison beyond the end of a message still lies in the buffer. */
export const MAX_TEXT_BYTES = 24;
/** Of all lists together. Tables of more than 64 bytes lie outside V8's heap, so that code may hold where. */
const MAX_TEXTS = 128;

/**
 * The message that is being read, copied to where both fast readers have views already. A copy of 430 bytes takes 11 ns; a
 * DataView of each message would take 33 ns and leave 88 bytes of garbage. A 0 follows the message. No fixed text contains
 * a 0, so none is found that reaches beyond the end. Each module that reads has constants of its own, because V8 looks up
 * an imported one at each use.
 */
const ownBytes = new Uint8Array(MAX_LISTENER_MESSAGE_BYTES + 1 + MAX_TEXT_BYTES);
const ownView = new DataView(ownBytes.buffer);
export const messageBytes = ownBytes;
export const messageView = ownView;

/** Taken once: V8 would look the method up at each call, which takes longer than the copy. */
const copyInto = Uint8Array.prototype.set;

/**
 * Copy a message to the front of `messageBytes` and return its length.
 * @throws RangeError for one that is longer than a listener's may be
 */
export function load(data: Uint8Array): number {
  copyInto.call(ownBytes, data);
  ownBytes[data.length] = 0;
  return data.length;
}

const LENGTHS = new Uint8Array(MAX_TEXTS);
/**
 * Texts of 8 bytes and more as three doubles each: the first eight bytes, the last, and those between, which may overlap
 * both. Doubles are equal where their bytes are, but for NaN and zero, which no text contains.
 */
const EIGHTS = new Float64Array(3 * MAX_TEXTS);
/** Shorter ones: their first four bytes and their last. */
const HEADS = new Int32Array(MAX_TEXTS);
const TAILS = new Int32Array(MAX_TEXTS);
let texts = 0;

function isTextAt(text: number, at: number): boolean {
  const length = LENGTHS[text] as number;
  if (length < 8) return isShortTextAt(text, at);
  // The same three comparisons whatever the length: after numbers of all lengths the processor guesses no loop's end.
  const last = at + length - 8;
  const eight = 3 * text;
  return (
    ownView.getFloat64(at, true) === EIGHTS[eight] &&
    ownView.getFloat64(last, true) === EIGHTS[eight + 1] &&
    ownView.getFloat64(Math.min(at + 8, last), true) === EIGHTS[eight + 2]
  );
}

function isShortTextAt(text: number, at: number): boolean {
  const last = at + (LENGTHS[text] as number) - 4;
  return ownView.getInt32(at, true) === HEADS[text] && ownView.getInt32(last, true) === TAILS[text];
}

/** Adds a text to the tables. */
function addText(text: Uint8Array): void {
  const { length } = text;
  if (length < 4 || length > MAX_TEXT_BYTES || text.includes(0)) throw new RangeError(`no fixed text: ${text}`);
  const from = new DataView(text.buffer, text.byteOffset, length);
  LENGTHS[texts] = length;
  HEADS[texts] = from.getInt32(0, true);
  TAILS[texts] = from.getInt32(length - 4, true);
  if (length >= 8) {
    const places = [0, length - 8, Math.min(8, length - 8)];
    const eights = places.map((at) => from.getFloat64(at, true));
    if (eights.some(Number.isNaN)) throw new RangeError(`no fixed text: ${text}`);
    EIGHTS.set(eights, 3 * texts);
  }
  texts++;
}

/** A list of fixed texts that a message may hold. */
export class FixedTexts {
  /** Where in the tables the first of them stands. */
  readonly #first = texts;
  readonly #count: number;
  /** What came first last time, and what came after each. */
  readonly #following = new Uint8Array(MAX_TEXTS);

  /** `list`: 4 to 24 bytes each, none of them 0. */
  constructor(list: readonly Uint8Array[]) {
    this.#count = list.length;
    for (const text of list) addText(text);
    for (let at = 0; at <= list.length; at++) this.#following[at] = at % list.length;
  }

  /** Bytes of the text `index`. */
  lengthOf(index: number): number {
    return LENGTHS[this.#first + index] as number;
  }

  /** Does the text `index` stand at `at` of the message? */
  isAt(index: number, at: number): boolean {
    return isTextAt(this.#first + index, at);
  }

  /** Which of them stands at `at`; -1 where none does. */
  find(at: number): number {
    for (let index = 0; index < this.#count; index++) if (isTextAt(this.#first + index, at)) return index;
    return -1;
  }

  /**
   * As `find`, of the one that comes after `previous`, or first where that is -1. What came there last time is looked for first:
   * whoever writes these messages puts their fields into the same order each time, whichever it is.
   */
  findAfter(previous: number, at: number): number {
    const guess = this.#following[previous + 1] as number;
    return isTextAt(this.#first + guess, at) ? guess : this.#search(previous, at);
  }

  /** Apart from `findAfter`, which so stays small enough to become part of its caller. */
  #search(previous: number, at: number): number {
    const found = this.find(at);
    if (found >= 0) this.#following[previous + 1] = found;
    return found;
  }
}
