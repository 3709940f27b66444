import { BUILT_IN_RULES } from '@auralis/server/alerts/built-in-rules';
import type { Rule, Term } from '@auralis/server/alerts/rule';
import { resolveRule } from '@auralis/server/alerts/rule-spec';
import { isRanked } from '@auralis/server/prometheus/listener-census';
import { boundIn, type ColumnFamily, familyOf, ROW_LABEL, seriesOf } from '@auralis/server/prometheus/naming';
import { type Column, SCHEMAS, type TableName } from '@auralis/shared';
import { stringify } from 'yaml';

/** Shorter than this a range may hold a single scrape, and nothing rises within one. */
const MIN_RANGE_S = 60;

interface PrometheusRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const DOWN: PrometheusRule = {
  alert: 'AuralisHubDown',
  expr: 'up{job="auralis-hub"} == 0',
  for: '30s',
  labels: { severity: 'critical' },
  annotations: { summary: 'The hub does not answer', description: 'Prometheus cannot scrape {{ $labels.instance }}.' },
};

/** The hub's own rules, as far as they can be said of what is on its page. */
export function prometheusRules(): string {
  const rules = BUILT_IN_RULES.map(resolveRule);
  const left = rules.filter((rule) => expressionOf(rule) === null).map(({ name }) => name);
  const header = [
    'Generated from the rules of the hub: run `npx -y pnpm@12.21.0 generate`, and change server/src/alerts/built-in-rules.ts.',
    '',
    'For who alerts from Prometheus instead of from the hub; the hub itself does it with hysteresis, grouping and blame. Of',
    'listeners the page has the five worst of each figure, by name if they are past the threshold; further conditions on',
    'them are left out here, and those that are counted by what they say are not named.',
    `Not here, for they need what only the hub sees: ${left.join(', ')}.`,
  ];
  const document = {
    groups: [{ name: 'auralis-hub', rules: [DOWN, ...rules.flatMap((rule) => written(rule) ?? [])] }],
  };
  return `${header.map((line) => `# ${line}`.trimEnd()).join('\n')}\n\n${stringify(document, { lineWidth: 0 })}`;
}

