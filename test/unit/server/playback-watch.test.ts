import { PlaybackWatch } from '@auralis/server/relay/playback-watch';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

const MAX_DEPTH_MS = 1000;

/** A player that receives `rate` ms of audio a ms, plays in real time when it does, and reports each 2 s. */
function run(
  seconds: number,
  player: (at: number) => { rate: number; plays: boolean; says?: number },
  jitterMs = 0,
  seed = 1,
) {
  const watch = new PlaybackWatch();
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let depthMs = 300;
  let receivedMs = 300;
  let underrunMs = 0;
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
    watch.playing(
      {
        at: at + random() * jitterMs,
        receivedMs,
        depthMs: says ?? depthMs,
        underrunMs: says === undefined ? underrunMs : 0,
      },
      MAX_DEPTH_MS,
    );
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

  test('one that says 400 ms for ever while it starves is told within 10 s', () => {
    const { watch, divergedAt } = run(40, (at) =>
      at < 10_000 ? { rate: 1, plays: true } : { rate: 0.8, plays: true, says: 400 },
    );
    expect(divergedAt[0]).toBeGreaterThan(10_000);
    expect(divergedAt[0]).toBeLessThanOrEqual(20_000);
    expect(watch.divergence).toBe('contradicts');
  });

  test('property: an honest one never is, whatever its network, with late and early reports', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 12, maxLength: 12 }),
        fc.integer(),
        (rates, seed) => {
          const { divergedAt } = run(
            60,
            (at) => ({ rate: rates[Math.floor(at / 5001)] as number, plays: true }),
            300,
            seed,
          );
          expect(divergedAt).toEqual([]);
        },
      ),
      { seed: 9, numRuns: 300 },
    );
  });

  test('one that throws audio away once, and one that pauses, come clean again', () => {
    const { divergedAt } = run(60, (at) => ({
      rate: at === 20_000 ? 12 : 1,
      plays: true,
      ...(at >= 20_000 && at <= 60_000 ? { says: 300 } : {}),
    }));
    expect(divergedAt.every((at) => at >= 20_000 && at <= 32_000)).toBe(true);
    const watch = new PlaybackWatch();
    watch.playing({ at: 0, receivedMs: 0, depthMs: 300, underrunMs: 0 }, MAX_DEPTH_MS);
    watch.notPlaying();
    watch.playing({ at: 60_000, receivedMs: 60_000, depthMs: 300, underrunMs: 0 }, MAX_DEPTH_MS);
    expect([watch.divergence, watch.modelMs]).toEqual([null, Number.NaN]);
  });
});

describe('time to silence', () => {
  test('buffer ÷ how fast it drains; missing where it does not', () => {
    const draining = run(10, () => ({ rate: 0.9, plays: true, says: 1000 })).watch;
    // Drains by 100 ms a second: 1,000 ms last 10 s.
    expect(draining.timeToSilenceMs(10_000, 9_950, 500)).toBeCloseTo(10_000, -2);
    expect(draining.timeToSilenceMs(12_000, 11_950, 500)).toBeCloseTo(8_000, -2);
    const steady = run(10, () => ({ rate: 1, plays: true })).watch;
    expect(steady.timeToSilenceMs(10_000, 9_950, 500)).toBeNaN();
    expect(new PlaybackWatch().timeToSilenceMs(0, 0, 500)).toBeNaN();
  });

  test('when the engine falls silent, a full buffer drains in real time', () => {
    const { watch } = run(10, () => ({ rate: 1, plays: true }));
    expect(watch.timeToSilenceMs(10_100, 9_000, 500)).toBe(200);
    expect(watch.timeToSilenceMs(11_000, 9_000, 500)).toBe(0);
  });
});
