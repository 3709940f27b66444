import { CLOSE } from '@auralis/shared';
import type { Authority } from './authority.js';
import { decideSocket, type Entrance } from './decide.js';
import type { Identity } from './identity.js';

/** As much of a socket as is needed to end it. */
export interface Closable {
  close(code: number, reason: string): void;
}

/** How many sockets were closed, by why. */
export type Ended = ReadonlyMap<string, number>;

/**
 * The sockets that are open, and by what right: whoever has lost it is closed (4003). Sockets of a hub without an
 * auth file are none of them. Looked at once a second, and only where a token has expired meanwhile; a message costs
 * nothing.
 */
export class Admissions {
  readonly #authority: Authority;
  readonly #open = new Set<Admission>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(authority: Authority) {
    this.#authority = authority;
  }

  /** A socket of `who` is being let in. */
  admit(who: Identity, entrance: Entrance): Admission {
    return new Admission(this.#open, who, entrance);
  }

  /** Closes sockets whose tokens have expired since the last look. */
  sweep(now: number): Ended {
    const since = this.#lookedAt;
    this.#lookedAt = now;
    return this.#authority.hasExpired(since, now) ? this.review(now) : NOBODY;
  }

  /** Asks of each socket whether it may still be here, as when tokens have been replaced. */
  review(now: number): Ended {
    const ended = new Map<string, number>();
    for (const admission of this.#open) {
      const refusal = decideSocket(this.#authority.again(admission.who, now), admission.entrance);
      if (refusal === null) continue;
      const { message } = refusal;
      ended.set(message, (ended.get(message) ?? 0) + 1);
      admission.end(message);
    }
    return ended;
  }
}

/** By what right a socket is here, from its opening to its end. */
export class Admission {
  readonly who: Identity;
  readonly entrance: Entrance;
  readonly #open: Set<Admission>;
  #socket: Closable | null = null;

  constructor(open: Set<Admission>, who: Identity, entrance: Entrance) {
    this.#open = open;
    this.who = who;
    this.entrance = entrance;
  }

  opened(socket: Closable): void {
    this.#socket = socket;
    this.#open.add(this);
  }

  closed(): void {
    this.#open.delete(this);
  }

  /** A peer that does not answer takes a while to close: that is asked for, and counted, once. */
  end(why: string): void {
    this.#open.delete(this);
    this.#socket?.close(CLOSE.ACCESS_ENDED, why);
  }
}

/** How many were closed and why, for the log; null where none was. */
export function sayEnded(ended: Ended): string | null {
  if (ended.size === 0) return null;
  let total = 0;
  for (const count of ended.values()) total += count;
  const reasons = [...ended].slice(0, MAX_REASONS).map(([why, count]) => `${why} (${count})`);
  const more = ended.size > MAX_REASONS ? `, and ${ended.size - MAX_REASONS} reasons more` : '';
  return `${total} ${total === 1 ? 'socket is' : 'sockets are'} closed: ${reasons.join(', ')}${more}`;
}

/** There may be a thousand tokens; a line of the log need not name each. */
const MAX_REASONS = 5;
const NOBODY: Ended = new Map();
