import { MsgpackFrameSink } from '@auralis/shared/frame-sink';
import { decodeResponse, encodeResponse, LiveProtocolError, type Wire } from '@auralis/shared/live-codec';
import type { Frame, Response } from '@auralis/shared/messages';
import { MsgpackError } from '@auralis/shared/msgpack/reader';
import { describe, expect, test } from '@jest/globals';
import { decode, encode } from '@msgpack/msgpack';

type Simple = Parameters<typeof encodeResponse>[0];

const CHANNEL = 0xabcdef01;

const responses: Simple[] = [
  {
    kind: 'welcome',
    welcome: {
      hub: 'hub@1',
      version: '0.1.0',
      now: 1_700_000_000_000.5,
      tables: { hosts: { attributes: [], columns: [250] } },
      catalogue: [
        {
          id: 250,
          table: 'hosts',
          name: 'cpu_percent',
          unit: '%',
          scale: 1,
          worse: null,
          alert: { max: 90 },
          help: 'CPU – of the host',
        },
      ],
    },
  },
  { kind: 'subscribed', sub: 7, channel: 1, columns: [1, 200, 70_000], attributes: ['stream'] },
  { kind: 'error', sub: null, code: 'bad_message', message: 'not JSON' },
  { kind: 'error', sub: 7, code: 'unknown_topic', message: 'ü' },
  { kind: 'pong', t: -1.5, now: 1_700_000_000_000 },
  { kind: 'gone', channel: CHANNEL, source: 'hub@1' },
  { kind: 'behind', channel: CHANNEL, skipped: 40, behindMs: 4000 },
];

describe.each(['msgpack', 'json'] as const)('in %s', (form) => {
  test.each(responses)('a response is read as it was written: $kind', (response) => {
    expect(decodeResponse(encodeResponse(response, form))).toEqual(response);
  });

  test('what is undefined is left out', () => {
    const sent = encodeResponse({ kind: 'pong', t: 1, now: 2 }, form);
    expect(typeof sent === 'string' ? JSON.parse(sent) : decode(sent)).toEqual([21, 1, 2]);
  });
});

test.each(responses.filter(({ kind }) => kind === 'gone' || kind === 'behind'))(
  'a gateway finds the channel of $kind at byte 2, as five bytes, however small it is',
  (response) => {
    for (const channel of [0, 1, CHANNEL]) {
      const wire = encodeResponse({ ...response, channel } as Simple, 'msgpack') as Uint8Array;
      expect(wire[2]).toBe(0xce);
      expect(new DataView(wire.buffer, wire.byteOffset).getUint32(3)).toBe(channel);
    }
  },
);

test('a gateway finds the channel of a frame at byte 2 too, and rewrites it there', () => {
  const sink = new MsgpackFrameSink();
  for (const opcode of [18, 19] as const) {
    sink.begin({ opcode, channel: 1, source: 'hub@1', seq: 2, t: 3, total: 0 });
    if (opcode === 19) sink.removed(new Uint32Array(), 0);
    sink.rows(0);
    sink.end();
    const wire = sink.writer.copy();
    expect(wire[2]).toBe(0xce);
    new DataView(wire.buffer).setUint32(3, CHANNEL);
    expect(decodeResponse(wire)).toMatchObject({ channel: CHANNEL, source: 'hub@1', seq: 2, t: 3, columns: [] });
  }
});

describe('what comes from a hub', () => {
  const columns = (...packed: unknown[]) =>
    (decodeResponse(encode([18, 1, 's', 1, 0, 0, [], packed])) as Frame).columns;
  const bytes = (...values: number[]) => Uint8Array.from(values);

  test('has integers of any width, as other encoders write them', () => {
    const frame = decodeResponse(encode([19, 1, 's', 2, 3, 4, [5], [[5, 'k', ['a']]], []]));
    expect(frame).toMatchObject({ kind: 'delta', seq: 2, t: 3, removed: [5], added: [{ slot: 5, key: 'k' }] });
  });

  test('has `true` for the slots of the column before, whatever those were', () => {
    const packed = columns(
      [1, bytes(1, 0, 2, 0), 0, bytes(7, 8)],
      [2, true, 0, bytes(1, 2)],
      [3, true, 0, bytes(3, 4)],
      [4, null, 0, bytes(5)],
      [5, true, 0, bytes(6)],
    );
    const slots = packed.map((column) => (column.slots === null ? null : Array.from(column.slots)));
    expect(slots).toEqual([[1, 2], [1, 2], [1, 2], null, null]);
  });

  test('has values of four types, slots of two, and missing in each', () => {
    const packed = columns(
      [1, bytes(1, 0, 2, 0), 0, bytes(0x80, 0x81)],
      [2, bytes(1, 0, 0, 0), 1 + 4, bytes(0x01, 0x80)],
      [3, bytes(0xff, 0xff, 0xff, 0x7f), 1 + 4, bytes(0x00, 0x80)],
      [4, null, 2, bytes(0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0x7f)],
      [5, null, 3, bytes(0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0xc0)],
    );
    expect(packed.map((column) => Array.from(column.values))).toEqual([
      [Number.NaN, -127],
      [-32_767],
      [Number.NaN],
      [Number.NaN, 0x7fff_ffff],
      [Number.NaN, -2],
    ]);
    expect(Array.from(packed[2]?.slots ?? [])).toEqual([0x7fff_ffff]);
  });

  const unreadable: [wire: Wire, error: new (...of: never[]) => Error][] = [
    ['{', SyntaxError],
    ['{}', LiveProtocolError],
    ['[]', LiveProtocolError],
    ['[99]', LiveProtocolError],
    ['[1, 2]', LiveProtocolError],
    [encode(7), LiveProtocolError],
    [encode([24]), LiveProtocolError],
    [Uint8Array.of(0x92, 0x12), MsgpackError],
    [Uint8Array.of(), MsgpackError],
  ];
  test.each(unreadable)('and cannot be read is an error: %j', (wire, error) => {
    expect(() => decodeResponse(wire)).toThrow(error);
  });

  test('is told apart by its opcode', () => {
    const kinds = responses.map((response): Response['kind'] => decodeResponse(encodeResponse(response, 'json')).kind);
    expect(kinds).toEqual(responses.map(({ kind }) => kind));
  });
});
