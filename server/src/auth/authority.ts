import { timingSafeEqual } from 'node:crypto';
import type { Identity } from './identity.js';
import type { AuthSettings, TokenSettings } from './settings.js';
import { digestOf } from './token.js';

/** Knows the tokens: tells who brings one. */
export class Authority {
  readonly #settings: AuthSettings | null;
  readonly #anonymous: Identity;

  /** `settings`: null where the hub has no auth file. */
  constructor(settings: AuthSettings | null) {
    this.#settings = settings;
    this.#anonymous = settings === null ? { kind: 'open' } : { kind: 'anonymous', roles: settings.anonymous };
  }

  /** `token`: what came, or null. `now`: ms since 1970. */
  identify(token: string | null, now: number): Identity {
    if (token === null || this.#settings === null) return this.#anonymous;
    const found = find(this.#settings.tokens, digestOf(token));
    if (found === null) return { kind: 'refused', why: 'this hub does not know this token' };
    const { name, roles, streams, expiresAt } = found;
    if (expiresAt !== null && now >= expiresAt) return { kind: 'refused', why: `token ${name} has expired` };
    return { kind: 'token', name, roles, streams };
  }
}

/** Looks at every token for as long, so that the time taken says nothing of how near a guess was, or of its place. */
function find(tokens: readonly TokenSettings[], digest: Buffer): TokenSettings | null {
  let found: TokenSettings | null = null;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token;
  return found;
}
