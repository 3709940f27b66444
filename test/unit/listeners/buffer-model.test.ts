import { BufferModel } from '@auralis/server/listeners/buffer-model';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

const CHUNK_MS = 100;

function newWatch(): BufferModel {
  return new BufferModel();
}

/** A player that receives `rate` ms of audio a ms, plays in real time when it does, and reports each 2 s. */
function run(
  seconds: number,
  player: (at: number) => { rate: number; plays: boolean; says?: number },
  jitterMs = 0,
  seed = 1,
  tells = true,
) {
  const watch = newWatch();
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let depthMs = 300;
  let receivedMs = 300;
  let underrunMs = 0;
  let lastCameAt = 0;
  const divergedAt: number[] = [];
  for (let at = 0; at <= seconds * 1000; at += 100) {
    const { rate, plays, says } = player(at);
    receivedMs += 100 * rate;
    depthMs += 100 * rate;
    if (plays) {
      depthMs -= 100;
      if (depthMs < 0) {
        underrunMs -= depthMs;
        depthMs = 0;
      }
    }
    if (at % 2000 !== 0) continue;
    const cameAt = at + random() * jitterMs;
    watch.playing(
      {
        at: tells ? at + 1_700_000_000_000 : cameAt,
        sinceMs: cameAt - lastCameAt,
        receivedMs,
        depthMs: says ?? depthMs,
        underrunMs: says === undefined ? underrunMs : 0,
      },
      CHUNK_MS,
    );
    lastCameAt = cameAt;
    if (watch.divergence !== null) divergedAt.push(at);
  }
  return { watch, divergedAt };
}

describe('a listener’s words and deeds', () => {
  test('one that plays nothing of what it receives is told within 10 s, and stays told', () => {
    const { watch, divergedAt } = run(60, (at) => ({ rate: 1, plays: at < 10_000 }));
    expect(divergedAt[0]).toBeGreaterThan(10_000);
    expect(divergedAt[0]).toBeLessThanOrEqual(14_000);
    expect(divergedAt.at(-1)).toBe(60_000);
    expect(watch.divergence).toBe('frozen');
  });

  test('one that starves and says so has the buffer that it says, window after window', () => {
    const { watch, divergedAt } = run(60, () => ({ rate: 0.9, plays: true }));
    expect(watch.modelMs).toBeCloseTo(0, 3);
    expect(divergedAt).toEqual([]);
  });

  test('one that says 400 ms for ever while it starves is told within 10 s', () => {
    const { watch, divergedAt } = run(40, (at) =>
      at < 10_000 ? { rate: 1, plays: true } : { rate: 0.8, plays: true, says: 400 },
    );
    expect(divergedAt[0]).toBeGreaterThan(10_000);
    expect(divergedAt[0]).toBeLessThanOrEqual(20_000);
    expect(watch.divergence).toBe('contradicting');
  });

  test.each([
    ['telling when it reports', true, 5000],
    ['not telling', false, 300],
  ])('property: an honest one never is, whatever its network, with late and early reports, %s', (_, tells, lateMs) => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 12, maxLength: 12 }),
        fc.integer(),
        (rates, seed) => {
          const { divergedAt } = run(
            60,
            (at) => ({ rate: rates[Math.floor(at / 5001)] as number, plays: true }),
            lateMs,
            seed,
            tells,
          );
          expect(divergedAt).toEqual([]);
        },
      ),
      { seed: 9, numRuns: 300 },
    );
  });

  test('one that throws audio away to catch up is not taken for a liar, and is believed from there on', () => {
    const skips = (at: number) => ({ rate: at % 20_000 === 0 ? 50 : 1, plays: true, says: 300 });
    expect(run(100, skips).divergedAt).toEqual([]);
    const freezes = run(60, (at) => (at < 30_000 ? skips(at) : { rate: 1, plays: false }));
    expect(freezes.divergedAt[0]).toBeLessThanOrEqual(34_000);
  });

  const at300 = { sinceMs: 2_000, depthMs: 300, underrunMs: 0 };

  test.each([
    ['a pause', 60_000, 60_000, 60_000],
    ['a sleep, in which its clock stood still', 2_000, 3_600_000, 2_000],
    ['a clock that was set back', -3_600_000, 2_000, 2_000],
  ])('after %s it is compared with what comes then', (what, at, sinceMs, receivedMs) => {
    const watch = newWatch();
    watch.playing({ ...at300, at: 0, receivedMs: 0 }, CHUNK_MS);
    if (what === 'a pause') watch.notPlaying();
    watch.playing({ ...at300, at, sinceMs, receivedMs }, CHUNK_MS);
    expect([watch.divergence, watch.modelMs]).toEqual([null, Number.NaN]);
  });

  test('nor is a player that began anew, its counters with it', () => {
    const watch = newWatch();
    watch.playing({ ...at300, at: 0, receivedMs: 0, underrunMs: 8_000 }, CHUNK_MS);
    watch.playing({ ...at300, at: 2_000, receivedMs: 2_000, underrunMs: 0 }, CHUNK_MS);
    expect([watch.divergence, watch.modelMs]).toEqual([null, Number.NaN]);
    watch.playing({ ...at300, at: 4_000, receivedMs: 2_000, underrunMs: 0 }, CHUNK_MS);
    expect([watch.divergence, watch.modelMs]).toEqual(['contradicting', -1_700]);
  });
});

describe('time to silence', () => {
  test('buffer ÷ how fast it drains; missing where it does not', () => {
    const draining = run(10, () => ({ rate: 0.9, plays: true, says: 1000 })).watch;
    // Drains by 100 ms a second: 1,000 ms last 10 s.
    expect(draining.timeToGapMs(0, false, CHUNK_MS)).toBeCloseTo(10_000, -2);
    expect(draining.timeToGapMs(2_000, false, CHUNK_MS)).toBeCloseTo(8_000, -2);
    const steady = run(10, () => ({ rate: 1, plays: true })).watch;
    expect(steady.timeToGapMs(0, false, CHUNK_MS)).toBeNaN();
    expect(newWatch().timeToGapMs(0, false, CHUNK_MS)).toBeNaN();
  });

  test('when the engine falls silent, a full buffer drains in real time', () => {
    const { watch } = run(10, () => ({ rate: 1, plays: true }));
    expect(watch.timeToGapMs(100, true, CHUNK_MS)).toBe(200);
    expect(watch.timeToGapMs(1_000, true, CHUNK_MS)).toBe(0);
  });
});
