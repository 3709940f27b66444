/** The hub's alerts as they are shown: worst first, what they are about, and whose fault it is. */
import type { Row, Rows } from './feed.js';
import { number } from './format.js';
import { labelOf } from './judge.js';
import type { Catalogue } from './layout.js';

/** From least to most urgent. */
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** "1 warning", "12 errors", "3 critical". */
export function countedText(severity: Severity, count: number): string {
  const isNoun = severity === 'error' || severity === 'warning';
  return `${number(count)} ${severity}${isNoun && count !== 1 ? 's' : ''}`;
}

export interface Alert {
  readonly key: string;
  readonly severity: Severity;
  readonly title: string;
  /** Stream of an alert that was raised by hand, whose message need not name it; else ''. */
  readonly where: string;
  readonly message: string;
  /** Rows that it stands for; null where it stands for none. */
  readonly count: number | null;
  /** When the condition began to hold, by the hub's clock, ms since 1970. */
  readonly since: number;
  /** null while it fires. */
  readonly resolvedAt: number | null;
  /** Blame of the alert, or ''. */
  readonly blame: string;
  readonly evidence: string;
  /** Why notifiers are not told of it: somebody silenced it, or it follows from another one; null where they are. */
  readonly quiet: 'silenced' | 'consequence' | null;
  /** Subject by name: `stream`, `connection`, `host`, … */
  readonly labels: ReadonlyMap<string, string>;
}

export interface Alerts {
  /** The worst first, those that nobody is told of last, and of equal ones the oldest first. */
  readonly firing: readonly Alert[];
  /** The latest first. */
  readonly resolved: readonly Alert[];
  /** Conditions that do not hold long enough yet. */
  readonly pending: number;
}

export function alertsOf(rows: Rows, catalogue: Catalogue): Alerts {
  const firing: Alert[] = [];
  const resolved: Alert[] = [];
  let pending = 0;
  for (const row of rows.values()) {
    const state = labelOf(row, 'state', catalogue);
    if (state === 'pending') pending++;
    else if (state === 'firing') firing.push(alertOf(row, catalogue));
    else if (state === 'resolved') resolved.push(alertOf(row, catalogue));
  }
  firing.sort((a, b) => rankOf(b) - rankOf(a) || a.since - b.since || compareKeys(a, b));
  resolved.sort((a, b) => (b.resolvedAt ?? 0) - (a.resolvedAt ?? 0) || compareKeys(a, b));
  return { firing, resolved, pending };
}

/** The worst severity that fires and is told, and how many are as bad; null where none is. */
export function worstOf({ firing }: Alerts): { readonly severity: Severity; readonly count: number } | null {
  const loud = firing.filter(({ quiet }) => quiet === null);
  const severity = loud[0]?.severity;
  return severity === undefined
    ? null
    : { severity, count: loud.filter((alert) => alert.severity === severity).length };
}

function alertOf(row: Row, catalogue: Catalogue): Alert {
  const severity = row.attribute('severity');
  const resolvedAt = row.get('resolved_at');
  return {
    key: row.key,
    // Show a severity that this page does not know as critical.
    severity: SEVERITIES.find((known) => known === severity) ?? 'critical',
    title: row.attribute('title') || row.attribute('rule'),
    where: row.attribute('rule') === 'manual' ? row.attribute('stream') : '',
    message: row.attribute('message'),
    count: row.get('count'),
    since: (row.get('since') ?? 0) * 1000,
    resolvedAt: resolvedAt === null ? null : resolvedAt * 1000,
    blame: row.attribute('blame'),
    evidence: row.attribute('evidence'),
    quiet: quietOf(row, catalogue),
    labels: labelsOf(row.attribute('scope')),
  };
}

/** `stream=main connection=x7`: a value goes on to the next name. */
function labelsOf(scope: string): ReadonlyMap<string, string> {
  const pairs = scope.split(/ (?=[a-z_]+=)/).map((pair) => pair.split(/=(.*)/s, 2) as [string, string?]);
  return new Map(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function quietOf(row: Row, catalogue: Catalogue): Alert['quiet'] {
  if (labelOf(row, 'silenced', catalogue) === 'yes') return 'silenced';
  return row.attribute('inhibited_by') === '' ? null : 'consequence';
}

function rankOf({ severity, quiet }: Alert): number {
  return quiet === null ? SEVERITIES.indexOf(severity) : -1;
}

const compareKeys = (a: Alert, b: Alert) => (a.key < b.key ? -1 : Number(a.key > b.key));
