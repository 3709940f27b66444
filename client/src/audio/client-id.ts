const KEY = 'auralis.client';

/**
 * A name for this listener that outlives reconnects and reloads of its tab. Where nothing may be stored (a sandboxed
 * frame, no browser) it is a new one each time.
 */
export function clientId(dice: () => number): string {
  // Not randomUUID: a page from plain http on another machine does not have it.
  const fresh = `c-${Math.floor(dice() * 36 ** 10).toString(36)}`;
  try {
    const known = sessionStorage.getItem(KEY);
    if (known !== null) return known;
    sessionStorage.setItem(KEY, fresh);
  } catch {
    // As said: nothing may be stored.
  }
  return fresh;
}
