import type { Column, Condition as RowCondition, TableName } from '@auralis/shared';
import type { Severity } from './alert.js';

export class RuleError extends Error {
  override readonly name = 'RuleError';
  /** Place in the rule, value found and values allowed. */
  readonly problems: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];

  constructor(problems: RuleError['problems']) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
  }
}

/** A condition on the row, or on its stream. A missing reading meets none. */
export interface Term {
  readonly of: 'row' | 'stream';
  readonly condition: RowCondition;
}

/**
 * When a reading is bad. `clear`: the level at which it is good again, which differs from the level at which it
 * fires.
 */
export type Condition =
  | { readonly kind: 'above' | 'below'; readonly bound: number; readonly clear: number }
  | { readonly kind: 'is'; readonly labels: readonly string[] }
  | { readonly kind: 'absent' };

export interface Rule {
  /** Unique among the rules. */
  readonly name: string;
  readonly title: string;
  /** Its meaning for people; '' if the reading says everything. */
  readonly help: string;
  readonly severity: Severity;
  readonly table: TableName;
  readonly column: Column;
  readonly condition: Condition;
  /** Seconds over which the counter must rise; null if the reading itself is judged. */
  readonly windowS: number | null;
  /** All of these must hold, and none of `unless`. */
  readonly while: readonly Term[];
  readonly unless: readonly Term[];
  /** It replaces this column of another table, only while no row reports that. */
  readonly insteadOf: Column | null;
  /** Whether an alert goes on if its reading vanishes. Otherwise that ends it. */
  readonly holdsMissing: boolean;
  /** Whether it judges what a listener reports, which counts only while the listener is trusted. */
  readonly needsTrust: boolean;
  /** Rows that make one alert: each alone, all, or those with the same value of this attribute. */
  readonly groupBy: 'row' | 'all' | { readonly attribute: string };
  /** How long a reading must be bad before it counts. */
  readonly forS: number;
  /** How long a reading must be good before it counts. */
  readonly clearForS: number;
  /** How long after its end an alert of the same rows may not fire again. */
  readonly refireAfterS: number;
}

/** Return a level as the integer that cells of its column hold. */
export function fixedPoint(column: Column, value: number): number {
  // 0.05 × 10⁴ is a hair more than 500 in binary.
  return Number((value * 10 ** column.scale).toFixed(6));
}
