import { DecodeError, decodeMessage, decodeRecords, MAX_MESSAGE_NODES, MAX_RECORD_NODES } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';

/** All that `decodeRecords` makes of a body, and in how many steps. */
function records(wire: string | Uint8Array, most = 1000): { found: unknown; steps: number } {
  const each = decodeRecords(wire, most);
  for (let steps = 0; ; steps++) {
    const step = each.next();
    if (step.done === true) return { found: step.value, steps };
  }
}

const forms: readonly [string, (value: unknown) => string | Uint8Array][] = [
  ['JSON', (value) => JSON.stringify(value)],
  ['MessagePack', (value) => encode(value)],
];

const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

describe.each(forms)('%s of strangers', (form, wire) => {
  test('is refused when it is nested deeper than eight', () => {
    expect(decodeMessage(wire(nested(8)))).toEqual(nested(8));
    expect(() => decodeMessage(wire(nested(9)))).toThrow(
      /^(JSON, character 8|MessagePack, byte 9): nested deeper than 8$/,
    );
    expect(records(wire(nested(8))).found).toEqual(nested(8));
    expect(() => records(wire(nested(9)))).toThrow('nested deeper than 8');
    expect(() => records(wire({ a: nested(8) }))).toThrow('nested deeper than 8');
  });

  test('is refused when one message has more values than any message needs', () => {
    const list = new Array(MAX_MESSAGE_NODES - 1).fill(0);
    expect(decodeMessage(wire(list))).toEqual(list);
    expect(() => decodeMessage(wire([...list, 0, 0]))).toThrow(`more than ${MAX_MESSAGE_NODES} values`);
    const maps = new Array(MAX_MESSAGE_NODES).fill({});
    expect(() => decodeMessage(wire(maps))).toThrow(`more than ${MAX_MESSAGE_NODES} values`);
  });

  test('is refused when one record has more values than any record needs', () => {
    const record = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`k${at}`, at]));
    const many = new Array(1000).fill(record);
    expect(records(wire(many))).toEqual({ found: many, steps: 1000 });
    const large = Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`k${at}`, at]));
    for (const body of [large, [large], [record, large]])
      expect(() => records(wire(body))).toThrow(`more than ${MAX_RECORD_NODES} values`);
  });

  test('reading ends behind the first record too many, whatever follows', () => {
    const million =
      form === 'JSON'
        ? `[${'{},'.repeat(500_000)}`
        : Uint8Array.from([0xdd, 0, 7, 0, 0, ...new Array(458_752).fill(0x80)]);
    const { found, steps } = records(million, 1000);
    expect([(found as unknown[]).length, steps]).toEqual([1001, 1000]);
  });

  test('records are what the whole body would be', () => {
    for (const body of [
      [],
      {},
      [{}],
      [1, 'a', null, [], {}],
      'text',
      null,
      5,
      [[1], [2]],
      [{ a: '[,"]' }, '"\\', '\\"'],
    ])
      expect(records(wire(body)).found).toEqual(body);
  });
});

test('MessagePack declares no more than it carries', () => {
  expect(() => records(Uint8Array.from([0xdd, 0xff, 0xff, 0xff, 0xff, 1]))).toThrow('4294967295 items declared');
  expect(() => records(Uint8Array.of())).toThrow(DecodeError);
  expect(() => records(Uint8Array.of(0x91, 1, 2))).toThrow('1 bytes after the value');
});

test.each([
  '',
  ' ',
  '[',
  '[1',
  '[1,]',
  '[,1]',
  '[1}',
  '{1]',
  '[{]}]',
  '[1] 2',
  '[1]]',
  '["a]',
  '["\\"]',
  '[\n,\n]',
  '1 2',
  'nul',
])('text that is no JSON is refused: %s', (text) => {
  expect(() => records(text)).toThrow('not JSON');
  expect(() => decodeMessage(text)).toThrow('not JSON');
});

test('any text is read as JSON.parse reads it, or refused', () => {
  const piece = fc.constantFrom('[', ']', '{', '}', ',', ':', '"', '\\', '1', ' ', 'null', '"a"', '"a":');
  const text = fc.oneof(
    fc.json({ maxDepth: 5 }),
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (given) => {
      const outcome = (read: () => unknown) => {
        try {
          return JSON.stringify(read());
        } catch {
          return 'refused';
        }
      };
      const wanted = outcome(() => JSON.parse(given));
      expect(outcome(() => decodeMessage(given))).toBe(wanted);
      expect(outcome(() => records(given).found)).toBe(wanted);
    }),
    { numRuns: 2000 },
  );
});