function written(rule: Rule): PrometheusRule | null {
  const expr = expressionOf(rule);
  if (expr === null) return null;
  const where = whereOf(rule);
  const isCount = rule.condition.kind === 'is' || rule.condition.kind === 'absent' || rule.windowS !== null;
  const found = isCount && rule.table === 'connections' ? '; listeners: ' : ': ';
  return {
    alert: `Auralis${rule.name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    expr,
    for: `${rule.forS}s`,
    labels: { severity: rule.severity },
    annotations: {
      summary: rule.title,
      description: `${rule.help || rule.column.help}${where}${found}${isCount ? VALUE : valueIn(familyOf(rule.column).unit)}`,
    },
  };
}

const VALUE = '{{ $value | humanize }}';

/** A value with its unit, as people read it: the bare figures are in base units, 0.998 and 6442450944. */
function valueIn(unit: string | null): string {
  switch (unit) {
    case 'seconds':
      return '{{ $value | humanizeDuration }}';
    case 'ratio':
      return '{{ $value | humanizePercentage }}';
    case 'bytes':
      return '{{ $value | humanize1024 }}B';
    case 'bytes_per_second':
      return `${VALUE}B/s`;
    case 'decibels':
      return '{{ $value | printf "%.1f" }} dB';
    default:
      return VALUE;
  }
}

/** Subject of a rule, by the labels of its series. */
function whereOf(rule: Rule): string {
  if (isOfWorst(rule)) return ' ({{ $labels.listener }} of stream {{ $labels.stream }})';
  const label = rule.condition.kind === 'absent' ? 'stream' : labelOf(rule.table);
  return label === null ? '' : ` ({{ $labels.${label} }})`;
}

/** A figure whose worst listeners are on the page. */
const isOfWorst = ({ table, column, condition, windowS }: Rule) =>
  table === 'connections' &&
  windowS === null &&
  (condition.kind === 'above' || condition.kind === 'below') &&
  isRanked(column);

/** The rule in PromQL, or null where the page does not have what it looks at. */
function expressionOf(rule: Rule): string | null {
  const base = baseOf(rule);
  if (base === null) return null;
  // Listeners that are counted by what they say have no stream.
  const knowsStream = rule.table !== 'connections' || rule.condition.kind === 'absent' || isOfWorst(rule);
  const parts = [base];
  for (const term of rule.while) if (knowsStream && mayBeSaid(rule, term)) parts.push(`and ${joined(rule, term)}`);
  for (const term of rule.unless) if (knowsStream && mayBeSaid(rule, term)) parts.push(`unless ${joined(rule, term)}`);
  if (rule.insteadOf !== null) parts.push(`unless on (job, instance) ${seriesOf(familyOf(rule.insteadOf))}`);
  return parts.join(' ');
}

function baseOf(rule: Rule): string | null {
  const { table, column, condition, windowS } = rule;
  if (isOfWorst(rule)) return ofWorst(rule);
  if (table === 'connections') return ofListeners(column, condition);
  if (condition.kind !== 'above' && condition.kind !== 'below') return null;
  const family = familyOf(column);
  const series = seriesOf(family);
  const reading = windowS === null ? series : `increase(${series}[${Math.max(windowS, MIN_RANGE_S)}s])`;
  return `${reading} ${condition.kind === 'above' ? '>' : '<'} ${boundIn(family, condition.bound)}`;
}

function ofListeners(column: Column, condition: Rule['condition']): string | null {
  if (condition.kind === 'is') {
    const counts = `auralis_listeners_by_${column.name}{${column.name}=~"${condition.labels.join('|')}"}`;
    return `sum by (job, instance) (${counts}) > 0`;
  }
  // A reading is absent of every listener of a stream, or of none.
  if (condition.kind === 'absent') return `${seriesOf(streamFamily('active_connections'))} > 0`;
  return null;
}

/** By listener, whichever rank it has at this scrape. */
function ofWorst({ column, condition, unless }: Rule): string | null {
  if (condition.kind !== 'above' && condition.kind !== 'below') return null;
  const family = familyOf(column);
  const [end, operator, worst] = condition.kind === 'above' ? ['highest', '>', 'max'] : ['lowest', '<', 'min'];
  const others = unless
    .filter(({ of, condition: [name, op] }) => of === 'row' && name === 'id' && op === 'contains')
    .map(({ condition: [, , text] }) => `,listener!~".*${text}.*"`);
  const series = `${seriesOf(family)}{end="${end}"${others.join('')}}`;
  return `${worst} by (job, instance, stream, listener) (${series}) ${operator} ${boundIn(family, condition.bound)}`;
}

/** A listener's row has only the one figure in Prometheus. */
const mayBeSaid = (rule: Rule, term: Term) => rule.table !== 'connections' || term.of === 'stream';

function joined({ table }: Rule, { of, condition: [name, operator, value] }: Term): string {
  const family = columnFamily(of === 'stream' ? 'streams' : table, name);
  const code = family.column.labels?.indexOf(String(value)) ?? -1;
  const bound = code >= 0 ? code : boundIn(family, Number(value));
  return `on (job, instance, ${labelOf(table) ?? 'stream'}) ${seriesOf(family)} ${operator === '=' ? '==' : operator} ${bound}`;
}

const labelOf = (table: TableName) => (table in ROW_LABEL ? ROW_LABEL[table as keyof typeof ROW_LABEL] : null);

const streamFamily = (name: string) => columnFamily('streams', name);

function columnFamily(table: TableName, name: string): ColumnFamily {
  const column = SCHEMAS[table].columns.find((known) => known.name === name);
  if (column === undefined) throw new Error(`${table} has no column ${name}`);
  return familyOf(column);
}
