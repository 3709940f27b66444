import { MAX_REQUESTS_PER_TURN } from '@auralis/shared';

/** Starts a request. Returns false if the peer has left, because then nothing was done. */
type Start = () => boolean;

/**
 * Starts few plain requests in one turn of the event loop, of all connections together, and the others in later turns, in
 * order. One packet can hold 2,000 pipelined requests, and the parsers hand all of them over at once.
 */
export class RequestPacer {
  readonly #nextTurn: (callback: () => void) => void;
  readonly #waiting: Start[] = [];
  #left = MAX_REQUESTS_PER_TURN;
  #isTurnAwaited = false;

  constructor(nextTurn: (callback: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /** Call `start` now if this turn has room and nobody waits, otherwise in a later turn. */
  run(start: Start): void {
    this.#waiting.push(start);
    if (this.#waiting.length === 1) this.#startSome();
    this.#awaitTurn();
  }

  /** Start as many as there is room for, and return how many. */
  #startSome(): number {
    const before = this.#left;
    while (this.#left > 0) {
      const start = this.#waiting.shift();
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
      if (started > 0 || this.#waiting.length > 0) this.#awaitTurn();
    });
  }
}
