import { Allowance } from '../time/windows.js';

/** `own`: the socket itself has used more than the limit. `inherited`: only together with the sockets before it. */
export type Verdict = 'allowed' | 'own' | 'inherited';

/**
 * An allowance of a socket, which goes on with what an earlier socket of its address had used: connecting again makes
 * no new one. The first `least` events of each window are allowed whatever was inherited, because the earlier socket
 * may be a stranger's.
 */
export class SocketAllowance {
  readonly #own: Allowance;
  readonly #least: Allowance;
  /** Use of this socket and those before it. */
  #used: Allowance;

  constructor(limit: number, least: number, windowMs: number) {
    this.#own = new Allowance(limit, windowMs);
    this.#least = new Allowance(least, windowMs);
    this.#used = new Allowance(limit, windowMs);
  }

  /** Use that the next socket of the address inherits. */
  get used(): Allowance {
    return this.#used;
  }

  inherit(used: Allowance): void {
    this.#used = used;
  }

  /** Count one event. */
  take(now: number): Verdict {
    const isInTogether = this.#used.take(now);
    const isInLeast = this.#least.take(now);
    if (!this.#own.take(now)) return 'own';
    return isInTogether || isInLeast ? 'allowed' : 'inherited';
  }
}
