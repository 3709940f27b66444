import { seededRandom } from './random.js';

/** A measure over several rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** @throws RangeError for no values */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('a spread needs a round at least');
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: middle(sorted),
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
    rounds: sorted.length,
  };
}

/**
 * Ratios round by round, then their spread. A disturbance slows both halves of a round, so a ratio is steadier than
 * either figure on a machine that is not alone.
 */
export function ratioOf(of: readonly number[], to: readonly number[]): Spread {
  return spreadOf(of.map((value, round) => value / (to[round] as number)));
}

/** The mean of paired rounds and where it lies with 95 % confidence. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;

/**
 * The interval of a mean by bootstrap (Efron, 1979): the means of samples drawn from the values, with repetition,
 * without the lowest and the highest 2.5 %. It asks nothing of how rounds are distributed. Seeded, so the same values
 * give the same.
 * @throws RangeError for no values
 */
export function intervalOf(values: readonly number[]): Interval {
  if (values.length === 0) throw new RangeError('an interval needs a round at least');
  const random = seededRandom(1);
  const means = new Float64Array(RESAMPLES);
  for (let sample = 0; sample < RESAMPLES; sample++) {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw++) sum += values[Math.floor(random() * values.length)] as number;
    means[sample] = sum / values.length;
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, low: quantileOf(means, 0.025), high: quantileOf(means, 0.975) };
}

/** The quantile `q` (0 to 1) by nearest rank; NaN of none. Sorts `values` in place. */
export function quantileOf(values: Float64Array, q: number): number {
  values.sort();
  return values[Math.max(0, Math.ceil(q * values.length) - 1)] ?? Number.NaN;
}

function middle(sorted: readonly number[]): number {
  const at = sorted.length >> 1;
  const upper = sorted[at] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[at - 1] as number) + upper) / 2;
}
