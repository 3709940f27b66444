import { CounterWindow, DeviceCounters } from '@auralis/server/host/counters';
import { describe, expect, test } from '@jest/globals';

describe('CounterWindow', () => {
  /** A counter that stands at `counts[second]`; the rate a second after each. */
  function rates(windowS: number, counts: readonly number[]): number[] {
    const window = new CounterWindow(windowS * 1000);
    return counts.map((count, second) => {
      window.add(second * 1000, count, second);
      return window.rate();
    });
  }

  test('nothing is known from one sample; the past before it is not a rate', () => {
    expect(rates(5, [1e12, 1e12 + 7])).toEqual([Number.NaN, 7]);
  });

  test('over the true window: a burst leaves it when the window has passed', () => {
    expect(rates(5, [0, 50, 50, 50, 50, 50, 50, 50])).toEqual([Number.NaN, 50, 25, 50 / 3, 12.5, 10, 0, 0]);
  });

  test('30 s lie between 31 samples', () => {
    const counts = Array.from({ length: 100 }, (_, second) => (second < 50 ? 0 : (second - 49) * 3));
    // In second 60, eleven of the last thirty seconds were busy.
    expect(rates(30, counts)[60]).toBeCloseTo((11 * 3) / 30, 12);
    expect(rates(30, counts).at(-1)).toBe(3);
  });

  test('a counter that starts anew is missing for one sample, and no spike', () => {
    expect(rates(5, [1000, 1010, 4, 14, 24])).toEqual([Number.NaN, 10, Number.NaN, 10, 10]);
  });

  test('so is one that was not there for a while', () => {
    expect(rates(5, [1000, 1010, Number.NaN, 1030, 1040])).toEqual([Number.NaN, 10, Number.NaN, Number.NaN, 10]);
  });

  test('samples rarer than the window are a rate from one to the next', () => {
    const window = new CounterWindow(5_000);
    for (let sample = 0; sample < 4; sample++) window.add(sample * 10_000, sample ** 2, sample * 10);
    expect(window.rate()).toBeCloseTo((9 - 4) / 10, 12);
  });

  test('a base that stands still is no infinity', () => {
    const window = new CounterWindow(5_000);
    window.add(0, 1, 7);
    window.add(1000, 2, 7);
    expect(window.rate()).toBeNaN();
  });
});

describe('DeviceCounters', () => {
  const total = (...rounds: Record<string, number>[]) => {
    const counters = new DeviceCounters();
    return rounds.map((round) => counters.add(new Map(Object.entries(round))));
  };

  test('the sum of what each has risen by', () => {
    expect(total({ a: 100, b: 1 }, { a: 110, b: 6 }, { a: 111, b: 6 })).toEqual([0, 15, 16]);
  });

  test('a disk that is plugged in does not bring its past, one that is pulled out takes nothing away', () => {
    expect(total({ a: 10 }, { a: 20, usb: 1e12 }, { a: 30, usb: 1e12 + 5 }, { a: 40 })).toEqual([0, 10, 25, 35]);
  });

  test('one that starts anew counts from there', () => {
    expect(total({ a: 1e12, b: 0 }, { a: 5, b: 1 }, { a: 9, b: 2 })).toEqual([0, 1, 6]);
  });

  test('without a device nothing is known', () => expect(total({})).toEqual([Number.NaN]));
});
