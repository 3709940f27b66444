import { Allowance, EventWindow, quantile, RateWindows, Reserve } from '@auralis/server/time/windows';
import { describe, expect, test } from '@jest/globals';

describe('EventWindow', () => {
  test('11 events in 60 s count, 11 in 61 s do not', () => {
    const within = new EventWindow(60_000);
    const beyond = new EventWindow(60_000);
    for (let event = 0; event < 11; event++) {
      within.add(event * 5_999);
      beyond.add(event * 6_100);
    }
    expect(within.total(59_990)).toBe(11);
    expect(beyond.total(61_000)).toBe(10);
  });

  test('an event leaves exactly when the window has passed it', () => {
    const window = new EventWindow(60_000);
    window.add(1_000, 3);
    expect(window.total(60_999)).toBe(3);
    expect(window.total(61_000)).toBe(0);
  });

  test('events closer than the step are merged, so memory is bounded', () => {
    const window = new EventWindow(60_000, 10);
    for (let event = 0; event < 100_000; event++) window.add(event / 1000);
    expect(window.total(100)).toBe(100_000);
  });
});

describe('RateWindows', () => {
  /** A counter that moves each `periodMs` from `firstAt` on, sampled each `sweepMs`; the rate after each sample. */
  function rates(
    periodMs: number,
    firstAt: number,
    samples: number,
    sweepMs: number,
    since = 0,
    stopsAt = Number.POSITIVE_INFINITY,
  ) {
    const windows = new RateWindows(5);
    windows.open(3, since);
    return Array.from({ length: samples }, (_, sample) => {
      const now = (sample + 1) * sweepMs;
      if (now < since) return Number.NaN;
      const until = Math.min(now, stopsAt);
      const count = until < firstAt ? 0 : Math.floor((until - firstAt) / periodMs) + 1;
      const movedAt = count === 0 ? 0 : firstAt + (count - 1) * periodMs;
      return windows.sample(3, count, now, movedAt);
    });
  }

  test('is exact whatever the pace and phase of the samples', () => {
    for (const [firstAt, sweepMs] of [
      [37, 1000],
      [99, 1013],
      [1, 987],
      [50, 1000.4],
    ] as const) {
      const seen = rates(100, firstAt, 30, sweepMs);
      // While the window still begins at the opening, the first event may have come at once.
      for (const rate of seen.slice(0, 5)) expect(rate).toBeGreaterThanOrEqual(10);
      for (const rate of seen.slice(6)) expect(rate).toBeCloseTo(10, 6);
    }
  });

  test('a counter that begins late is not averaged over the time before', () => {
    const late = rates(100, 3100, 8, 1000, 3000);
    expect(late.slice(0, 3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(late.slice(3)).toEqual([10, 10, 10, 10, 10]);
  });

  test('counts from where it was when it began, and what moved before that is no span of time', () => {
    const windows = new RateWindows(5);
    windows.open(0, 10_000, 500);
    expect(windows.sample(0, 500, 10_600, 9_950)).toBeNaN();
    expect(windows.sample(0, 510, 11_600, 11_000)).toBe(10);
  });

  test('falls to 0 within the window when the counting stops', () => {
    const seen = rates(100, 100, 14, 1000, 0, 5000);
    expect(seen.slice(0, 5)).toEqual([10, 10, 10, 10, 10]);
    // A second of silence may pass before it counts as one.
    expect(seen.slice(5)).toEqual([10, 6, 4, 2, 0, 0, 0, 0, 0]);
  });

  test('a slot used again begins anew', () => {
    const windows = new RateWindows(5);
    windows.open(7, 0);
    windows.sample(7, 1000, 1000, 1000);
    windows.open(7, 1500);
    expect(windows.sample(7, 10, 2500, 2500)).toBe(10);
  });
});

test('Allowance lets through its limit a window', () => {
  const allowance = new Allowance(2, 1000);
  expect([0, 1, 2, 999, 1000, 1001, 1002].map((now) => allowance.take(now))).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
    false,
  ]);
});

test('quantile is by nearest rank', () => {
  const sorted = Float64Array.from([1, 2, 3, 4, 5]);
  expect([0, 0.05, 0.5, 0.95, 1].map((q) => quantile(sorted, q))).toEqual([1, 1, 3, 5, 5]);
  expect(quantile(new Float64Array(), 0.5)).toBeNaN();
});

test('a reserve allows so many a second, and more at once after a pause, but no more than it holds', () => {
  const reserve = new Reserve(200, 1000);
  const taken = (now: number) => {
    let count = 0;
    while (reserve.take(now)) count++;
    return count;
  };
  expect([taken(0), taken(0), taken(5), taken(1005), taken(60_000)]).toEqual([1000, 0, 1, 200, 1000]);
});
