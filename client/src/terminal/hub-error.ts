import { neutral } from '@auralis/shared';

/** `top` or `tail` cannot start or go on, because no hub answers or the hub refuses. */
export class HubError extends Error {
  override readonly name = 'HubError';
}

/** Nothing answers at `url`. */
export const unreachable = (url: string, why: string) => new HubError(neutral(`no hub at ${url}: ${why}`));

/** Something answers at `url` and refuses the connection. */
export const refusedBy = (url: string, why: string) => new HubError(neutral(`${url} refuses: ${why}`));
