import type { Identity } from './identity.js';
import type { Role } from './roles.js';

/** Requirements of a route. */
export interface Access {
  /** null: nothing. */
  readonly role: Role | null;
  /** Where the hub has no auth file: also there not for everybody, but for who asks from its own machine. */
  readonly isLocalWithoutAuth: boolean;
}

export interface Refusal {
  /** 401: a token, or another one, might help. 403: this one will not. */
  readonly status: 401 | 403;
  /** Says what is wrong and how to mend it; nothing of the token. */
  readonly message: string;
  /** As RFC 6750, 3.1 has it; null where no token came. */
  readonly error: 'invalid_token' | 'insufficient_scope' | null;
}

/**
 * Whether `who` may go where `access` is asked for: null, or why not. `isLocal`: it asks from the machine of the hub.
 */
export function decide(who: Identity, { role, isLocalWithoutAuth }: Access, isLocal: boolean): Refusal | null {
  if (role === null) return null;
  switch (who.kind) {
    case 'open':
      return isLocalWithoutAuth && !isLocal ? NOT_LOCAL : null;
    case 'refused':
      return { status: 401, message: who.why, error: 'invalid_token' };
    case 'anonymous':
      if (who.roles.has(role)) return null;
      return { status: 401, message: `this needs a token with role ${role}`, error: null };
    case 'token':
      if (who.roles.has(role) || who.roles.has('admin')) return null;
      return {
        status: 403,
        message: `this needs role ${role}; token ${who.name} has ${[...who.roles].join(', ')}`,
        error: 'insufficient_scope',
      };
  }
}

/**
 * Whether `who`, whose role is right, may do it to `stream` (null: none is named, so it may be any): null, or why
 * not.
 */
export function decideStream(who: Identity, stream: string | null): Refusal | null {
  if (who.kind !== 'token' || who.streams === null || (stream !== null && who.streams.has(stream))) return null;
  const found = stream === null ? 'none is named' : `not ${JSON.stringify(stream.slice(0, 64))}`;
  const message = `token ${who.name} is for ${[...who.streams].slice(0, 5).join(', ')}: ${found}`;
  return { status: 403, message, error: 'insufficient_scope' };
}

/** Requirements of a socket. */
export interface Entrance {
  readonly role: Role;
  /** The one in its path, null where that is no name; left out where a path of its kind has none. */
  readonly stream?: string | null;
}

/** Whether `who` may have a socket: null, or why not. */
export function decideSocket(who: Identity, { role, stream }: Entrance): Refusal | null {
  return (
    decide(who, { role, isLocalWithoutAuth: false }, false) ?? (stream === undefined ? null : decideStream(who, stream))
  );
}

const NOT_LOCAL: Refusal = {
  status: 403,
  message:
    'this hub asks for no token, so only who asks from its own machine, without a proxy, may do this: start it with --auth-file',
  error: null,
};
