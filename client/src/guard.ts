/** Calls a page's callback; what it throws is reported where the page's own errors are, and goes no further. */
export function guarded<A>(callback: ((argument: A) => void) | undefined, argument: A): boolean {
  try {
    callback?.(argument);
    return true;
  } catch (error) {
    reportFault(error);
    return false;
  }
}

export function reportFault(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
