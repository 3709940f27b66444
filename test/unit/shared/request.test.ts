import type { ErrorCode } from '@auralis/shared/codes';
import { encodeRequest } from '@auralis/shared/live-codec';
import type { Request } from '@auralis/shared/messages';
import { decodeRequest, RequestError } from '@auralis/shared/request';
import { describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';

const FORMS = ['msgpack', 'json'] as const;

const subscribe = (options: Extract<Request, { kind: 'subscribe' }>['options']): Request => ({
  kind: 'subscribe',
  sub: 7,
  topic: 'connections/main',
  intervalMs: 250,
  options,
});

const requests: Request[] = [
  subscribe({}),
  subscribe({ ack: true, columns: ['rtt_ms', 'chunks_sent'] }),
  subscribe({
    ack: false,
    columns: [],
    view: {
      sort: 'rtt_ms',
      desc: true,
      offset: 0,
      limit: 50,
      where: [
        ['stream', '=', 'main'],
        ['rtt_ms', '>=', 99.5],
      ],
    },
  }),
  ...(['=', '!=', '<', '<=', '>', '>=', 'contains'] as const).map((op) =>
    subscribe({ view: { where: [['a', op, 1]] } }),
  ),
  { kind: 'unsubscribe', sub: 0 },
  { kind: 'resync', sub: 4_294_967_295, source: null },
  { kind: 'resync', sub: 1, source: 'hub@1' },
  { kind: 'ping', t: 1_700_000_000_000.5 },
  { kind: 'ping', t: -1 },
  { kind: 'ack', channel: 4_294_967_295, source: 'hub@1', seq: 70_000 },
];

describe.each(FORMS)('in %s', (form) => {
  test.each(requests)('a request is read as it was written: %j', (request) => {
    expect(decodeRequest(encodeRequest(request, form))).toEqual(request);
  });

  const wire = (message: unknown) => (form === 'json' ? JSON.stringify(message) : encode(message));

  const refused: [message: unknown, code: ErrorCode, text: string, sub?: number][] = [
    [{}, 'bad_message', 'a message is [opcode, …], not a map'],
    [7, 'bad_message', 'a message is [opcode, …], not 7'],
    [null, 'bad_message', 'a message is [opcode, …], not null'],
    [[], 'bad_message', 'opcode is one of 1, 2, 3, 4, 5, not undefined'],
    [[99], 'bad_message', 'opcode is one of 1, 2, 3, 4, 5, not 99'],
    [['1'], 'bad_message', 'opcode is one of 1, 2, 3, 4, 5, not "1"'],
    [[16, {}], 'bad_message', 'opcode is one of 1, 2, 3, 4, 5, not 16'],
    [[1], 'bad_value', 'sub: a whole number from 0 to 4294967295, not undefined'],
    [[1, -1, 'hubs', 100], 'bad_value', 'sub: a whole number from 0 to 4294967295, not -1'],
    [[1, 1.5, 'hubs', 100], 'bad_value', 'sub: a whole number from 0 to 4294967295, not 1.5'],
    [[1, 2 ** 32, 'hubs', 100], 'bad_value', 'sub: a whole number from 0 to 4294967295, not 4294967296'],
    [[1, '7', 'hubs', 100], 'bad_value', 'sub: a whole number from 0 to 4294967295, not "7"'],
    [[1, 7, 'hubs', 300], 'bad_interval', 'intervalMs is one of 100, 250, 1000, 5000, not 300', 7],
    [[1, 7, 'hubs', '100'], 'bad_interval', 'intervalMs is one of 100, 250, 1000, 5000, not "100"', 7],
    [[1, 7, 'hubs'], 'bad_interval', 'intervalMs is one of 100, 250, 1000, 5000, not undefined', 7],
    [[1, 7, null, 100], 'bad_value', 'topic: text, not null', 7],
    [[1, 7, ['hubs'], 100], 'bad_value', 'topic: text, not a list', 7],
    [[1, 7, 'hubs', 100, 'all'], 'bad_value', 'options: a map, not "all"', 7],
    [[1, 7, 'hubs', 100, []], 'bad_value', 'options: a map, not a list', 7],
    [[1, 7, 'hubs', 100, { columns: 'rtt_ms' }], 'bad_value', 'columns: a list, not "rtt_ms"', 7],
    [[1, 7, 'hubs', 100, { columns: [9] }], 'bad_value', 'columns: text, not 9', 7],
    [[1, 7, 'hubs', 100, { ack: 1 }], 'bad_value', 'ack: true or false, not 1', 7],
    [[1, 7, 'hubs', 100, { view: 3 }], 'bad_value', 'view: a map, not 3', 7],
    [[1, 7, 'hubs', 100, { view: { sort: 3 } }], 'bad_value', 'view.sort: text, not 3', 7],
    [[1, 7, 'hubs', 100, { view: { desc: 'yes' } }], 'bad_value', 'view.desc: true or false, not "yes"', 7],
    [
      [1, 7, 'hubs', 100, { view: { offset: -1 } }],
      'bad_value',
      'view.offset: a whole number from 0 to 4294967295, not -1',
      7,
    ],
    [
      [1, 7, 'hubs', 100, { view: { limit: 0.5 } }],
      'bad_value',
      'view.limit: a whole number from 0 to 4294967295, not 0.5',
      7,
    ],
    [[1, 7, 'hubs', 100, { view: { where: 'a' } }], 'bad_value', 'view.where: a list, not "a"', 7],
    [[1, 7, 'hubs', 100, { view: { where: ['a'] } }], 'bad_value', 'view.where: a list, not "a"', 7],
    [
      [1, 7, 'hubs', 100, { view: { where: [['a', '=']] } }],
      'bad_value',
      'view.where: [name, operator, value], not "2 items"',
      7,
    ],
    [
      [1, 7, 'hubs', 100, { view: { where: [['a', '=', 1, 2]] } }],
      'bad_value',
      'view.where: [name, operator, value], not "4 items"',
      7,
    ],
    [
      [1, 7, 'hubs', 100, { view: { where: [['a', '~', 1]] } }],
      'bad_value',
      'view.where: an operator of = != < <= > >= contains, not "~"',
      7,
    ],
    [
      [1, 7, 'hubs', 100, { view: { where: [['a', '=', true]] } }],
      'bad_value',
      'view.where: compared with text or a number, not true',
      7,
    ],
    [[1, 7, 'hubs', 100, { view: { where: [[1, '=', 1]] } }], 'bad_value', 'view.where: text, not 1', 7],
    [[2, {}], 'bad_value', 'sub: a whole number from 0 to 4294967295, not a map'],
    [[3, 1, 5], 'bad_value', 'source: text, not 5'],
    [[4], 'bad_value', 't: a number, not undefined'],
    [[4, 'now'], 'bad_value', 't: a number, not "now"'],
    [[5, 1, null, 3], 'bad_value', 'source: text, not null'],
    [[5, 1, 'hub@1'], 'bad_value', 'seq: a whole number from 0 to 4294967295, not undefined'],
    [[5, -1, 'hub@1', 1], 'bad_value', 'channel: a whole number from 0 to 4294967295, not -1'],
  ];

  const rows = refused.map(([message, code, text, sub]) => ({ message, code, text, sub: sub ?? null }));
  test.each(rows)('$message is refused', ({ message, code, text, sub }) => {
    const error = refusal(() => decodeRequest(wire(message)));
    expect([error.code, error.message, error.sub]).toEqual([code, text, sub]);
  });

  test('unknown options are let be, and nothing of an object’s prototype is taken for one', () => {
    const message = [1, 7, 'hubs', 100, { constructor: 1, later: [], toString: 'x' }];
    expect(decodeRequest(wire(message))).toEqual({ ...subscribe({}), topic: 'hubs', intervalMs: 100 });
    const options = form === 'json' ? '[1,7,"hubs",100,{"__proto__":{"ack":true}}]' : protoMessage();
    expect(decodeRequest(options)).toEqual({ ...subscribe({}), topic: 'hubs', intervalMs: 100 });
  });

  test('a long text is not given back whole', () => {
    const error = refusal(() => decodeRequest(wire([4, 'x'.repeat(10_000)])));
    expect(error.message).toBe(`t: a number, not "${'x'.repeat(40)}…"`);
  });
});

test('NaN and infinities, which MessagePack can say, are no numbers', () => {
  for (const value of [Number.NaN, Infinity, -Infinity]) {
    expect(refusal(() => decodeRequest(encode([4, value]))).code).toBe('bad_value');
    expect(refusal(() => decodeRequest(encode([2, value]))).code).toBe('bad_value');
    const where = [1, 7, 'hubs', 100, { view: { where: [['a', '<', value]] } }];
    expect(refusal(() => decodeRequest(encode(where))).message).toContain('compared with text or a number');
  }
  const minusZero = decodeRequest(Uint8Array.of(0x92, 2, 0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0));
  expect(minusZero.kind === 'unsubscribe' && Object.is(minusZero.sub, 0)).toBe(true);
});

test('what is no MessagePack or no JSON is a bad message', () => {
  expect(refusal(() => decodeRequest('{')).message).toBe('not JSON');
  expect(refusal(() => decodeRequest('')).code).toBe('bad_message');
  expect(refusal(() => decodeRequest(new Uint8Array())).message).toBe('MessagePack, byte 0: 1 bytes wanted, 0 left');
  expect(refusal(() => decodeRequest(Uint8Array.of(0xd4, 0x72, 0x40))).code).toBe('bad_message');
});

test('noise is a request or a RequestError, and nothing else', () => {
  const opcode = fc.integer({ min: 1, max: 5 });
  const noisy = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 64 }),
    fc.json(),
    fc
      .tuple(opcode, fc.array(fc.anything({ withBigInt: false })))
      .map(([first, rest]) => JSON.stringify([first, ...rest])),
    fc.tuple(opcode, fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), fc.jsonValue()).map((message) => encode(message)),
  );
  fc.assert(
    fc.property(noisy, (wire) => {
      try {
        expect(decodeRequest(wire)).toHaveProperty('kind');
      } catch (error) {
        expect(error).toBeInstanceOf(RequestError);
      }
    }),
    { seed: Number(process.env.SEED ?? 20_260_104), numRuns: 3_000 },
  );
});

function refusal(act: () => unknown): RequestError {
  try {
    act();
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

/** `[1, 7, 'hubs', 100, {'__proto__': {'ack': true}}]`, which no library wants to write. */
function protoMessage(): Uint8Array {
  const text = (value: string) => [0xa0 | value.length, ...Buffer.from(value)];
  return Uint8Array.from([0x95, 1, 7, ...text('hubs'), 100, 0x81, ...text('__proto__'), 0x81, ...text('ack'), 0xc3]);
}
