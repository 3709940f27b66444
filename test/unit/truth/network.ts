import { seededRandom } from '@auralis/server/simulate/random';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Simulated time, true for all: what is due runs in the order of its time. A binary heap, as a test has millions of
 * events.
 */
export class Timeline {
  now: number;
  readonly #heap: Event[] = [];
  #order = 0;

  constructor(startsAt: number) {
    this.now = startsAt;
  }

  /** Returns what takes it back. */
  at(time: number, run: () => void): () => void {
    let isWanted = true;
    this.#push({ at: Math.max(time, this.now), order: this.#order++, run: () => isWanted && run() });
    return () => {
      isWanted = false;
    };
  }

  runUntil(end: number): void {
    for (;;) {
      const [next] = this.#heap;
      if (next === undefined || next.at > end) break;
      this.#pop();
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(event, heap[parent] as Event); parent = (at - 1) >> 1) {
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && isBefore(heap[right] as Event, heap[left] as Event) ? right : left;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** One way of a connection: what is sent arrives later, and in order, as over TCP. */
export class Path {
  readonly #timeline: Timeline;
  readonly #delayMs: number;
  readonly #jitterMs: number;
  readonly #random: () => number;
  #lastArrival = 0;
  /** Least distance of arrivals: the link's capacity. */
  spacingMs = 0;

  /** `delayMs`: the least that it takes; `jitterMs`: what comes on top, on average (exponentially distributed). */
  constructor(timeline: Timeline, delayMs: number, jitterMs: number, seed: number) {
    this.#timeline = timeline;
    this.#delayMs = delayMs;
    this.#jitterMs = jitterMs;
    this.#random = seededRandom(seed);
  }

  /** Nothing arrives for so long; then all that was on its way does. */
  stall(ms: number): void {
    this.#lastArrival = Math.max(this.#lastArrival, this.#timeline.now + ms);
  }

  send(arrive: () => void): void {
    const takesMs = this.#delayMs - this.#jitterMs * Math.log(1 - this.#random());
    this.#lastArrival = Math.max(this.#lastArrival + this.spacingMs, this.#timeline.now + takesMs);
    this.#timeline.at(this.#lastArrival, arrive);
  }
}
