const BASE_MS = 1_000;
const MAX_MS = 5 * 60_000;
/** A receiver that asks for a longer pause has made a mistake. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;

/**
 * Return how long to wait after this many failures in a row (1 or more), ms: exponential, with full jitter. Hubs that
 * lost the same receiver then do not come back together. `random` is from [0, 1).
 *
 * Marc Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
 */
export function backoffMs(failures: number, random: number, retryAfterMs: number | null = null): number {
  const ceiling = Math.min(MAX_MS, BASE_MS * 2 ** (failures - 1));
  const wait = Math.ceil(random * ceiling);
  return retryAfterMs === null ? wait : Math.min(MAX_RETRY_AFTER_MS, retryAfterMs) + wait;
}
