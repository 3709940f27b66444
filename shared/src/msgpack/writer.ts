/**
 * Writes MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) into one buffer that grows and is used
 * again: after the first frames of a kind, writing allocates nothing. Standard types only, no extensions.
 */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  /** Return the bytes as a view, valid until the next `reset`. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Return a copy of the bytes. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  nil(): void {
    this.byte(0xc0);
  }

  bool(value: boolean): void {
    this.byte(value ? 0xc3 : 0xc2);
  }

  /** An integer in its shortest form; anything else as float64. */
  number(value: number): void {
    if (!Number.isInteger(value) || Object.is(value, -0)) this.float64(value);
    else if (value >= 0) this.#unsigned(value);
    else this.#negative(value);
  }

  float64(value: number): void {
    const at = this.#take(9);
    this.#bytes[at] = 0xcb;
    this.#view.setFloat64(at + 1, value);
  }

  /** Always five bytes, so that the number can be rewritten in place. */
  uint32(value: number): void {
    const at = this.#take(5);
    this.#bytes[at] = 0xce;
    this.#view.setUint32(at + 1, value);
  }

  string(text: string): void {
    const length = utf8Length(text);
    let at: number;
    if (length < 32) {
      at = this.#take(1 + length);
      this.#bytes[at++] = 0xa0 | length;
    } else if (length < 256) {
      at = this.#take(2 + length);
      this.#bytes[at++] = 0xd9;
      this.#bytes[at++] = length;
    } else {
      at = this.#take(5 + length);
      this.#bytes[at] = 0xdb;
      this.#view.setUint32(at + 1, length);
      at += 5;
    }
    if (length === text.length)
      for (let index = 0; index < length; index++) this.#bytes[at + index] = text.charCodeAt(index);
    else utf8.encodeInto(text, this.#bytes.subarray(at));
  }

  binary(bytes: Uint8Array | Int8Array): void {
    const at = this.binaryHeader(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Header of a `bin` of `length` bytes, and room for them: returns where they go. See `view`. */
  binaryHeader(length: number): number {
    if (length < 256) {
      const at = this.#take(2 + length);
      this.#bytes[at] = 0xc4;
      this.#bytes[at + 1] = length;
      return at + 2;
    }
    if (length < 65_536) {
      const at = this.#take(3 + length);
      this.#bytes[at] = 0xc5;
      this.#view.setUint16(at + 1, length);
      return at + 3;
    }
    const at = this.#take(5 + length);
    this.#bytes[at] = 0xc6;
    this.#view.setUint32(at + 1, length);
    return at + 5;
  }

  /**
   * For writing packed values where `binaryHeader` made room; another one after each call that may have grown the
   * buffer.
   */
  get view(): DataView {
    return this.#view;
  }

  /** As `view`, byte by byte. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  array(length: number): void {
    if (length < 16) this.byte(0x90 | length);
    else this.#sized(0xdc, length);
  }

  map(length: number): void {
    if (length < 16) this.byte(0x80 | length);
    else this.#sized(0xde, length);
  }

  /** Header of an array whose length is not known yet: `patchArray32` sets it. Returns its place. */
  array32(): number {
    const at = this.#take(5);
    this.#bytes[at] = 0xdd;
    return at;
  }

  patchArray32(at: number, length: number): void {
    this.#view.setUint32(at + 1, length);
  }

  byte(value: number): void {
    const at = this.#take(1);
    this.#bytes[at] = value;
  }

  /** Any value of JSON's shapes, `Uint8Array` as `bin`. For messages off the hot path. */
  value(value: unknown): void {
    if (value === null || value === undefined) this.nil();
    else if (typeof value === 'boolean') this.bool(value);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'string') this.string(value);
    else if (value instanceof Uint8Array) this.binary(value);
    else if (Array.isArray(value)) {
      this.array(value.length);
      for (const item of value) this.value(item);
    } else if (typeof value === 'object') {
      const entries = Object.entries(value).filter(([, item]) => item !== undefined);
      this.map(entries.length);
      for (const [key, item] of entries) {
        this.string(key);
        this.value(item);
      }
    } else throw new TypeError(`MessagePack has no type for a ${typeof value}`);
  }

  #unsigned(value: number): void {
    if (value < 0x80) this.byte(value);
    else if (value < 0x100) {
      const at = this.#take(2);
      this.#bytes[at] = 0xcc;
      this.#bytes[at + 1] = value;
    } else if (value < 0x1_0000) {
      const at = this.#take(3);
      this.#bytes[at] = 0xcd;
      this.#view.setUint16(at + 1, value);
    } else if (value < 0x1_0000_0000) this.uint32(value);
    else this.float64(value);
  }

  #negative(value: number): void {
    if (value >= -32) this.byte(value & 0xff);
    else if (value >= -0x80) {
      const at = this.#take(2);
      this.#bytes[at] = 0xd0;
      this.#view.setInt8(at + 1, value);
    } else if (value >= -0x8000) {
      const at = this.#take(3);
      this.#bytes[at] = 0xd1;
      this.#view.setInt16(at + 1, value);
    } else if (value >= -0x8000_0000) {
      const at = this.#take(5);
      this.#bytes[at] = 0xd2;
      this.#view.setInt32(at + 1, value);
    } else this.float64(value);
  }

  /** `code` for a 16-bit length, `code + 1` for a 32-bit one. */
  #sized(code: number, length: number): void {
    if (length < 0x1_0000) {
      const at = this.#take(3);
      this.#bytes[at] = code;
      this.#view.setUint16(at + 1, length);
    } else {
      const at = this.#take(5);
      this.#bytes[at] = code + 1;
      this.#view.setUint32(at + 1, length);
    }
  }

  #take(count: number): number {
    const at = this.#length;
    const end = at + count;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = end;
    return at;
  }
}

const utf8 = new TextEncoder();

/** Bytes of `text` in UTF-8; equal to its length where it is ASCII. A lone surrogate becomes U+FFFD, three bytes. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else {
      length += 2;
      // A surrogate pair is two units and four bytes.
      if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) index++;
    }
  }
  return length;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
