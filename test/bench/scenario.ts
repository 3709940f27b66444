import type { Spread } from './statistics.js';

/** How long a run may take: `quick` is for every day, `full` for what is published. */
export type Mode = 'quick' | 'full';

export interface Target {
  readonly max: number;
  /** Target: for the hub's own figure, or its ratio to the peer's. */
  readonly of: 'hub' | 'ratio';
}

/** One line of the table. */
export interface Figure {
  /** The measurement, in a few words. */
  readonly name: string;
  readonly unit: 'µs' | 'bytes' | 'KB' | 'ms' | 'ms/s' | '×';
  readonly hub: Spread;
  readonly peer: { readonly name: string; readonly value: Spread } | null;
  /** Hub ÷ peer, round by round. */
  readonly ratio: Spread | null;
  readonly target: Target | null;
  /** Notes that a reader must know. */
  readonly notes: readonly string[];
}

/** In place of a figure: something was lost or did not add up, so that there is nothing to compare. */
export interface Refused {
  readonly name: string;
  readonly refused: string;
}

export interface ScenarioContext {
  readonly mode: Mode;
  /** Says what is being done now; shown while it lasts. */
  progress(step: string): void;
}

export interface Scenario {
  /** As `--only` takes it. */
  readonly id: string;
  /** The question that it answers. */
  readonly title: string;
  run(context: ScenarioContext): Promise<readonly (Figure | Refused)[]>;
}

/** Thrown where a figure would not be worth printing. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** The figure that `measure` makes, or why there is none. */
export async function figureOr(name: string, measure: () => Promise<Figure>): Promise<Figure | Refused> {
  try {
    return await measure();
  } catch (error) {
    if (error instanceof RefusedError) return { name, refused: error.message };
    throw error;
  }
}
