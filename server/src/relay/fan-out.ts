import { MAX_WAITING_FAN_OUT_BYTES } from '@auralis/shared';
import type { Listener } from '../listeners/listener.js';

/**
 * Work of one piece, in sends of a short message. Each takes some 11 µs, so that a piece takes 3 ms; 64 KiB more to copy take
 * as long again.
 */
const PIECE = 256;
const BYTES_A_SEND = 64 * 1024;

/** A message, for the listeners who were there when it came. */
interface Round {
  readonly listeners: ReadonlySet<Listener>;
  readonly receivers: readonly Listener[];
  readonly cost: number;
  readonly bytes: number;
  readonly give: (some: readonly Listener[]) => void;
  at: number;
}

/**
 * Messages for more listeners than one piece of work can serve. They go out in the order in which they came, one piece in a
 * turn of the event loop, so that a long chunk or a large audience holds up nobody else.
 */
export class FanOut {
  readonly #nextTurn: (callback: () => void) => void;
  readonly #rounds: Round[] = [];
  readonly #waiting = new Map<ReadonlySet<Listener>, number>();
  #bytes = 0;

  constructor(nextTurn: (callback: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /** Whether a message of `bytes` may go to all `listeners` at once: it is little work, and none waits for them. */
  isAtOnce(listeners: ReadonlySet<Listener>, bytes: number): boolean {
    return !this.#waiting.has(listeners) && listeners.size * costOf(bytes) <= PIECE;
  }

  /** Whether there is memory for a waiting message of `bytes`. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= MAX_WAITING_FAN_OUT_BYTES;
  }

  /** Give a message of `bytes` to all of `listeners` in later turns. `give` gets some at a time, without those who left. */
  add(listeners: ReadonlySet<Listener>, bytes: number, give: (some: readonly Listener[]) => void): void {
    this.#bytes += bytes;
    this.#waiting.set(listeners, (this.#waiting.get(listeners) ?? 0) + 1);
    const round = { listeners, receivers: [...listeners], cost: costOf(bytes), bytes, give, at: 0 };
    if (this.#rounds.push(round) === 1) this.#nextTurn(this.#piece);
  }

  readonly #piece = () => {
    for (let work = PIECE, round = this.#rounds[0]; round !== undefined && work > 0; round = this.#rounds[0]) {
      const { listeners, receivers, cost, at } = round;
      round.at = Math.min(receivers.length, at + Math.ceil(work / cost));
      work -= (round.at - at) * cost;
      const some = receivers.slice(at, round.at).filter((listener) => listeners.has(listener));
      if (round.at === receivers.length) this.#end(round);
      round.give(some);
    }
    if (this.#rounds.length > 0) this.#nextTurn(this.#piece);
  };

  #end({ listeners, bytes }: Round): void {
    this.#rounds.shift();
    this.#bytes -= bytes;
    const others = (this.#waiting.get(listeners) ?? 0) - 1;
    if (others > 0) this.#waiting.set(listeners, others);
    else this.#waiting.delete(listeners);
  }
}

const costOf = (bytes: number) => 1 + bytes / BYTES_A_SEND;
