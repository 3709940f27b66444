import { ExternalCounter } from '@auralis/server/state/external-counter';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

test('the first report is the total, and no increase', () => {
  const counter = new ExternalCounter(1_000);
  expect(counter.total).toBeNaN();
  expect(counter.report(1_000_000, 0)).toBe(0);
  expect([counter.total, counter.rate(0)]).toEqual([1_000_000, Number.NaN]);
});

test('the first interval has its rate', () => {
  const counter = new ExternalCounter(1_000);
  counter.report(500, 1_000);
  expect(counter.report(520, 3_000)).toBe(20);
  expect(counter.rate(3_000)).toBe(10);
});

test('a counter that falls began again: no spike, and nothing lost of the total', () => {
  const counter = new ExternalCounter(1_000);
  counter.report(10_000, 0);
  counter.report(10_010, 1_000);
  expect(counter.report(4, 2_000)).toBe(0);
  expect([counter.total, counter.rate(2_000)]).toEqual([10_014, Number.NaN]);
  expect(counter.report(14, 3_000)).toBe(10);
  expect([counter.total, counter.rate(3_000)]).toEqual([10_024, 10]);
});

test('the rate is over the last five seconds, and gone after thirty of silence', () => {
  const counter = new ExternalCounter(1_000);
  for (let second = 0; second <= 20; second++) counter.report(second <= 10 ? second * 10 : 100, second * 1000);
  expect(counter.rate(20_000)).toBe(0);
  counter.report(150, 21_000);
  expect(counter.rate(21_000)).toBe(10);
  expect(counter.rate(51_000)).toBe(10);
  expect(counter.rate(51_001)).toBeNaN();
});

test('reports that come seldom are measured from one to the next', () => {
  const counter = new ExternalCounter(1_000);
  counter.report(0, 0);
  counter.report(100, 10_000);
  counter.report(300, 20_000);
  expect(counter.rate(20_000)).toBe(20);
});

test('reports at once say nothing of a rate', () => {
  const counter = new ExternalCounter(1_000);
  counter.report(0, 1_000);
  counter.report(9, 1_000);
  expect(counter.rate(1_000)).toBeNaN();
});

test('whatever is reported, increases and rates are never negative and the total never falls', () => {
  const reports = fc.array(fc.tuple(fc.nat(20_000), fc.nat(1_000)), { maxLength: 300 });
  fc.assert(
    fc.property(reports, (given) => {
      const counter = new ExternalCounter(1_000);
      let [now, total] = [0, 0];
      for (const [delay, value] of given) {
        now += delay;
        expect(counter.report(value, now)).toBeGreaterThanOrEqual(0);
        expect(counter.total).toBeGreaterThanOrEqual(total);
        total = counter.total;
        const rate = counter.rate(now);
        if (!Number.isNaN(rate)) expect(rate).toBeGreaterThanOrEqual(0);
      }
    }),
    { seed: 14 },
  );
});
