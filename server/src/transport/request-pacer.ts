import { MAX_REQUESTS_PER_TURN } from '@auralis/shared';
import { Turns } from '../limits/turns.js';

/** Starts a request. Returns false if the peer has left, because then nothing was done. */
type Start = () => boolean;

/**
 * Starts few plain requests in one turn of the event loop, over all connections, and the others in later turns. One
 * packet can hold 2,000 pipelined requests, which the parsers hand over at once. Addresses and connections take
 * turns, so a peer that pipelines delays only itself.
 */
export class RequestPacer {
  readonly #nextTurn: (callback: () => void) => void;
  readonly #waiting = new Turns<object, Start>();
  #left = MAX_REQUESTS_PER_TURN;
  #isTurnAwaited = false;

  constructor(nextTurn: (callback: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /**
   * Call `start` now if this turn has room and nobody waits, otherwise in a later turn. `connection`: any object that
   * stands for the connection; its requests keep their order.
   */
  run(address: string, connection: object, start: Start): void {
    this.#waiting.add(address, connection, start);
    if (this.#waiting.size === 1) this.#startSome();
    this.#awaitTurn();
  }

  /** Start as many as there is room for, and return how many. */
  #startSome(): number {
    const before = this.#left;
    while (this.#left > 0) {
      const start = this.#waiting.next();
      if (start === undefined) break;
      if (start()) this.#left--;
    }
    return before - this.#left;
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#nextTurn(() => {
      this.#isTurnAwaited = false;
      const started = this.#startSome();
      // The sockets are read next, and nothing else runs in between: these requests count with what they bring.
      this.#left = MAX_REQUESTS_PER_TURN - started;
      if (started > 0 || this.#waiting.size > 0) this.#awaitTurn();
    });
  }
}
