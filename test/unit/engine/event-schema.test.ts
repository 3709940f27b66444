import { recordSchema } from '@auralis/server/check/record-schema';
import { EVENT_READER, EVENTS } from '@auralis/server/engine/event';
import { expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';

const isDocumented = new Ajv2020({ strict: false }).compile(recordSchema(EVENTS, 'An event'));

function isTaken(event: unknown): boolean {
  try {
    EVENT_READER.read(event);
    return true;
  } catch {
    return false;
  }
}

test.each<[unknown, boolean]>([
  [{ type: 'synthesis_start', id: 7 }, true],
  [{ type: 'synthesis_start', id: '7', at: 1.5 }, true],
  [{ type: 'synthesis_start', id: '' }, false],
  [{ type: 'synthesis_start', id: 1.5 }, false],
  [{ type: 'synthesis_start' }, false],
  [{ type: 'synthesis_end', id: 7, success: false }, true],
  [{ type: 'synthesis_end', id: 7, success: true, phraseDurationSec: 5, peakAmplitudeDb: null }, true],
  [{ type: 'synthesis', latencyMs: 86_400_001, success: false }, false],
  [{ type: 'synthesis', latencyMs: 1, success: 'yes' }, false],
  [{ type: 'synthesis', latencyMs: 1, success: true, phraseDurationSec: 0 }, false],
  [{ type: 'phrase', generationMs: 900, notes: 12, success: true }, true],
  [{ type: 'phrase', generationMs: 900, notes: 1.5, success: true }, false],
  [{ type: 'queue', depth: -1 }, false],
  [{ type: 'queue', depth: 1_000_000, colour: 'red' }, true],
  [{ type: 'process', cpuPercent: 12.5, memoryMb: null }, false],
  [{ type: 'chunks', sent: 1, dropped: 0 }, true],
  [{ type: 'dance' }, false],
  [[], false],
  ['queue', false],
])('%j is documented as it is taken: %s', (event, taken) => {
  expect([isTaken(event), isDocumented(event)]).toEqual([taken, taken]);
});
