import { Refusal } from '@auralis/server/check/refusal';
import { ListenerMessages } from '@auralis/server/ingest/listener-message';
import { CONNECTION, createTables } from '@auralis/server/state/tables';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';

const messages = new ListenerMessages();
const { report } = messages;
const text = (message: unknown) => Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
const metrics = (fields: object) => text({ type: 'client_metrics', metrics: fields });

function refusalOf(data: Uint8Array, isBinary = false): Refusal {
  try {
    messages.read(data, isBinary);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was taken');
}

let table: ReturnType<typeof createTables>['connections'];
let slot: number;
beforeEach(() => {
  table = createTables().connections;
  slot = table.open('c');
});
const get = (column: keyof typeof CONNECTION) => table.get(slot, CONNECTION[column]);

describe('what is taken', () => {
  const spec = { chunksReceived: 7, chunkErrors: 1, bufferUnderruns: 2, avgLatencyMs: 45.26, errorRate: 1 / 7 };

  test.each([
    ['text', metrics(spec), false],
    ['MessagePack', encode({ type: 'client_metrics', metrics: spec }), true],
  ])('the spec’s five, as %s', (_, data, isBinary) => {
    expect(messages.read(data, isBinary)).toEqual({ type: 'client_metrics' });
    report.writeTo(table, slot);
    expect([get('chunks_received'), get('chunk_errors'), get('buffer_underruns')]).toEqual([7, 1, 2]);
    expect([get('latency_ms'), get('error_rate'), get('clock')]).toEqual([45.3, 0.1429, 0]);
    expect(get('buffer_depth_ms')).toBeNaN();
  });

  test('null clears a reading, and what is not mentioned stays', () => {
    messages.read(metrics({ bufferDepthMs: 300, jitterMs: 4 }), false);
    report.writeTo(table, slot);
    messages.read(metrics({ bufferDepthMs: null }), false);
    report.writeTo(table, slot);
    expect([get('buffer_depth_ms'), get('jitter_ms')]).toEqual([Number.NaN, 4]);
  });

  test.each([
    ['a clock 15 s slow', { avgLatencyMs: -14_960, clockErrorMs: 5 }, -14_960, 0],
    ['a clock that is years off', { avgLatencyMs: 1e12, clockErrorMs: 5 }, 1e12, 0],
    ['a number no cell can hold', { avgLatencyMs: 1e300 }, Number.NaN, 0],
    ['a client that knows its clock', { avgLatencyMs: 40, clockErrorMs: 5 }, 40, 1],
    ['a latency below zero within the clock’s error', { avgLatencyMs: -3, clockErrorMs: 5 }, -3, 1],
    [
      'a client that bounds its clock’s error by a day',
      { avgLatencyMs: -80_000_000, clockErrorMs: 86_400_000 },
      -80_000_000,
      0,
    ],
    ['a client whose clock’s error is negative', { avgLatencyMs: 40, clockErrorMs: -5 }, 40, 0],
    ['a latency of an hour', { avgLatencyMs: 3_600_000, clockErrorMs: 5 }, 3_600_000, 0],
    ['a client without a clock', { avgLatencyMs: 40 }, 40, 0],
  ])('%s', (_, fields, latency, clock) => {
    messages.read(metrics(fields), false);
    report.writeTo(table, slot);
    expect([get('latency_ms'), get('clock')]).toEqual([latency, clock]);
  });

  test.each([
    ['below nothing by more than the clock’s error', { avgLatencyMs: -5.2, clockErrorMs: 5 }, [0, 1]],
    ['below nothing by as much', { avgLatencyMs: -5, clockErrorMs: 5 }, [1, 0]],
    ['as old as the oldest chunk', { avgLatencyMs: 12_005, clockErrorMs: 5 }, [1, 0]],
    ['older than the oldest chunk', { avgLatencyMs: 12_005.2, clockErrorMs: 5 }, [0, 1]],
    ['impossible, without a clock that could tell', { avgLatencyMs: -15_000 }, [0, Number.NaN]],
    ['impossible, with an error of a clock that is none', { avgLatencyMs: -5, clockErrorMs: -5 }, [0, Number.NaN]],
    ['none', { avgLatencyMs: null, clockErrorMs: 5 }, [0, Number.NaN]],
  ])('a latency that is %s', (_, fields, marks) => {
    messages.read(metrics(fields), false);
    report.oldestChunkMs = 12_000;
    report.writeTo(table, slot);
    expect([get('clock'), get('latency_marked')]).toEqual(marks);
    expect(report.isLatencyImpossible).toBe(marks[1] === 1);
  });

  test('an error rate above 1 is taken and marked', () => {
    messages.read(metrics({ errorRate: 3 }), false);
    report.writeTo(table, slot);
    expect([get('error_rate'), get('error_rate_marked')]).toEqual([3, 1]);
  });

  test('unknown fields are ignored and counted, __proto__ among them', () => {
    messages.read(text('{"type":"client_metrics","metrics":{"__proto__":{"x":1},"volume":1,"lastSeq":9}}'), false);
    expect([report.ignored, report.lastSeq]).toEqual([2, 9]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test.each([
    ['text', false],
    ['MessagePack', true],
  ])('an unknown playback state in %s is missing and counted; the rest is taken', (_, isBinary) => {
    const message = {
      type: 'client_metrics',
      metrics: { chunksReceived: 5, playbackState: 'dancing', bufferDepthMs: 300 },
    };
    messages.read(isBinary ? encode(message) : text(message), isBinary);
    report.writeTo(table, slot);
    expect([report.ignored, get('chunks_received'), get('buffer_depth_ms')]).toEqual([1, 5, 300]);
    expect(get('playback_state')).toBeNaN();
  });

  test('clock_sync', () => {
    expect(messages.read(text({ type: 'clock_sync', t0: 12.5 }), false)).toEqual({
      type: 'clock_sync',
      t0: 12.5,
    });
  });
});

describe('what is refused', () => {
  test.each([
    ['no JSON', text('{"type":'), 'bad_message', 'JSON'],
    ['no map', text([1, 2]), 'bad_message', 'a list'],
    ['no type', text({ metrics: {} }), 'bad_message', 'undefined'],
    ['another type', text({ type: 'chat' }), 'bad_message', '"chat"'],
    ['metrics that are no map', text({ type: 'client_metrics', metrics: 5 }), 'bad_value', '5'],
    ['a count that is text', metrics({ chunksReceived: '7' }), 'bad_value', 'chunksReceived'],
    ['a negative count', metrics({ chunkErrors: -1 }), 'bad_value', 'chunkErrors'],
    ['a count with a fraction', metrics({ lastSeq: 1.5 }), 'bad_value', 'lastSeq'],
    ['more than a day', metrics({ bufferDepthMs: 86_400_001 }), 'bad_value', 'bufferDepthMs'],
    ['a negative rate', metrics({ errorRate: -0.1 }), 'bad_value', 'errorRate'],
    ['a flag that is a number', metrics({ hidden: 1 }), 'bad_value', 'hidden'],
    ['a playback state that is a number', metrics({ playbackState: 2 }), 'bad_value', 'playbackState'],
    ['a list for a number', metrics({ jitterMs: [1] }), 'bad_value', 'a list'],
    ['t0 that is no number', text({ type: 'clock_sync', t0: null }), 'bad_value', 't0'],
    ['a thousand nested arrays', text('['.repeat(1000) + ']'.repeat(1000)), 'bad_message', 'nested deeper than 8'],
  ])('%s', (_, data, code, part) => {
    const refusal = refusalOf(data);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(part);
  });

  test.each([
    ['noise', Uint8Array.from([0xc1, 0xff, 0x00])],
    ['an extension', Uint8Array.from([0xd4, 0x72, 0x40])],
    ['NaN for a count', encode({ type: 'client_metrics', metrics: { chunksReceived: Number.NaN } })],
    ['an infinite clock', encode({ type: 'client_metrics', metrics: { avgLatencyMs: Number.POSITIVE_INFINITY } })],
    ['NaN milliseconds', encode({ type: 'client_metrics', metrics: { jitterMs: Number.NaN } })],
  ])('binary: %s', (_, data) => {
    expect(['bad_message', 'bad_value']).toContain(refusalOf(data, true).code);
  });

  test('a report with one bad field is not taken in part', () => {
    refusalOf(metrics({ chunksReceived: 5, chunkErrors: 'x' }));
    // The caller writes a report only after it was read without a refusal.
    expect(get('chunks_received')).toBeNaN();
  });
});
