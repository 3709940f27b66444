/**
 * Return the place that a key leads to from `at` (-1: none), of `total`; null if the key does not move, or there are
 * no rows.
 */
export function placeAfter(key: string, at: number, total: number, perPage: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? 0 : at - 1,
    PageDown: at + perPage,
    PageUp: at - perPage,
    Home: 0,
    End: total - 1,
  };
  const next = steps[key];
  if (next === undefined || total === 0) return null;
  return Math.min(Math.max(next, 0), total - 1);
}
