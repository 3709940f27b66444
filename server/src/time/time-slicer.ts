/** Other work of the event loop, audio among it, waits no longer than this and one step for a slice. */
const BUDGET_MS = 4;

export interface TimeSlicerContext {
  /** Called with the error of a step. The work is then given up. */
  readonly onError: (error: unknown) => void;
  /** ms, of any beginning. */
  readonly clock?: () => number;
  /** Calls when everybody else has had a turn. */
  readonly nextTurn?: (callback: () => void) => void;
}

/** Does long work, given as steps, in slices: as many steps as there is time for in a turn of the event loop. */
export class TimeSlicer {
  readonly #onError: (error: unknown) => void;
  readonly #clock: () => number;
  readonly #nextTurn: (callback: () => void) => void;
  #steps: Iterator<void> | null = null;

  constructor({ onError, clock = () => performance.now(), nextTurn = setImmediate }: TimeSlicerContext) {
    this.#onError = onError;
    this.#clock = clock;
    this.#nextTurn = nextTurn;
  }

  get isBusy(): boolean {
    return this.#steps !== null;
  }

  /** Begins at once; what there is no time for goes on in later turns. One work at a time. */
  run(steps: Iterator<void>): void {
    if (this.#steps !== null) throw new Error('the work before it is not done yet');
    this.#steps = steps;
    this.#slice(steps);
  }

  /** Drop the rest of the work. */
  stop(): void {
    this.#steps = null;
  }

  #slice(steps: Iterator<void>): void {
    if (this.#steps !== steps) return;
    const end = this.#clock() + BUDGET_MS;
    try {
      do {
        if (steps.next().done !== true) continue;
        this.#steps = null;
        return;
      } while (this.#clock() < end);
    } catch (error) {
      this.#steps = null;
      this.#onError(error);
      return;
    }
    this.#nextTurn(() => this.#slice(steps));
  }
}

interface Work {
  readonly steps: Iterator<void, unknown>;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Does works one after another. Each turn of the event loop has one slice of them, however many wait. */
export class SliceQueue {
  readonly #clock: () => number;
  readonly #nextTurn: (callback: () => void) => void;
  readonly #works: Work[] = [];

  constructor({ clock = () => performance.now(), nextTurn = setImmediate }: Omit<TimeSlicerContext, 'onError'> = {}) {
    this.#clock = clock;
    this.#nextTurn = nextTurn;
  }

  /** Do `steps` when those before them are done. Return their result, or throw what a step throws. */
  run<Result>(steps: Iterator<void, Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#works.push({ steps, resolve, reject }) === 1) this.#nextTurn(this.#slice);
    });
  }

  readonly #slice = () => {
    const end = this.#clock() + BUDGET_MS;
    do {
      const { steps, resolve, reject } = this.#works[0] as Work;
      try {
        const step = steps.next();
        if (step.done !== true) continue;
        resolve(step.value as never);
      } catch (error) {
        reject(error);
      }
      this.#works.shift();
    } while (this.#works.length > 0 && this.#clock() < end);
    if (this.#works.length > 0) this.#nextTurn(this.#slice);
  };
}

/** Do all steps at once. Return their result. */
export function toTheEnd<Result>(steps: Iterator<void, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
