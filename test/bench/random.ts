/** Numbers from 0 to 1 that are the same in every run (mulberry32): a benchmark must not differ by its input. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A reading that wanders: each step goes up to `step` either way and stays within the bounds. */
export function wanders(random: () => number, from: number, step: number, min: number, max: number): () => number {
  let value = from;
  return () => {
    value = Math.min(max, Math.max(min, value + (random() * 2 - 1) * step));
    return value;
  };
}
