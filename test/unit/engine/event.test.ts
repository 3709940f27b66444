import { Refusal } from '@auralis/server/check/refusal';
import { EVENT_READER } from '@auralis/server/engine/event';
import { describe, expect, test } from '@jest/globals';

/** Code and message with which it is refused. */
function refusal(found: unknown): [string, string] {
  try {
    EVENT_READER.read(found);
  } catch (error) {
    if (error instanceof Refusal) return [error.code, error.message];
    throw error;
  }
  throw new Error(`${JSON.stringify(found)} was taken`);
}

const DAY = 86_400_000;

describe('an event is taken', () => {
  test.each<[object, object]>([
    [
      { type: 'synthesis_start', id: 7 },
      { type: 'synthesis_start', id: '7', at: null },
    ],
    [
      { type: 'synthesis_end', id: 'x', success: true, phraseDurationSec: 22 },
      {
        type: 'synthesis_end',
        id: 'x',
        at: null,
        latencyMs: null,
        success: true,
        phraseDurationSec: 22,
        peakAmplitudeDb: null,
        gpuMemoryMb: null,
      },
    ],
    [
      { type: 'synthesis', latencyMs: 0, success: false, phraseDurationSec: null, gpuMemoryMb: 0 },
      {
        type: 'synthesis',
        latencyMs: 0,
        success: false,
        phraseDurationSec: null,
        peakAmplitudeDb: null,
        gpuMemoryMb: 0,
      },
    ],
    [
      { type: 'phrase', generationMs: DAY, notes: 0, success: true },
      { type: 'phrase', generationMs: DAY, notes: 0, success: true },
    ],
    [
      { type: 'phrase', generationMs: 1, success: false },
      { type: 'phrase', generationMs: 1, notes: null, success: false },
    ],
    [
      { type: 'queue', depth: 0 },
      { type: 'queue', depth: 0 },
    ],
    [
      { type: 'buffer', depthMs: 333.3 },
      { type: 'buffer', depthMs: 333.3 },
    ],
    [
      { type: 'process', cpuPercent: 799, memoryMb: 0.5 },
      { type: 'process', cpuPercent: 799, memoryMb: 0.5 },
    ],
    [
      { type: 'chunks', sent: 2 ** 42, dropped: 0 },
      { type: 'chunks', sent: 2 ** 42, dropped: 0 },
    ],
    [
      { type: 'clients', active: 3 },
      { type: 'clients', active: 3 },
    ],
  ])('%j', (given, event) => expect(EVENT_READER.read(given)).toEqual({ record: event, ignored: 0 }));

  test('with fields that nobody knows, which are counted and left out', () => {
    const found = JSON.parse('{"type":"queue","depth":2,"__proto__":{"depth":9},"constructor":1}');
    expect(EVENT_READER.read(found)).toEqual({ record: { type: 'queue', depth: 2 }, ignored: 2 });
  });

  test('whose phrase was silent: −∞ dB', () => {
    const found = { type: 'synthesis', latencyMs: 1, success: true, phraseDurationSec: 1 };
    const { record: event } = EVENT_READER.read({ ...found, peakAmplitudeDb: Number.NEGATIVE_INFINITY });
    expect(event).toMatchObject({ peakAmplitudeDb: -200 });
  });
});

describe('an event is refused, and told why', () => {
  test.each([null, 7, 'queue', undefined, [{ type: 'queue', depth: 1 }], new Uint8Array(3)])('%p', (found) => {
    expect(refusal(found)).toEqual(['bad_message', expect.stringMatching(/^an event is a map with a type, not /)]);
  });

  test.each([{}, { type: 7 }, { type: 'toString' }, { type: '__proto__' }, { type: 'Queue' }])('%j', (found) => {
    expect(refusal(found)).toEqual(['bad_message', expect.stringMatching(/^type: one of synthesis_start, .*, not /)]);
  });

  test.each<[object, string]>([
    [{ type: 'synthesis_start' }, 'synthesis_start.id: a text of 1 to 128 characters or a whole number, not nothing'],
    [
      { type: 'synthesis_start', id: '' },
      'synthesis_start.id: a text of 1 to 128 characters or a whole number, not ""',
    ],
    [{ type: 'synthesis_start', id: 'x'.repeat(129) }, 'synthesis_start.id: '],
    [{ type: 'synthesis_start', id: 1.5 }, 'synthesis_start.id: '],
    [{ type: 'synthesis_start', id: 1, at: Number.NaN }, 'synthesis_start.at: a number of milliseconds'],
    [{ type: 'synthesis_end', id: 1, success: 1, phraseDurationSec: 2 }, 'synthesis_end.success: true or false, not 1'],
    [
      { type: 'synthesis_end', id: 1, success: true },
      'synthesis_end.phraseDurationSec: a number of seconds above 0, at most 86400, not nothing',
    ],
    [{ type: 'synthesis_end', id: 1, success: true, phraseDurationSec: null }, 'phraseDurationSec'],
    [{ type: 'synthesis', latencyMs: -1, success: false }, 'synthesis.latencyMs: a number of milliseconds, 0 to 864'],
    [{ type: 'synthesis', latencyMs: 1e308, success: false }, 'synthesis.latencyMs: '],
    [{ type: 'synthesis', latencyMs: '300', success: false }, 'not "300"'],
    [{ type: 'synthesis', latencyMs: 1, success: true, phraseDurationSec: 0 }, 'phraseDurationSec'],
    [{ type: 'synthesis', latencyMs: 1, success: false, peakAmplitudeDb: 101 }, 'at most 100, not 101'],
    [{ type: 'synthesis', latencyMs: 1, success: false, peakAmplitudeDb: Number.NaN }, 'not NaN'],
    [{ type: 'synthesis', latencyMs: 1, success: false, gpuMemoryMb: -1 }, 'synthesis.gpuMemoryMb: '],
    [
      { type: 'phrase', generationMs: 1, notes: 1.5, success: true },
      'phrase.notes: a whole number, 0 to 100000, not 1.5',
    ],
    [{ type: 'phrase', generationMs: 1, success: true }, 'phrase.notes: a whole number, 0 to 100000, not nothing'],
    [{ type: 'phrase', generationMs: DAY + 1, notes: 1, success: true }, 'phrase.generationMs: '],
    [{ type: 'queue', depth: -1 }, 'queue.depth: a whole number, 0 to 1000000, not -1'],
    [{ type: 'queue', depth: null }, 'not null'],
    [{ type: 'buffer', depthMs: Number.POSITIVE_INFINITY }, 'not Infinity'],
    [{ type: 'process', cpuPercent: 1 }, 'process.memoryMb: '],
    [{ type: 'process', cpuPercent: [], memoryMb: 1 }, 'not a list'],
    [{ type: 'chunks', sent: 2 ** 42 + 1, dropped: 0 }, 'chunks.sent: '],
    [{ type: 'clients', active: true }, 'clients.active: a whole number, 0 to 4398046511104, not true'],
  ])('%j', (found, message) => {
    const [code, text] = refusal(found);
    expect(code).toBe('bad_value');
    expect(text).toContain(message);
  });

  test('a field of Object.prototype is no field of the event', () => {
    const found = Object.create({ depth: 3 });
    found.type = 'queue';
    expect(refusal(found)[1]).toContain('not nothing');
  });
});
