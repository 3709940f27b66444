import { type Column, labelOf, neutral, SCHEMAS } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import type { Rule } from './rule.js';

/** Names by which silences and routes know the rows of a group. */
export function labelsOf(rule: Rule, group: string, tables: Tables): Readonly<Record<string, string>> {
  const { table, groupBy } = rule;
  if (groupBy === 'all') return {};
  if (typeof groupBy === 'object') return { [groupBy.attribute]: neutral(group) };
  const row = { [table.slice(0, -1)]: group };
  const slot = tables[table].slotOf(group);
  const attributes = slot === undefined ? [] : tables[table].attributesOf(slot);
  const label = (name: string) => {
    const value = attributes[(SCHEMAS[table].attributes as readonly string[]).indexOf(name)];
    return value === undefined || value === '' ? {} : { [name]: neutral(value) };
  };
  return { ...label('stream'), ...row, ...label('client'), ...label('name') };
}

export interface Described {
  readonly rule: Rule;
  readonly group: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
  /** NaN if there is none. */
  readonly worst: number;
  /** Names of some rows; none if the label names them already. */
  readonly names: readonly string[];
}

/** `3 listeners of stream main: buffer depth below 50 ms, 12 ms at worst (anna, bob, carol)`. */
export function messageOf({ rule, group, labels, count, worst, names }: Described): string {
  const named = names.length === 0 ? '' : ` (${names.join(', ')}${count > names.length ? ', …' : ''})`;
  return neutral(`${subjectOf(rule, group, labels, count)}: ${troubleOf(rule, worst)}${named}`);
}

function subjectOf(rule: Rule, group: string, labels: Readonly<Record<string, string>>, count: number): string {
  const noun = rule.table === 'connections' ? 'listener' : rule.table.slice(0, -1);
  if (rule.groupBy === 'row') return `${noun} ${labels.client ?? group}`;
  const of = typeof rule.groupBy === 'object' ? ` of ${rule.groupBy.attribute} ${group}` : '';
  return `${count} ${noun}${count === 1 ? '' : 's'}${of}`;
}

function troubleOf({ column, condition, windowS, help }: Rule, worst: number): string {
  switch (condition.kind) {
    case 'is':
      return help === '' ? `${labelOf(column)} is ${condition.labels.join(' or ')}` : help;
    case 'absent':
      return help === '' ? `no reading of ${labelOf(column)}` : help;
    default: {
      const bound = quantity(column, condition.bound);
      const rise = `${labelOf(column)} rose by ${condition.kind === 'above' ? 'more' : 'less'} than ${bound} in ${windowS} s`;
      const level = windowS === null ? `${labelOf(column)} ${condition.kind} ${bound}` : rise;
      const atWorst = Number.isNaN(worst) ? '' : `, ${quantity(column, worst)} at worst`;
      return `${level}${atWorst}${help === '' ? '' : `; ${help}`}`;
    }
  }
}

const UNITS: Readonly<Record<string, string>> = {
  count: '',
  enum: '',
  ratio: '',
  '1/s': '/s',
  'count/min': '/min',
  'count/h': '/h',
};

/** A reading with its unit; a ratio in percent. */
export function quantity({ unit, scale }: Column, value: number): string {
  if (unit === 'ratio') return `${Number((value * 100).toFixed(Math.max(0, scale - 2)))} %`;
  const shown = UNITS[unit] ?? ` ${unit}`;
  return `${Number(value.toFixed(scale))}${shown}`;
}

/** `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
