/** What an alert rule is, once it has been checked against the catalogue: see `rule-spec.ts` for how one is written. */
import type { Column, Condition as RowCondition, TableName } from '@auralis/shared';
import type { Severity } from './alert.js';

/** A rule is refused. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  /** Where in the rule, what was found and what is allowed. */
  readonly problems: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];

  constructor(problems: RuleError['problems']) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
  }
}

/** A condition on the row itself, or on the stream that the row belongs to. What is missing meets none. */
export interface Term {
  readonly of: 'row' | 'stream';
  readonly condition: RowCondition;
}

/** What is wrong with a reading. `clear`: the level at which it is well again, which is not the one at which it fires. */
export type Condition =
  | { readonly kind: 'above' | 'below'; readonly bound: number; readonly clear: number }
  | { readonly kind: 'is'; readonly labels: readonly string[] }
  | { readonly kind: 'absent' };

export interface Rule {
  /** Unique among the rules. */
  readonly name: string;
  readonly title: string;
  /** What it means, for people; '' where the reading says it all. */
  readonly help: string;
  readonly severity: Severity;
  readonly table: TableName;
  readonly column: Column;
  readonly condition: Condition;
  /** Over how many seconds the column, a counter, is to rise; null where the reading itself is judged. */
  readonly windowS: number | null;
  /** All of these must hold, and none of `unless`. */
  readonly while: readonly Term[];
  readonly unless: readonly Term[];
  /** It stands in for this column of another table, and only while nobody reports that. */
  readonly insteadOf: Column | null;
  /** A reading that vanishes says nothing: what was bad stays so until there is a good one. Else it ends the alert. */
  readonly holdsMissing: boolean;
  /** It judges what a listener says of itself, which counts only while the listener can be believed. */
  readonly needsTrust: boolean;
  /** Rows that make one alert together: each for itself, all, or those with the same value of this attribute. */
  readonly groupBy: 'row' | 'all' | { readonly attribute: string };
  /** How long a reading must be bad before it counts. */
  readonly forS: number;
  /** How long it must be well before it counts as well. */
  readonly clearForS: number;
  /** How long after its end an alert of the same rows may not fire anew. */
  readonly refireAfterS: number;
}

/** The level of a condition as the integer that its column's cells hold. */
export function fixedPoint(column: Column, value: number): number {
  // 0.05 × 10⁴ is a hair more than 500 in binary.
  return Number((value * 10 ** column.scale).toFixed(6));
}
