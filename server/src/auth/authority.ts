import { timingSafeEqual } from 'node:crypto';
import type { Identity } from './identity.js';
import type { AuthSettings } from './settings.js';
import { digestOf } from './token.js';

interface Known {
  readonly who: Extract<Identity, { kind: 'token' }>;
  readonly digest: Buffer;
  /** ms since 1970; null: never. */
  readonly expiresAt: number | null;
}

/** Knows the tokens: tells who brings one, and who somebody is by now. Times are ms since 1970. */
export class Authority {
  #known: readonly Known[] = [];
  #bySha256: ReadonlyMap<string, Known> = new Map();
  #anonymous: Identity = { kind: 'open' };

  /** `settings`: null where the hub has no auth file. */
  constructor(settings: AuthSettings | null) {
    if (settings !== null) this.replace(settings);
  }

  /** From now on these tokens are good, and no others. */
  replace({ tokens, anonymous }: AuthSettings): void {
    this.#known = tokens.map(({ name, digest, roles, streams, expiresAt }) => {
      const who = { kind: 'token', name, sha256: digest.toString('hex'), roles, streams } as const;
      return { who, digest, expiresAt };
    });
    this.#bySha256 = new Map(this.#known.map((known) => [known.who.sha256, known]));
    this.#anonymous = { kind: 'anonymous', roles: anonymous };
  }

  /** `token`: what came, or null. */
  identify(token: string | null, now: number): Identity {
    if (token === null || this.#anonymous.kind === 'open') return this.#anonymous;
    const found = find(this.#known, digestOf(token));
    return found === null ? { kind: 'refused', why: 'this hub does not know this token' } : asOf(found, now);
  }

  /** Return the present identity of `who`: its roles may have changed, or its token may have ended. */
  again(who: Identity, now: number): Identity {
    if (who.kind === 'refused') return who;
    if (who.kind !== 'token') return this.#anonymous;
    const found = this.#bySha256.get(who.sha256);
    return found === undefined ? { kind: 'refused', why: `token ${who.name} was taken back` } : asOf(found, now);
  }

  /** Whether a token expired after `since`, at `now` at the latest. */
  hasExpired(since: number, now: number): boolean {
    return this.#known.some(({ expiresAt }) => expiresAt !== null && expiresAt > since && expiresAt <= now);
  }
}

function asOf({ who, expiresAt }: Known, now: number): Identity {
  const hasExpired = expiresAt !== null && now >= expiresAt;
  return hasExpired ? { kind: 'refused', why: `token ${who.name} has expired` } : who;
}

/** Looks at every token for as long, so that the time taken says nothing of how near a guess was, or of its place. */
function find(known: readonly Known[], digest: Buffer): Known | null {
  let found: Known | null = null;
  for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each;
  return found;
}
