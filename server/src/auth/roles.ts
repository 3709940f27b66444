/**
 * Roles of a token. `admin` may do everything. The others imply nothing of each other: `listener` receives audio and
 * reports, `publisher` is an engine or a server that reports, `viewer` reads everything.
 */
export const ROLES = ['listener', 'publisher', 'viewer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Roles that a client without a token may have. Never `admin`. */
export const ANONYMOUS_ROLES = ['listener', 'publisher', 'viewer'] as const satisfies readonly Role[];

/** Role for each kind of socket. */
export const SOCKET_ROLES = { listen: 'listener', publish: 'publisher', live: 'viewer' } as const satisfies Readonly<
  Record<string, Role>
>;
