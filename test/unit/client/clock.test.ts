import { type Exchange, HubClock } from '@auralis/client/clock';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

/** Numbers near 2^41 are a quarter of a microsecond apart; sums of a few of them, a few of those. */
const ROUNDING_MS = 0.01;
const START = 1_700_000_000_000;

/** A hub whose clock is `offset` ahead of ours at START and gains `drift` on it. */
function exchangeAt(t0: number, offset: number, drift: number, there: number, inHub: number, back: number): Exchange {
  const hub = (time: number): number => time + offset + (time - START) * drift;
  return { t0, t1: hub(t0 + there), t2: hub(t0 + there + inHub), t3: t0 + there + inHub + back };
}

describe('HubClock', () => {
  test('knows nothing before the first exchange', () => {
    const clock = new HubClock();
    expect(clock.estimate(START)).toBeNull();
    expect(clock.rttMs).toBeNull();
  });

  test('finds the offset exactly where the way there is as long as the way back', () => {
    const clock = new HubClock();
    clock.add(exchangeAt(START, 15_000, 0, 20, 3, 20));
    expect(clock.estimate(START)?.offsetMs).toBeCloseTo(15_000, 2);
    expect(clock.rttMs).toBeCloseTo(40, 2);
  });

  test('is never further from the truth than it says, whatever the paths, steps of the clock of 1, 16.67 and 100 ms, and within 100 ppm of drift', () => {
    const paths = fc.record({
      pause: fc.double({ min: 0, max: 20_000, noNaN: true }),
      there: fc.double({ min: 0, max: 3_000, noNaN: true }),
      inHub: fc.double({ min: 0, max: 50, noNaN: true }),
      back: fc.double({ min: 0, max: 3_000, noNaN: true }),
    });
    const property = fc.property(
      fc.double({ min: -80_000_000, max: 80_000_000, noNaN: true }),
      fc.double({ min: -99e-6, max: 99e-6, noNaN: true }),
      fc.constantFrom(0, 1, 1000 / 60, 100),
      fc.array(paths, { minLength: 1, maxLength: 30 }),
      fc.double({ min: 0, max: 600_000, noNaN: true }),
      (offset, drift, stepMs, exchanges, later) => {
        const rounded = (time: number) => (stepMs === 0 ? time : Math.floor(time / stepMs) * stepMs);
        const clock = new HubClock();
        let time = START;
        const holds = (at: number): void => {
          const estimate = clock.estimate(at);
          const truth = offset + (at - START) * drift;
          expect(Math.abs((estimate?.offsetMs ?? Number.NaN) - truth)).toBeLessThanOrEqual(
            (estimate?.errorMs ?? Number.NaN) + ROUNDING_MS,
          );
        };
        for (const { pause, there, inHub, back } of exchanges) {
          const exact = exchangeAt(time + pause, offset, drift, there, inHub, back);
          clock.add({ ...exact, t0: rounded(exact.t0), t3: rounded(exact.t3) });
          time += pause + there + inHub + back;
          holds(time);
        }
        holds(time + later);
      },
    );
    fc.assert(property, { seed: 1, numRuns: 500 });
  });

  test('goes by the shortest round trip of the last eight', () => {
    const clock = new HubClock();
    clock.add(exchangeAt(START, 100, 0, 5, 0, 5));
    for (let second = 1; second <= 7; second++) clock.add(exchangeAt(START + second * 1000, 100, 0, 400, 0, 10));
    expect(clock.estimate(START + 8000)?.offsetMs).toBeCloseTo(100, 1);
    clock.add(exchangeAt(START + 8000, 100, 0, 400, 0, 10));
    expect(clock.estimate(START + 9000)?.offsetMs).toBeCloseTo(295, 1);
  });

  test('gives way to a newer exchange once drift has made an old one worse', () => {
    const clock = new HubClock();
    clock.add(exchangeAt(START, 0, 0, 1, 0, 1));
    clock.add(exchangeAt(START + 600_000, 0, 0, 3, 0, 1));
    expect(clock.estimate(START + 600_000)?.offsetMs).toBeCloseTo(1, 2);
  });

  test('knows nothing again once it is told that another hub may come', () => {
    const clock = new HubClock();
    clock.add(exchangeAt(START, 15_000, 0, 20, 0, 20));
    clock.reset();
    expect([clock.estimate(START), clock.rttMs]).toEqual([null, null]);
  });

  test('starts anew, and says so, where a clock was set', () => {
    const clock = new HubClock();
    expect(clock.add(exchangeAt(START, 0, 0, 5, 0, 5))).toBe(false);
    expect(clock.add(exchangeAt(START + 15_000, 0, 0, 300, 0, 5))).toBe(false);
    expect(clock.add(exchangeAt(START + 30_000, 3_600_000, 0, 20, 0, 20))).toBe(true);
    expect(clock.estimate(START + 31_000)?.offsetMs).toBeCloseTo(3_600_000, 1);
  });

  test('ignores what cannot have happened', () => {
    const clock = new HubClock();
    clock.add({ t0: START, t1: Number.NaN, t2: START, t3: START });
    clock.add({ t0: START, t1: START, t2: START + 500, t3: START + 100 });
    clock.add(JSON.parse('{"t0":1,"t3":2}'));
    expect(clock.estimate(START)).toBeNull();
  });
});
