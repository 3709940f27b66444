import type { Role } from './roles.js';

/** The sender of a request. */
export type Identity =
  /** The hub has no auth file: everybody may do what needs no admin, as on a machine of one's own. */
  | { readonly kind: 'open' }
  /** Brings no token. */
  | { readonly kind: 'anonymous'; readonly roles: ReadonlySet<Role> }
  | {
      readonly kind: 'token';
      readonly name: string;
      /** SHA-256 of the token, in hex, because names may be given to another token. */
      readonly sha256: string;
      readonly roles: ReadonlySet<Role>;
      readonly streams: Streams;
    }
  /** Brings a token that is not good, or is not any more. */
  | { readonly kind: 'refused'; readonly why: string };

/** The streams that a token is for; null: all. */
export type Streams = ReadonlySet<string> | null;
