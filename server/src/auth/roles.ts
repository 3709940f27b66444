/**
 * What a token is for. `admin` may do everything; the others imply nothing of each other:
 * `listener` receives audio and reports how it fares, `publisher` is an engine or a server that tells of itself,
 * `viewer` reads what the hub knows.
 */
export const ROLES = ['listener', 'publisher', 'viewer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What who brings no token may be let do. Never `admin`. */
export const ANONYMOUS_ROLES = ['listener', 'publisher', 'viewer'] as const satisfies readonly Role[];

/** What each kind of socket asks for. */
export const SOCKET_ROLES = { listen: 'listener', publish: 'publisher', live: 'viewer' } as const satisfies Readonly<
  Record<string, Role>
>;
