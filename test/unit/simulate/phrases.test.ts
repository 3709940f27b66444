import { EVENT_READER } from '@auralis/server/engine/event';
import { PHRASE_MS, type SimEvent, SimPhrases } from '@auralis/server/simulate/phrases';
import { seededRandom } from '@auralis/server/simulate/random';
import { expect, test } from '@jest/globals';
import { EngineWorld } from '../engine/world.js';

const MINUTE_MS = 60_000;

test('a minute of an engine is what a healthy one tells, and the hub understands all of it', () => {
  const phrases = new SimPhrases(seededRandom(3));
  const world = new EngineWorld();
  const counts = new Map<string, number>();
  for (let now = 0; now < MINUTE_MS; now += 100) {
    const events = phrases.due(50_000 + now);
    for (const event of events) {
      expect(EVENT_READER.read(event).ignored).toBe(0);
      counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
    }
    world.send(...events);
    world.now += 100;
  }
  expect(Object.fromEntries(counts)).toEqual({
    queue: 16,
    synthesis_start: 8,
    synthesis_end: 8,
    phrase: 8,
    buffer: 60,
    process: 60,
  });
  const between = (column: Parameters<EngineWorld['read']>[0], low: number, high: number) => {
    expect([column, world.read(column)]).toEqual([column, expect.any(Number)]);
    expect(world.read(column) as number).toBeGreaterThanOrEqual(low);
    expect(world.read(column) as number).toBeLessThanOrEqual(high);
  };
  between('synthesis_latency_ms', 240, 360);
  between('real_time_factor', 22, 34);
  between('notes_per_phrase', 8, 16);
  between('ring_buffer_depth_ms', 150, 500);
  between('process_memory_mb', 600, 700);
  expect(world.readAll('synthesis_failure_rate', 'phrase_queue_underruns', 'syntheses_unpaired')).toEqual([0, 0, 0]);
});

test('one that slept goes on from now', () => {
  const phrases = new SimPhrases(seededRandom(3));
  phrases.due(0);
  const afterwards = (ms: number): readonly SimEvent[] => phrases.due(ms);
  expect(afterwards(86_400_000).length).toBeLessThan(20);
  expect(afterwards(86_400_000 + PHRASE_MS).filter(({ type }) => type === 'synthesis_start')).toHaveLength(1);
});
