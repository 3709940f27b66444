import { RELATIVE_ERROR, Sketch, SlidingSketch } from '@auralis/server/engine/sketch';
import { seededRandom } from '@auralis/server/simulate/random';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

const QUANTILES = [0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

/** Exact quantile by nearest rank, of sorted values. */
const exact = (sorted: ArrayLike<number>, q: number) => sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] as number;

/** The largest relative error over QUANTILES. */
function worstError(sketch: Sketch, values: Float64Array): number {
  const sorted = values.slice().sort();
  return Math.max(...QUANTILES.map((q) => Math.abs(sketch.quantile(q) / exact(sorted, q) - 1)));
}

function sketchOf(values: Iterable<number>): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

const MILLION = 1_000_000;
const random = seededRandom(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const DISTRIBUTIONS: [string, () => number][] = [
  ['uniform', () => 1 + 999 * random()],
  ['log-normal', () => Math.exp(5.7 + 0.5 * normal())],
  ['with a heavy tail (Pareto)', () => Math.min(200 / (1 - random()) ** (1 / 1.1), 86_400_000)],
  ['of two humps', () => (random() < 0.9 ? 300 + 20 * random() : 5_000 + 900 * random())],
];

describe('a sketch of a million values', () => {
  test.each(DISTRIBUTIONS)('%s, is within 1 % of exact, also made of a hundred merged ones', (_, draw) => {
    const values = Float64Array.from({ length: MILLION }, draw);
    const whole = sketchOf(values);
    expect(whole.count).toBe(MILLION);
    expect(worstError(whole, values)).toBeLessThan(0.01);
    expect(worstError(whole, values)).toBeLessThanOrEqual(RELATIVE_ERROR * 1.000001);
    const merged = new Sketch();
    for (let part = 0; part < 100; part++) merged.merge(sketchOf(values.subarray(part * 10_000, (part + 1) * 10_000)));
    for (const q of QUANTILES) expect(merged.quantile(q)).toBe(whole.quantile(q));
  });
});

describe('a sketch', () => {
  test('of nothing has no quantiles', () => expect(new Sketch().quantile(0.5)).toBeNaN());

  test('of one value has that value, within the bound', () => {
    for (const q of QUANTILES) expect(Math.abs(sketchOf([300]).quantile(q) / 300 - 1)).toBeLessThan(0.0051);
  });

  test('takes 0, and what is beyond a day, as its ends', () => {
    expect(sketchOf([0]).quantile(0.5)).toBeLessThan(0.002);
    expect(sketchOf([1e300]).quantile(0.5) / 86_400_000).toBeCloseTo(1, 2);
  });

  test('can be merged and taken apart again, whatever is in it', () => {
    const values = fc.array(fc.double({ min: 0.001, max: 86_400_000, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(values, values, (first, second) => {
        const both = sketchOf(first);
        both.merge(sketchOf(second));
        expect(worstError(both, Float64Array.from([...first, ...second]))).toBeLessThan(0.01);
        both.subtract(sketchOf(first));
        expect(both.count).toBe(second.length);
        for (const q of QUANTILES) expect(both.quantile(q)).toBe(sketchOf(second).quantile(q));
      }),
      { seed: 11 },
    );
  });
});

describe('over a sliding window', () => {
  test('a value leaves exactly when the window has passed it', () => {
    const sliding = new SlidingSketch(300_000);
    sliding.add(1_000, 100);
    sliding.add(3_000, 900);
    expect(sliding.total.count).toBe(2);
    expect(sliding.expire(300_999)).toBe(false);
    expect(sliding.expire(301_000)).toBe(true);
    expect([sliding.total.count, Math.round(sliding.total.quantile(0.5) / 9)]).toEqual([1, 100]);
    sliding.expire(303_000);
    expect(sliding.total.quantile(0.5)).toBeNaN();
  });

  test('it is at any time the sketch of what came within the window, to a step', () => {
    const delays = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.double({ min: 1, max: 5_000, noNaN: true })),
    );
    fc.assert(
      fc.property(delays, (given) => {
        const sliding = new SlidingSketch(300_000, 1000);
        const all: [number, number][] = [];
        let now = 0;
        for (const [delay, value] of given) {
          now += delay;
          all.push([now, value]);
          sliding.add(now, value);
          const within = (ms: number) => all.filter(([at]) => at > now - ms).length;
          expect(sliding.total.count).toBeLessThanOrEqual(within(300_000));
          expect(sliding.total.count).toBeGreaterThanOrEqual(within(299_000));
        }
      }),
      { seed: 12 },
    );
  });
});
