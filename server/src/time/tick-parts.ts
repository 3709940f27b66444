/**
 * A part that has not completed for this long is failing: ten turns of the slowest tick, which comes once a second.
 */
const MAX_AGE_MS = 10_000;

export interface TickPartsContext {
  readonly onError: (error: unknown) => void;
  /** Hub's clock, ms. */
  readonly now: () => number;
}

/** Work of a tick. Long work is a generator, which yields often enough that a step takes a millisecond. */
export type TickWork = (at: number) => Iterable<void> | void;

interface Part {
  readonly name: string;
  readonly run: TickWork;
  completedAt: number;
}

const NO_STEPS: Iterable<void> = [];

/** Parts of a tick. Each runs even if another throws, and a part that no longer completes is known by name. */
export class TickParts {
  readonly #context: TickPartsContext;
  readonly #parts: readonly Part[];

  constructor(parts: Readonly<Record<string, TickWork>>, context: TickPartsContext) {
    this.#context = context;
    const completedAt = context.now();
    this.#parts = Object.entries(parts).map(([name, run]) => ({ name, run, completedAt }));
  }

  /** Do the parts in order, step by step. Time that passes between steps is not seen: `at` is the time of all. */
  *run(at: number): Generator<void> {
    for (const part of this.#parts) {
      try {
        yield* part.run(at) ?? NO_STEPS;
        part.completedAt = at;
      } catch (error) {
        this.#context.onError(error);
      }
      yield;
    }
  }

  /** The loop was blocked until `at`: give each part its full time from then on. */
  forgive(at: number): void {
    for (const part of this.#parts) part.completedAt = at;
  }

  /**
   * Return the name of a part that has not completed for 10 s, because it throws or no tick comes; null if there is
   * none.
   */
  failing(): string | null {
    const since = this.#context.now() - MAX_AGE_MS;
    return this.#parts.find(({ completedAt }) => completedAt < since)?.name ?? null;
  }
}
