/** A part that has not completed for this long is failing: ten turns of the slowest tick, which comes once a second. */
const MAX_AGE_MS = 10_000;

export interface TickPartsContext {
  readonly onError: (error: unknown) => void;
  /** Hub's clock, ms. */
  readonly now: () => number;
}

interface Part {
  readonly name: string;
  readonly run: (at: number) => void;
  completedAt: number;
}

/** The parts of a tick, in order. Each runs even if another throws, and a part that no longer completes is known by name. */
export class TickParts {
  readonly #context: TickPartsContext;
  readonly #parts: readonly Part[];

  constructor(parts: Readonly<Record<string, (at: number) => void>>, context: TickPartsContext) {
    this.#context = context;
    const completedAt = context.now();
    this.#parts = Object.entries(parts).map(([name, run]) => ({ name, run, completedAt }));
  }

  run(at: number): void {
    for (const part of this.#parts) {
      try {
        part.run(at);
        part.completedAt = at;
      } catch (error) {
        this.#context.onError(error);
      }
    }
  }

  /** The hub stood still until `at`: give each part its full time from then on. */
  forgive(at: number): void {
    for (const part of this.#parts) part.completedAt = at;
  }

  /** Return the name of a part that has not completed for 10 s, because it throws or no tick comes; null if there is none. */
  failing(): string | null {
    const since = this.#context.now() - MAX_AGE_MS;
    return this.#parts.find(({ completedAt }) => completedAt < since)?.name ?? null;
  }
}
