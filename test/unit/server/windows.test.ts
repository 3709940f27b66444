import { Allowance, EventWindow, quantile, RateWindows } from '@auralis/server/state/windows';
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
  /** Runs a counter of `perSecond` for `seconds` sweeps of `sweepMs`; returns the rate after each. */
  function rates(perSecond: number, seconds: number, sweepMs: number, since = 0): number[] {
    const windows = new RateWindows(5);
    windows.open(3, 0);
    return Array.from({ length: seconds }, (_, sweep) => {
      const now = (sweep + 1) * sweepMs;
      windows.advance(now);
      return windows.sample(3, Math.floor((Math.max(0, now - since) * perSecond) / 1000), since);
    });
  }

  test('is right from the first second on, and whatever the sweeps’ pace', () => {
    expect(rates(10, 8, 1000)).toEqual([10, 10, 10, 10, 10, 10, 10, 10]);
    for (const rate of rates(10, 20, 1013)) expect(rate).toBeCloseTo(10, 0);
  });

  test('a counter that could begin late is not averaged over the time before', () => {
    const late = rates(10, 8, 1000, 3000);
    expect(late.slice(0, 3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(late.slice(3)).toEqual([10, 10, 10, 10, 10]);
  });

  test('falls to 0 within the window when the counting stops', () => {
    const windows = new RateWindows(5);
    windows.open(0, 0);
    const seen: number[] = [];
    for (let second = 1; second <= 12; second++) {
      windows.advance(second * 1000);
      seen.push(windows.sample(0, Math.min(second, 5) * 10));
    }
    expect(seen.slice(0, 5)).toEqual([10, 10, 10, 10, 10]);
    expect(seen.slice(5)).toEqual([8, 6, 4, 2, 0, 0, 0]);
  });

  test('a slot used again begins anew', () => {
    const windows = new RateWindows(5);
    windows.open(7, 0);
    windows.advance(1000);
    windows.sample(7, 1000);
    windows.open(7, 1500);
    windows.advance(2500);
    expect(windows.sample(7, 10)).toBe(10);
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
  const values = Float64Array.from([5, 1, 4, 2, 3, 99, 99]);
  expect(quantile(values, 5, 0.5)).toBe(3);
  expect(quantile(values, 5, 0.95)).toBe(5);
  expect(quantile(values, 5, 0.05)).toBe(1);
  expect(quantile(values, 0, 0.5)).toBeNaN();
});
