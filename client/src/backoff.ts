const BASE_MS = 500;
const MAX_MS = 20_000;

/**
 * Return how long to wait before try `attempt` (0, 1, 2…) to connect again, ms. Full jitter, the first try included:
 * when a hub restarts, all its clients lose it in the same millisecond and must not come back together. `dice`: from
 * 0 to 1.
 */
export function backoffMs(attempt: number, dice: number): number {
  return dice * Math.min(MAX_MS, BASE_MS * 2 ** attempt);
}
