import { MsgpackError, readMsgpack } from '@auralis/shared/msgpack/reader';
import { Writer } from '@auralis/shared/msgpack/writer';
import { describe, expect, test } from '@jest/globals';
import { decode, ExtensionCodec, encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { Packr } from 'msgpackr';

const seed = Number(process.env.SEED ?? 20_260_102);
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'number' });

const write = (value: unknown): Uint8Array => {
  const writer = new Writer(1);
  writer.value(value);
  return writer.copy();
};
const bytes = (...values: number[]) => Uint8Array.from(values);

/** `expect().toThrow` for loops of many thousands: it formats a stack each time. */
const refuses = (message: Uint8Array): boolean => {
  try {
    readMsgpack(message);
    return false;
  } catch (error) {
    if (!(error instanceof MsgpackError)) throw error;
    return true;
  }
};

/** Plain objects and arrays instead of the reader's objects without a prototype and views. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
};

const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -32, -33, -128, -129, -32_768),
  fc.constantFrom(-32_769, -(2 ** 31), -(2 ** 31) - 1, Infinity, -Infinity),
);
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 20, maxLength: 300 }));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 5, withCrossShrink: true }, tie('leaf'), tie('list'), tie('map')),
  leaf: fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.uint8Array({ maxLength: 300 })),
  list: fc.array(tie('tree'), { maxLength: 20 }),
  // The libraries refuse or rename `__proto__`; what we do with it has a test of its own.
  map: fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    tie('tree'),
    { maxKeys: 20 },
  ),
}));

describe('what the writer writes', () => {
  test('is what it was, to our reader and to two libraries', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const written = write(value);
        const wanted = plain(value);
        expect(plain(readMsgpack(written))).toEqual(wanted);
        expect(plain(decode(written))).toEqual(wanted);
        expect(plain(packr.unpack(written))).toEqual(wanted);
      }),
      { seed, numRuns: 500 },
    );
  });

  test('is as short as a library makes it, for integers from −2^31 to 2^32 − 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }), (value) => {
        expect(write(value)).toEqual(encode(value));
      }),
      { seed },
    );
    for (const value of [
      0,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      -1,
      -32,
      -33,
      -128,
      -129,
      -32_768,
      -32_769,
    ])
      expect(write(value)).toEqual(encode(value));
  });

  test.each([15, 16, 31, 32, 255, 256, 65_535, 65_536])(
    'survives a length of %d, of each kind that has one',
    (length) => {
      const list = Array.from({ length }, (_, index) => index & 0x7f);
      const map = Object.fromEntries(list.map((_, index) => [`k${index}`, index]));
      for (const value of ['a'.repeat(length), 'ü'.repeat(length), list, Uint8Array.from(list), map]) {
        const written = write(value);
        expect(plain(readMsgpack(written)) as unknown).toEqual(value);
        expect(plain(decode(written)) as unknown).toEqual(value);
      }
    },
  );

  test('has U+FFFD in the place of a lone surrogate', () => {
    for (const [given, wanted] of [
      ['\ud800', '\ufffd'],
      ['a\udc00b', 'a\ufffdb'],
      ['\ud83d\ud83d\ude00', '\ufffd😀'],
      [`${'x'.repeat(31)}\udfff`, `${'x'.repeat(31)}\ufffd`],
    ] as const) {
      expect(readMsgpack(write(given))).toBe(wanted);
      expect(decode(write(given))).toBe(wanted);
    }
  });

  test('keeps −0 and leaves out what is undefined in a map', () => {
    expect(Object.is(readMsgpack(write(-0)), -0)).toBe(true);
    expect(plain(readMsgpack(write({ a: undefined, b: 1 })))).toEqual({ b: 1 });
    expect(() => write(() => 1)).toThrow(TypeError);
  });

  test('in one writer used again is not mixed up with what was there before', () => {
    const writer = new Writer(4);
    writer.value('a long first message that makes the buffer grow');
    writer.reset();
    writer.value([1]);
    expect(writer.written()).toEqual(bytes(0x91, 1));
    expect(writer.length).toBe(2);
  });
});

describe('the reader', () => {
  test('reads what two libraries write', () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(plain(readMsgpack(encode(value)))).toEqual(plain(decode(encode(value))));
        expect(plain(readMsgpack(packr.pack(value)))).toEqual(plain(packr.unpack(packr.pack(value))));
      }),
      { seed, numRuns: 500 },
    );
  });

  test('reads integers and floats of every width', () => {
    expect(readMsgpack(bytes(0xcf, 0, 0, 0, 0, 0, 0, 0, 5))).toBe(5);
    expect(readMsgpack(bytes(0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toBe(2 ** 53 - 1);
    expect(readMsgpack(bytes(0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe))).toBe(-2);
    expect(readMsgpack(bytes(0xca, 0x3f, 0x80, 0, 0))).toBe(1);
    expect(readMsgpack(bytes(0xd2, 0xff, 0xff, 0xff, 0xff))).toBe(-1);
    expect(readMsgpack(bytes(0xda, 0, 1, 0x61))).toBe('a');
  });

  test('reads headers that are longer than they need to be', () => {
    const one = [0xa1, 0x78];
    const wide: [Uint8Array, unknown][] = [
      [bytes(0xd9, 1, 0x78), 'x'],
      [bytes(0xda, 0, 1, 0x78), 'x'],
      [bytes(0xdb, 0, 0, 0, 1, 0x78), 'x'],
      [bytes(0xdc, 0, 1, 7), [7]],
      [bytes(0xdd, 0, 0, 0, 1, 7), [7]],
      [bytes(0xde, 0, 1, ...one, 7), { x: 7 }],
      [bytes(0xdf, 0, 0, 0, 1, ...one, 7), { x: 7 }],
      [bytes(0xc5, 0, 1, 7), bytes(7)],
      [bytes(0xc6, 0, 0, 0, 1, 7), bytes(7)],
    ];
    for (const [message, value] of wide) expect(plain(readMsgpack(message))).toEqual(value);
  });

  test('gives `bin` as a view into the message', () => {
    const message = bytes(0xc4, 2, 7, 8);
    const view = readMsgpack(message) as Uint8Array;
    expect(view).toEqual(bytes(7, 8));
    expect(view.buffer).toBe(message.buffer);
    expect(readMsgpack(bytes(0, 0xc4, 1, 9).subarray(1))).toEqual(bytes(9));
  });

  test('keeps a byte order mark', () => {
    expect(readMsgpack(write('\ufeffkey'))).toBe('\ufeffkey');
  });

  test('refuses every truncation of a valid message, and one byte more', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const whole = write(value);
        for (let length = 0; length < Math.min(whole.length, 400); length++)
          if (!refuses(whole.subarray(0, length))) throw new Error(`the first ${length} bytes are taken for a message`);
        expect(refuses(Uint8Array.from([...whole, 0xc0]))).toBe(true);
      }),
      { seed, numRuns: 100 },
    );
  });

  test('makes of random bytes a value or a MsgpackError, and nothing else', () => {
    const coded = fc.array(fc.oneof(fc.integer({ min: 0x80, max: 0xdf }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 60,
    });
    let read = 0;
    fc.assert(
      fc.property(coded, (values) => {
        if (!refuses(Uint8Array.from(values))) read++;
      }),
      { seed, numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  test('believes no declared length: a giant one costs nothing', () => {
    const started = process.hrtime.bigint();
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 1_000; round++) {
      for (const code of [0xc6, 0xdb, 0xdd, 0xdf]) {
        expect(refuses(bytes(code, 0xff, 0xff, 0xff, 0xff))).toBe(true);
        expect(refuses(bytes(0x91, code, 0x7f, 0xff, 0xff, 0xff, 0))).toBe(true);
      }
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    expect(Number(process.hrtime.bigint() - started) / 1e9).toBeLessThan(5);
  });

  test('says what is wrong and where', () => {
    expect(() => readMsgpack(bytes(0xdd, 0xff, 0xff, 0xff, 0xff))).toThrow(
      'MessagePack, byte 5: 4294967295 items declared, 0 bytes left',
    );
    expect(() => readMsgpack(bytes())).toThrow('MessagePack, byte 0: 1 bytes wanted, 0 left');
  });

  test('stops at the depth it was given', () => {
    const nested = (depth: number) => Uint8Array.from([...Array<number>(depth).fill(0x91), 0xc0]);
    expect(readMsgpack(nested(8))).toEqual([[[[[[[[null]]]]]]]]);
    expect(() => readMsgpack(nested(9))).toThrow('nested deeper than 8');
    expect(() => readMsgpack(nested(1_000_000))).toThrow(MsgpackError);
    expect(readMsgpack(nested(2), 2)).toEqual([[null]]);
    expect(() => readMsgpack(bytes(0x81, 0xa1, 0x61, 0x91, 0xc0), 1)).toThrow('nested deeper than 1');
  });

  test('takes `__proto__` for a key like any other', () => {
    const read = readMsgpack(bytes(0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x61, 1)) as object;
    expect(Object.getPrototypeOf(read)).toBeNull();
    expect(Object.keys(read)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
    expect('constructor' in (readMsgpack(bytes(0x80)) as object)).toBe(false);
  });

  test('refuses extensions, records, and the byte that is no type', () => {
    expect(() => readMsgpack(encode(new Date()))).toThrow('is an extension or no type');
    const codec = new ExtensionCodec();
    codec.register({ type: 1, encode: () => bytes(1, 2, 3), decode: () => null });
    expect(() => readMsgpack(encode(/x/, { extensionCodec: codec }))).toThrow(MsgpackError);
    for (const code of [0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8])
      expect(() => readMsgpack(Uint8Array.from([code, ...Array<number>(40).fill(0)]))).toThrow(MsgpackError);
    expect(() => readMsgpack(new Packr({ useRecords: true }).pack({ a: 1, b: 2 }))).toThrow(MsgpackError);
  });

  test('refuses keys that are no strings and strings that are no UTF-8', () => {
    expect(() => readMsgpack(bytes(0x81, 1, 1))).toThrow('a map key is not a string');
    expect(() => readMsgpack(bytes(0x81, 0x90, 1))).toThrow('a map key is not a string');
    expect(() => readMsgpack(bytes(0xa1, 0xff))).toThrow('a string is not UTF-8');
    expect(() => readMsgpack(bytes(0xa3, 0xed, 0xa0, 0x80))).toThrow('a string is not UTF-8');
  });
});
