import { DecodeError } from '../decode-error.js';
import { MAX_DEPTH } from '../limits.js';

/**
 * The bytes are not one complete MessagePack value of standard types within the limits. `message` says what and
 * where.
 */
export class MsgpackError extends DecodeError {
  override readonly name = 'MsgpackError';
}

/**
 * Read one MessagePack value that must fill `bytes`. A declared length is believed only if as many bytes are there.
 * Nesting ends at `maxDepth`, reading at `maxNodes` values and keys: strangers' messages need both (see
 * `decodeMessage`). Extensions are refused. Maps become objects without a prototype, so `__proto__` is a key like any
 * other, and take string keys only.
 *
 * `bin` becomes a view into `bytes`, not a copy. 64-bit integers become numbers, exact up to 2^53.
 * @throws MsgpackError
 */
export function readMsgpack(bytes: Uint8Array, maxDepth = MAX_DEPTH, maxNodes = Number.POSITIVE_INFINITY): unknown {
  const reader = new Reader(bytes, maxDepth, maxNodes);
  const value = reader.value(0);
  reader.end();
  return value;
}

/**
 * Read the items of an array that must fill `bytes`, each when asked for and with `maxNodes` of its own. A value that
 * is no array is its own only item. Return whether it was an array. @throws MsgpackError
 */
export function* readMsgpackItems(bytes: Uint8Array, maxDepth: number, maxNodes: number): Generator<unknown, boolean> {
  const reader = new Reader(bytes, maxDepth, maxNodes);
  const length = reader.arrayHeader();
  for (let at = 0; at < (length ?? 1); at++) {
    reader.countAnew();
    yield reader.value(length === null ? 0 : 1);
  }
  reader.end();
  return length !== null;
}

// A byte order mark is a character like any other: swallowed, two different keys would become one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longer texts are seldom the same twice. */
const MAX_WORD_BYTES = 24;
/** A word of ASCII that was read before, and its bytes. */
interface Word {
  readonly text: string;
  readonly bytes: Uint8Array;
}
/**
 * Words by a hash of their bytes, the last of each hash. The keys of messages come again and again, and decoding one
 * costs ten times as much as finding it. The size is fixed, so strangers can push words out but not fill memory.
 */
const words: (Word | undefined)[] = new Array(1024).fill(undefined);

/** The text of `length` bytes of ASCII at `at`; null for what is not ASCII. */
function wordAt(bytes: Uint8Array, at: number, length: number): string | null {
  let hash = length;
  for (let index = 0; index < length; index++) {
    const byte = bytes[at + index] as number;
    if (byte > 0x7f) return null;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const place = hash & (words.length - 1);
  const known = words[place];
  if (known !== undefined && isAt(known.bytes, bytes, at, length)) return known.text;
  const own = bytes.slice(at, at + length);
  const text = String.fromCharCode(...own);
  words[place] = { text, bytes: own };
  return text;
}

function isAt(wanted: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (wanted.length !== length) return false;
  for (let index = 0; index < length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  #at = 0;
  #nodes = 0;

  constructor(bytes: Uint8Array, maxDepth: number, maxNodes: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxDepth = maxDepth;
    this.#maxNodes = maxNodes;
  }

  /** Skip the header of an array and return its length; null, and nothing is skipped, at any other value. */
  arrayHeader(): number | null {
    const code = this.#bytes[this.#at] ?? 0;
    if (!((code >= 0x90 && code < 0xa0) || code === 0xdc || code === 0xdd)) return null;
    this.#at++;
    const length = code < 0xa0 ? code & 0x0f : this.#unsigned(code === 0xdc ? 2 : 4);
    this.#enter(length, 0);
    return length;
  }

  countAnew(): void {
    this.#nodes = 0;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.#fail(`${this.#bytes.length - this.#at} bytes after the value`);
  }

  value(depth: number): unknown {
    if (++this.#nodes > this.#maxNodes) this.#fail(`more than ${this.#maxNodes} values`);
    const code = this.#view.getUint8(this.#take(1));
    if (code < 0x80) return code;
    if (code >= 0xe0) return code - 0x100;
    if (code < 0x90) return this.#map(code & 0x0f, depth);
    if (code < 0xa0) return this.#array(code & 0x0f, depth);
    if (code < 0xc0) return this.#string(code & 0x1f);
    return this.#coded(code, depth);
  }

  #coded(code: number, depth: number): unknown {
    const view = this.#view;
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#unsigned(1));
      case 0xc5:
        return this.#binary(this.#unsigned(2));
      case 0xc6:
        return this.#binary(this.#unsigned(4));
      case 0xca:
        return view.getFloat32(this.#take(4));
      case 0xcb:
        return view.getFloat64(this.#take(8));
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xcf:
        return Number(view.getBigUint64(this.#take(8)));
      case 0xd0:
        return view.getInt8(this.#take(1));
      case 0xd1:
        return view.getInt16(this.#take(2));
      case 0xd2:
        return view.getInt32(this.#take(4));
      case 0xd3:
        return Number(view.getBigInt64(this.#take(8)));
      case 0xd9:
        return this.#string(this.#unsigned(1));
      case 0xda:
        return this.#string(this.#unsigned(2));
      case 0xdb:
        return this.#string(this.#unsigned(4));
      case 0xdc:
        return this.#array(this.#unsigned(2), depth);
      case 0xdd:
        return this.#array(this.#unsigned(4), depth);
      case 0xde:
        return this.#map(this.#unsigned(2), depth);
      case 0xdf:
        return this.#map(this.#unsigned(4), depth);
      default:
        return this.#fail(`0x${code.toString(16)} is an extension or no type`);
    }
  }

  #unsigned(width: 1 | 2 | 4): number {
    const at = this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #string(length: number): string {
    const at = this.#take(length);
    return length <= MAX_WORD_BYTES
      ? (wordAt(this.#bytes, at, length) ?? this.#decoded(at, length))
      : this.#decoded(at, length);
  }

  #decoded(at: number, length: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      return this.#fail('a string is not UTF-8');
    }
  }

  #binary(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(length, depth);
    const items: unknown[] = [];
    for (let index = 0; index < length; index++) items.push(this.value(depth + 1));
    return items;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    this.#enter(length * 2, depth);
    const object: Record<string, unknown> = Object.create(null);
    for (let index = 0; index < length; index++) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') this.#fail('a map key is not a string');
      object[key as string] = this.value(depth + 1);
    }
    return object;
  }

  /** Each item takes a byte at least, so a declared count beyond what is left is a lie. */
  #enter(items: number, depth: number): void {
    if (depth >= this.#maxDepth) this.#fail(`nested deeper than ${this.#maxDepth}`);
    if (items > this.#bytes.length - this.#at)
      this.#fail(`${items} items declared, ${this.#bytes.length - this.#at} bytes left`);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) this.#fail(`${count} bytes wanted, ${this.#bytes.length - at} left`);
    this.#at = at + count;
    return at;
  }

  #fail(what: string): never {
    throw new MsgpackError(`MessagePack, byte ${this.#at}: ${what}`);
  }
}
