import {
  type Column,
  ConditionError,
  parseCondition,
  SCHEMAS,
  show,
  TABLE_NAMES,
  type TableName,
} from '@auralis/shared';
import type { Severity } from './alert.js';
import { type Condition, type Rule, RuleError, type Term } from './rule.js';

export interface RuleSpec {
  readonly name: string;
  readonly title?: string | undefined;
  readonly help?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly table?: TableName | undefined;
  readonly column?: string | undefined;
  /** Exactly one of these four. */
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  readonly is?: string | readonly string[] | undefined;
  readonly absent?: true | undefined;
  /** Level at which it is good again. Default: 10 % inside the threshold or the target, whichever is nearer. */
  readonly clear?: number | undefined;
  readonly windowS?: number | undefined;
  /** Conditions as in `where` of REST and `tail`, on the row, or on its stream with `stream.` in front. */
  readonly while?: readonly string[] | undefined;
  readonly unless?: readonly string[] | undefined;
  /** `table.column` */
  readonly insteadOf?: string | undefined;
  readonly groupBy?: string | undefined;
  readonly forS?: number | undefined;
  readonly clearForS?: number | undefined;
  readonly refireAfterS?: number | undefined;
}

export const CONDITIONS = ['above', 'below', 'is', 'absent'] as const;
/** A shorter bad reading is an accident. */
const DEFAULT_FOR_S = 5;
/** A shorter good reading is a lull. */
const DEFAULT_CLEAR_FOR_S = 10;
const DEFAULT_REFIRE_AFTER_S = 60;
/** Share of the threshold by which a reading must come back inside it. */
const HYSTERESIS = 0.1;

/** Ids of columns that a listener reports, or that are computed from its reports alone. */
const SAID_BY_LISTENER: ReadonlySet<string> = new Set([
  ...SCHEMAS.connections.columns.filter(({ id }) => id >= 20 && id < 40).map(({ name }) => name),
  'buffer_model_ms',
  'time_to_gap_ms',
]);
/** Tables whose rows belong to a stream, which is the first attribute of each. */
const HAVE_STREAM: ReadonlySet<TableName> = new Set(['connections', 'engines']);

/**
 * Check a rule against the catalogue and fill in defaults.
 * @throws RuleError for everything that is wrong with it
 */
