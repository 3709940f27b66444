/** Settings are refused: of each, a line names the place, what was found, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One at least. */
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[]) {
    const all = typeof problems === 'string' ? [problems] : problems;
    super(all.join('\n'));
    this.problems = all;
  }
}

/** Gathers what is wrong with settings, so that all of it is said at once. */
export class Problems {
  readonly #found: string[] = [];

  add(problem: string): void {
    this.#found.push(problem);
  }

  /** Return the result of `read`, or undefined if it refuses something. */
  try<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#found.push(...error.problems);
      return undefined;
    }
  }

  /** @throws ConfigError */
  assertNone(): void {
    if (this.#found.length > 0) throw new ConfigError(this.#found);
  }
}
