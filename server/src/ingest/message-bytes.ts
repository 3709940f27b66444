import { MAX_LISTENER_MESSAGE_BYTES } from '@auralis/shared';

/** No fixed text is longer: what is compared beyond the end of a message still lies in the buffer. */
const MAX_TEXT_BYTES = 64;

/**
 * The message at hand, copied to where both fast readers have views already: a copy of 430 bytes takes 11 ns, a DataView of
 * each message 33 ns and 88 bytes of garbage. Behind it stands a 0, which no fixed text contains, so that none is found
 * that reaches beyond the end.
 */
export const bytes = new Uint8Array(MAX_LISTENER_MESSAGE_BYTES + MAX_TEXT_BYTES);
export const view = new DataView(bytes.buffer);

/** False where the message is too long to be read here. */
export function load(data: Uint8Array): boolean {
  if (data.length > MAX_LISTENER_MESSAGE_BYTES) return false;
  bytes.set(data);
  bytes[data.length] = 0;
  return true;
}

/**
 * Fixed texts that a message may hold, compared four bytes at a time: that is most of what there is to read. What all of
 * them are compared with lies in one piece: between two messages the processor has forgotten it, and fetches a few lines
 * instead of three for each text.
 */
export class FixedTexts {
  readonly count: number;
  /** Bytes of each. */
  readonly lengths: Uint8Array;
  /** Their bytes in fours, little-endian, one text after the other; the last four of a text may overlap those before. */
  readonly #words: Uint32Array;
  /** Where in `#words` each begins; behind them where the last one ends. */
  readonly #starts: Uint16Array;
  /** What came first last time, and what came after each. */
  readonly #following: Uint8Array;

  /** `texts`: 4 to 64 bytes each, none of them 0. */
  constructor(texts: readonly Uint8Array[]) {
    const words: number[] = [];
    const starts = [0];
    for (const text of texts) {
      const { length } = text;
      if (length < 4 || length > MAX_TEXT_BYTES || text.includes(0)) throw new RangeError(`no fixed text: ${text}`);
      const from = new DataView(text.buffer, text.byteOffset, length);
      for (let at = 0; at < length; at += 4) words.push(from.getUint32(Math.min(at, length - 4), true));
      starts.push(words.length);
    }
    this.count = texts.length;
    this.lengths = Uint8Array.from(texts, ({ length }) => length);
    this.#words = Uint32Array.from(words);
    this.#starts = Uint16Array.from(starts);
    this.#following = Uint8Array.from(starts, (_, index) => index % texts.length);
  }

  /** Does the text `index` stand at `at` of the message? */
  isAt(index: number, at: number): boolean {
    const words = this.#words;
    const last = (this.#starts[index + 1] as number) - 1;
    // Apart from the others, whose places are four bytes from one another.
    if (view.getUint32(at + (this.lengths[index] as number) - 4, true) !== words[last]) return false;
    let place = at;
    for (let word = this.#starts[index] as number; word < last; word++) {
      if (view.getUint32(place, true) !== words[word]) return false;
      place += 4;
    }
    return true;
  }

  /** Which of them stands at `at`; -1 where none does. */
  find(at: number): number {
    for (let index = 0; index < this.count; index++) if (this.isAt(index, at)) return index;
    return -1;
  }

  /**
   * As `find`, of the one that comes after `previous`, or first where that is -1. What came there last time is looked for first:
   * whoever writes these messages puts their fields into the same order each time, whichever it is.
   */
  findAfter(previous: number, at: number): number {
    const guess = this.#following[previous + 1] as number;
    if (this.isAt(guess, at)) return guess;
    const found = this.find(at);
    if (found >= 0) this.#following[previous + 1] = found;
    return found;
  }
}