export function resolveRule(spec: RuleSpec): Rule {
  const { table } = spec;
  if (table === undefined) throw refusal(['table'], `one of ${TABLE_NAMES.join(', ')} is needed`);
  if (spec.column === undefined) throw refusal(['column'], 'is needed');
  const column = columnOf(table, spec.column, ['column']);
  const problems: Mutable<RuleError['problems']> = [];
  const read = <Part>(part: () => Part): Part | undefined => {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const terms = (texts: readonly string[] = [], key: string) =>
    texts.map((text, at) => read(() => parseTerm(text, table, [key, at])));
  const parts = {
    condition: read(() => conditionOf(spec, column)),
    windowS: read(() => windowOf(spec, column)),
    while: terms(spec.while, 'while'),
    unless: terms(spec.unless, 'unless'),
    insteadOf: spec.insteadOf === undefined ? null : read(() => insteadOf(spec.insteadOf as string)),
    groupBy: read(() => groupOf(spec.groupBy, table)),
  };
  if (problems.length > 0) throw new RuleError(problems);
  const whole = parts as Pick<Rule, keyof typeof parts>;
  return {
    ...whole,
    name: spec.name,
    title: spec.title ?? spec.name,
    help: spec.help ?? '',
    severity: spec.severity ?? 'warning',
    table,
    column,
    needsTrust: table === 'connections' && namesOf(column, whole.while).some((name) => SAID_BY_LISTENER.has(name)),
    // A lost GPU, or one whose monitor ended, has not recovered.
    holdsMissing: table === 'gpus',
    forS: spec.forS ?? DEFAULT_FOR_S,
    clearForS: spec.clearForS ?? DEFAULT_CLEAR_FOR_S,
    refireAfterS: spec.refireAfterS ?? DEFAULT_REFIRE_AFTER_S,
  };
}

type Mutable<List extends readonly unknown[]> = List[number][];

const refusal = (path: readonly PropertyKey[], message: string) => new RuleError([{ path, message }]);

function windowOf({ windowS, is, absent }: RuleSpec, column: Column): number | null {
  if (windowS === undefined) return null;
  if (is !== undefined || absent !== undefined) {
    throw refusal(['windowS'], 'how much a counter rises is above or below something');
  }
  if (column.counter !== true) throw refusal(['windowS'], `${column.name} is no counter`);
  return windowS;
}

function conditionOf(spec: RuleSpec, column: Column): Condition {
  const given = CONDITIONS.filter((kind) => spec[kind] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none of them' : given.join(' and ');
    throw refusal([], `one of ${CONDITIONS.join(', ')} is needed, not ${found}`);
  }
  if (spec.above !== undefined) return levels('above', spec.above, spec.clear, column);
  if (spec.below !== undefined) return levels('below', spec.below, spec.clear, column);
  if (spec.clear !== undefined) throw refusal(['clear'], 'is a level: only above and below have one');
  if (spec.is === undefined) return { kind: 'absent' };
  const labels = typeof spec.is === 'string' ? [spec.is] : spec.is;
  if (column.labels === undefined) throw refusal(['is'], `${column.name} is a number: use above or below`);
  for (const label of labels) {
    if (column.labels.includes(label)) continue;
    throw refusal(['is'], `one of ${column.labels.join(', ')}, not ${show(label)}`);
  }
  return { kind: 'is', labels };
}

function levels(kind: 'above' | 'below', bound: number, clear: number | undefined, column: Column): Condition {
  if (column.labels !== undefined) throw refusal([kind], `${column.name} is an enumeration: use is`);
  const level = clear ?? defaultClear(kind, bound, column);
  if (kind === 'above' ? level > bound : level < bound) {
    const side = kind === 'above' ? 'at most' : 'at least';
    throw refusal(['clear'], `${side} ${bound}, where it fires, not ${level}: it would clear as it fires`);
  }
  return { kind, bound, clear: level };
}

/** 10 % inside the threshold, but never better than the target. */
function defaultClear(kind: 'above' | 'below', bound: number, { target }: Column): number {
  const inside = Number((bound + (kind === 'above' ? -1 : 1) * HYSTERESIS * Math.abs(bound)).toFixed(6));
  if (kind === 'above') {
    return target?.max !== undefined && target.max <= bound ? Math.max(inside, target.max) : inside;
  }
  return target?.min !== undefined && target.min >= bound ? Math.min(inside, target.min) : inside;
}

/** Prefix of a condition on the stream of a row. */
const OF_STREAM = 'stream.';

/**
 * Read `column op value`.
 * @throws RuleError
 */
function parseTerm(text: string, table: TableName, path: readonly PropertyKey[]): Term {
  const typed = text.trimStart();
  const of = typed.startsWith(OF_STREAM) ? 'stream' : 'row';
  if (of === 'stream' && !HAVE_STREAM.has(table)) {
    throw refusal(path, `stream.: rows of ${[...HAVE_STREAM].join(' and ')} belong to a stream, not ${table}`);
  }
  try {
    const rest = of === 'row' ? typed : typed.slice(OF_STREAM.length);
    return { of, condition: parseCondition(rest, SCHEMAS[of === 'row' ? table : 'streams']) };
  } catch (error) {
    if (error instanceof ConditionError) throw refusal(path, error.message);
    throw error;
  }
}

/** Names of the readings that a rule judges. */
function namesOf(column: Column, terms: readonly Term[]): string[] {
  return [column.name, ...terms.filter(({ of }) => of === 'row').map(({ condition }) => condition[0])];
}

/**
 * Return the column of that name.
 * @throws RuleError that lists the columns there are
 */
function columnOf(table: TableName, name: string, path: readonly PropertyKey[]): Column {
  const { columns } = SCHEMAS[table];
  const column = columns.find((known) => known.name === name);
  if (column !== undefined) return column;
  const known = columns.map((candidate) => candidate.name).join(', ');
  throw refusal(path, `${table} has no column ${show(name)}; it has ${known}`);
}

function insteadOf(text: string): Column {
  const [table = '', name = '', ...more] = text.split('.');
  if (!(TABLE_NAMES as readonly string[]).includes(table) || name === '' || more.length > 0) {
    throw refusal(['insteadOf'], `table.column, such as gpus.memory_used_mb, not ${show(text)}`);
  }
  return columnOf(table as TableName, name, ['insteadOf']);
}

/** Listeners of one stream are one alert by default. */
function groupOf(groupBy: string | undefined, table: TableName): Rule['groupBy'] {
  if (groupBy === undefined) return table === 'connections' ? { attribute: 'stream' } : 'row';
  if (groupBy === 'row' || groupBy === 'all') return groupBy;
  const attributes: readonly string[] = SCHEMAS[table].attributes;
  if (attributes.includes(groupBy)) return { attribute: groupBy };
  throw refusal(
    ['groupBy'],
    `row, all or an attribute of ${table} (${attributes.join(', ') || 'it has none'}), not ${show(groupBy)}`,
  );
}
