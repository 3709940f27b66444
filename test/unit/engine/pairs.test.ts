import type { Outcome } from '@auralis/server/engine/event';
import { GRACE_MS, MAX_PENDING, NEVER_ENDED_MS, SynthesisPairs } from '@auralis/server/engine/pairs';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

const outcome: Outcome = { success: true, phraseDurationSec: 20, peakAmplitudeDb: null, gpuMemoryMb: null };
let pairs: SynthesisPairs;
beforeEach(() => {
  pairs = new SynthesisPairs();
});

const start = (id: string, now: number, at: number | null = null) => pairs.start(id, at, now);
const end = (id: string, now: number, at: number | null = null, latencyMs: number | null = null) =>
  pairs.end(id, at, latencyMs, outcome, now);

describe('a start and an end', () => {
  test('are as far apart as they arrived', () => {
    expect(start('a', 1000)).toBeNull();
    expect(pairs.pending).toBe(1);
    expect(end('a', 1300)?.latencyMs).toBe(300);
    expect([pairs.pending, pairs.unpaired]).toEqual([0, 0]);
  });

  test('are as far apart as the engine’s own clock says, whatever its epoch', () => {
    start('a', 1000, -5_000);
    expect(end('a', 1900, -4_700)?.latencyMs).toBe(300);
  });

  test('are as far apart as the engine says', () => {
    start('a', 1000, 0);
    expect(end('a', 1900, 700, 250)?.latencyMs).toBe(250);
  });

  test.each([
    [null, 700],
    [700, null],
    [900, 200],
  ])('where that clock is missing or went backwards (%p, %p), arrival counts', (from, to) => {
    start('a', 1000, from);
    expect(end('a', 1300, to)?.latencyMs).toBe(300);
  });

  test('that came in one message say nothing of how long it took', () => {
    start('a', 1000);
    expect(end('a', 1000)).toEqual({ latencyMs: null, outcome });
  });

  test('overlap with others', () => {
    start('a', 0);
    start('b', 100);
    start('c', 200);
    expect(end('b', 350)?.latencyMs).toBe(250);
    expect(end('a', 400)?.latencyMs).toBe(400);
    expect(end('c', 500)?.latencyMs).toBe(300);
  });

  test('use an id again', () => {
    for (const [from, to] of [
      [0, 300],
      [310, 710],
      [720, 1220],
    ] as const) {
      start('same', from);
      expect(end('same', to)?.latencyMs).toBe(to - from);
    }
    expect(pairs.unpaired).toBe(0);
  });
});

describe('out of order', () => {
  test('an end counts at once, and its latency when the start comes, by the engine’s clock', () => {
    expect(end('a', 1000, 800)).toEqual({ latencyMs: null, outcome });
    expect(start('a', 1100, 500)).toEqual({ latencyMs: 300, outcome });
    expect([pairs.pending, pairs.unpaired]).toEqual([0, 0]);
  });

  test('without that clock nothing says how long it took', () => {
    end('a', 1000);
    expect(start('a', 1100)).toEqual({ latencyMs: null, outcome });
    expect([pairs.pending, pairs.unpaired]).toEqual([0, 0]);
  });

  test('an end that said its latency is not measured a second time', () => {
    expect(end('a', 1000, 800, 250)?.latencyMs).toBe(250);
    expect(start('a', 1100, 500)?.latencyMs).toBeNull();
  });

  test('an end waits for its start no longer than the grace', () => {
    end('a', 1000, 800);
    expect(start('a', 1000 + GRACE_MS, 500)).toBeNull();
    expect([pairs.pending, pairs.unpaired]).toEqual([1, 1]);
  });
});

describe('what has no other half is counted', () => {
  test('a start that never ends, after ten minutes', () => {
    start('a', 0);
    pairs.expire(NEVER_ENDED_MS - 1);
    expect([pairs.pending, pairs.unpaired]).toEqual([1, 0]);
    pairs.expire(NEVER_ENDED_MS);
    expect([pairs.pending, pairs.unpaired]).toEqual([0, 1]);
  });

  test('a start told twice, of which the later counts', () => {
    start('a', 0);
    start('a', 500);
    expect(end('a', 800)?.latencyMs).toBe(300);
    expect(pairs.unpaired).toBe(1);
  });

  test('an end told twice, which is no second attempt', () => {
    start('a', 0);
    end('a', 300);
    expect(end('a', 310)).toBeNull();
    expect(pairs.unpaired).toBe(1);
  });

  test('no more than so many are kept, the oldest go', () => {
    for (let id = 0; id < MAX_PENDING + 10; id++) start(String(id), id);
    expect([pairs.pending, pairs.unpaired]).toEqual([MAX_PENDING, 10]);
    for (let id = 0; id < MAX_PENDING + 10; id++) end(`end-${id}`, 1000);
    expect(pairs.unpaired).toBe(20);
  });
});

test('every start and end is paired or counted, in whatever order they come', () => {
  const synthesis = fc.record({
    from: fc.integer({ min: 0, max: 60_000 }),
    took: fc.integer({ min: 1, max: 3_000 }),
    startLost: fc.boolean(),
    endLost: fc.boolean(),
    /** Message of the end overtakes that of the start. */
    swapped: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(synthesis, { maxLength: 100 }), (given) => {
      pairs = new SynthesisPairs();
      const latencies = new Map<string, number | null>();
      const messages = given.flatMap(({ from, took, startLost, endLost, swapped }, index) => {
        const [id, to] = [`s${index}`, from + took];
        const begin = () => {
          const late = start(id, swapped ? to + 50 : from, from);
          if (late !== null) latencies.set(id, late.latencyMs);
        };
        const finish = () => latencies.set(id, end(id, to, to)?.latencyMs ?? null);
        const sent: [number, () => unknown][] = [];
        if (!startLost) sent.push([swapped ? to + 50 : from, begin]);
        if (!endLost) sent.push([to, finish]);
        return sent;
      });
      for (const [, send] of messages.sort(([a], [b]) => a - b)) send();
      pairs.expire(1e9);
      let odd = 0;
      for (const [index, { took, startLost, endLost }] of given.entries()) {
        if (startLost !== endLost) odd++;
        expect(latencies.get(`s${index}`)).toBe(endLost ? undefined : startLost ? null : took);
      }
      expect([pairs.pending, pairs.unpaired]).toEqual([0, odd]);
    }),
    { seed: 13 },
  );
});
