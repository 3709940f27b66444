import {
  MAX_WAITING_CHUNKS,
  MAX_WAITING_FAN_OUT_BYTES,
  MAX_WAITING_FAN_OUT_BYTES_PER_STREAM,
  OWN_FAN_OUT_BYTES,
} from '@auralis/shared';
import { Listener } from '../listeners/listener.js';

/**
 * Work of one turn, in sends of a short message. Each takes some 11 µs, so a turn takes 3 ms. 16 KiB more to copy
 * count as one more send, so a chunk of 4 MiB goes to one listener a turn, which takes 6 ms on `ws`.
 */
const TURN = 256;
const BYTES_A_SEND = 16 * 1024;

/** A message for the listeners who were there when it came: those numbered up to `upTo`. */
interface Round {
  readonly upTo: number;
  readonly cost: number;
  readonly bytes: number;
  readonly give: (some: readonly Listener[]) => void;
}

/** Messages that wait for the listeners of one stream, in the order in which they came. */
interface Queue {
  readonly rounds: Round[];
  /** Next listener of the first round. A set keeps its order, and newcomers are last. */
  place: Iterator<Listener>;
  bytes: number;
}

/**
 * Bounds the sends of one turn of the event loop, over the chunks of all streams. Messages beyond the bound wait for
 * a later turn. Streams take turns, so a stream that floods the hub delays only itself.
 */
export class FanOut {
  readonly #nextTurn: (callback: () => void) => void;
  readonly #queues = new Map<ReadonlySet<Listener>, Queue>();
  #bytes = 0;
  /** Work that this turn may still do. */
  #left = TURN;
  #isNextTurnAsked = false;

  constructor(nextTurn: (callback: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /**
   * Return whether a message of `bytes` may go to all `listeners` at once, and count it as work of this turn. It may
   * not if others wait for them, or if this turn has no time left.
   */
  takeAtOnce(listeners: ReadonlySet<Listener>, bytes: number): boolean {
    const work = listeners.size * costOf(bytes);
    if (this.#queues.has(listeners) || work > this.#left) return false;
    this.#spend(work);
    return true;
  }

  /** Whether there is memory for a message of `bytes` that waits for `listeners`. */
  hasRoom(listeners: ReadonlySet<Listener>, bytes: number): boolean {
    const queue = this.#queues.get(listeners);
    const own = (queue?.bytes ?? 0) + bytes;
    if (own <= OWN_FAN_OUT_BYTES) return true;
    return own <= MAX_WAITING_FAN_OUT_BYTES_PER_STREAM && this.#bytes + bytes <= MAX_WAITING_FAN_OUT_BYTES;
  }

  /** Whether as many messages wait for `listeners` as may. */
  isFull(listeners: ReadonlySet<Listener>): boolean {
    return (this.#queues.get(listeners)?.rounds.length ?? 0) >= MAX_WAITING_CHUNKS;
  }

  /**
   * Give a message of `bytes` to all of `listeners` in later turns. `give` gets some at a time, without those who
   * left.
   */
  add(listeners: ReadonlySet<Listener>, bytes: number, give: (some: readonly Listener[]) => void): void {
    const queue = this.#queues.get(listeners) ?? { rounds: [], place: listeners.values(), bytes: 0 };
    queue.rounds.push({ upTo: Listener.made, cost: costOf(bytes), bytes, give });
    queue.bytes += bytes;
    this.#bytes += bytes;
    this.#queues.set(listeners, queue);
    this.#askForTurn();
  }

  readonly #turn = () => {
    this.#isNextTurnAsked = false;
    this.#left = TURN;
    // A stream with more messages comes again at the end of this loop.
    for (const [listeners, queue] of this.#queues) {
      if (this.#left <= 0) break;
      this.#queues.delete(listeners);
      this.#serve(listeners, queue);
    }
    if (this.#queues.size > 0) this.#askForTurn();
  };

  /** Do some of the first round. */
  #serve(listeners: ReadonlySet<Listener>, queue: Queue): void {
    const round = queue.rounds[0] as Round;
    const most = Math.ceil(this.#left / round.cost);
    const some: Listener[] = [];
    let isDone = false;
    while (!isDone && some.length < most) {
      const { value, done } = queue.place.next();
      isDone = done === true || value.number > round.upTo;
      if (!isDone) some.push(value);
    }
    if (isDone) {
      queue.rounds.shift();
      queue.place = listeners.values();
      queue.bytes -= round.bytes;
      this.#bytes -= round.bytes;
    }
    if (queue.rounds.length > 0) this.#queues.set(listeners, queue);
    // Add one, because a round without receivers must not be free.
    this.#spend(some.length * round.cost + 1);
    if (some.length > 0) round.give(some);
  }

  #spend(work: number): void {
    this.#left = Math.max(0, this.#left - work);
    if (work > 0) this.#askForTurn();
  }

  #askForTurn(): void {
    if (this.#isNextTurnAsked) return;
    this.#isNextTurnAsked = true;
    this.#nextTurn(this.#turn);
  }
}

const costOf = (bytes: number) => 1 + bytes / BYTES_A_SEND;
