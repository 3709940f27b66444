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
 * Ratios round by round, then their spread: what slows one round down slows both of its halves, so that a ratio is
 * steadier than either figure on a machine that is not alone.
 */
export function ratioOf(of: readonly number[], to: readonly number[]): Spread {
  return spreadOf(of.map((value, round) => value / (to[round] as number)));
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
