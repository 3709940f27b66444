/**
 * Call a page's callback. A throw, or a promise that rejects, is reported like the page's own errors and goes no
 * further; then `onFault` is called.
 */
export function guarded<A>(callback: ((argument: A) => unknown) | undefined, argument: A, onFault?: () => void): void {
  const fault = (error: unknown) => {
    reportFault(error);
    onFault?.();
  };
  try {
    const result = callback?.(argument);
    if (isPromise(result)) result.then(undefined, fault);
  } catch (error) {
    fault(error);
  }
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

export function reportFault(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
