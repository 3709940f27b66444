/** So many messages in so long, or more, and it is worth it: 2,000 a second. */
const MANY = 100;
const WINDOW_MS = 50;
/**
 * From one look at the sockets to the next, and so the longest that a message is kept waiting. Each look leaves 350 bytes of garbage,
 * which is what `setImmediate` makes.
 */
const PERIOD_MS = 2;

/** The loop of this process, and its clock. A test brings its own. */
export interface Loop {
  /** ms, fractional, and never backwards. */
  now(): number;
  /** Nothing happens in this process for so long; `ms` may be a fraction. */
  sleep(ms: number): void;
  /** Before the loop looks at its sockets again. */
  afterThisTurn(work: () => void): void;
}

const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

const REAL: Loop = {
  now: performance.now.bind(performance),
  sleep: (ms) => void Atomics.wait(cell, 0, 0, ms),
  afterThisTurn: (work) => void setImmediate(work),
};

/** A sleep of a millisecond or two takes up to sixteen on Windows. */
const SLEEPS_WELL = process.platform !== 'win32';

/**
 * Wakes up for many messages at once, as a network card does under load (interrupt coalescing): to be woken for a message
 * costs the kernel more than all that the hub then does with it, and ten thousand a second wake it ten thousand times. While
 * more than 2,000 a second come, the loop looks at its sockets every two milliseconds, and sleeps in between for as long as
 * it has nothing to do. A loop that is busy for longer than that never sleeps, so nothing is lost of what it can do.
 */
export class Coalescing {
  readonly #loop: Loop;
  /** Messages since the window began. */
  #messages = 0;
  #windowAt = Number.NEGATIVE_INFINITY;
  #isOn = false;
  #isAsked = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(loop = REAL) {
    this.#loop = loop;
  }

  /** A message has come. */
  note(): void {
    this.#messages++;
    if (this.#isOn) this.#ask();
    else if (this.#messages >= MANY) this.#judge(this.#loop.now());
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#loop.afterThisTurn(this.#rest);
  }

  readonly #rest = () => {
    this.#isAsked = false;
    const now = this.#loop.now();
    if (now - this.#windowAt >= WINDOW_MS) this.#judge(now);
    if (!this.#isOn) return;
    const restMs = this.#lookedAt + PERIOD_MS - now;
    if (restMs > 0) this.#loop.sleep(restMs);
    this.#lookedAt = this.#loop.now();
  };

  /** Ends a window: did messages come often enough in it? */
  #judge(now: number): void {
    this.#isOn = SLEEPS_WELL && this.#messages * WINDOW_MS >= MANY * (now - this.#windowAt);
    this.#windowAt = now;
    this.#messages = 0;
  }
}
