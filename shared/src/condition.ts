/** Conditions on rows: the same in views of the live protocol, in lists by REST and in what people type. */
import type { Column, Schema } from './catalogue.js';
import { parseIsoTime } from './iso-time.js';
import { MAX_CONDITION_CHARACTERS } from './limits.js';
import type { WhereOp } from './messages.js';
import { show } from './show.js';
import type { Table } from './table.js';

/**
 * `name`: a column, an attribute, `id`, or `any`, which stands for `id` and every attribute. Columns with labels are
 * compared with a label or its number, times with ISO 8601 or seconds since 1970.
 */
export type Condition = readonly [name: string, op: WhereOp, value: string | number];

/** A condition that its table does not know: the message says what was found and what is allowed. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
  readonly code: 'unknown_column' | 'bad_view';

  constructor(code: 'unknown_column' | 'bad_view', message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Return a test whether the row in a slot meets a condition. A missing reading meets none. `given`: an attribute that
 * is the same for all rows, so it is not among `any`.
 * @throws ConditionError
 */
export function rowTest(table: Table, condition: Condition, given: string | null = null): (slot: number) => boolean {
  const [name, op, operand] = condition;
  if (name === 'any') return anyTest(table, op, operand, given);
  if (name === 'id') return textTest((slot) => table.keyOf(slot), name, op, operand);
  const attribute = table.schema.attributes.indexOf(name);
  if (attribute >= 0) return textTest((slot) => table.attributesOf(slot)[attribute] ?? '', name, op, operand);
  const column = columnOf(table.schema, name);
  return numberTest(table, column, op, numberOf(column, operand));
}

/** Operators as people type them. A longer one comes before its beginning. */
const OPERATORS = ['<=', '>=', '!=', '==', '=', '<', '>', 'contains'] as const;

/**
 * Reads a condition as people type it: `latency_ms>500`, `state=open`, `since<2026-01-31T12:00:00Z`. @throws
 * ConditionError
 */
export function parseCondition(text: string, schema: Schema): Condition {
  const [name, operator, operand] = partsOf(text);
  const op = operator === '==' ? '=' : operator;
  if (name === 'id' || name === 'any' || schema.attributes.includes(name)) {
    checkTextOp(name, op);
    return [name, op, operand];
  }
  const column = columnOf(schema, name);
  checkNumberOp(column, op);
  const value = operand === '' ? Number.NaN : Number(operand);
  if (!Number.isFinite(value)) numberOf(column, operand);
  return [name, op, Number.isFinite(value) ? value : operand];
}

/** Split `text` into name, operator and operand. Each character is read once. @throws ConditionError */
function partsOf(text: string): readonly [string, (typeof OPERATORS)[number], string] {
  if (text.length > MAX_CONDITION_CHARACTERS)
    throw new ConditionError('bad_view', `at most ${MAX_CONDITION_CHARACTERS} characters, not ${text.length}`);
  const typed = text.trim();
  const end = wordEnd(typed, 0);
  const rest = typed.slice(end).trimStart();
  const operator = OPERATORS.find((known) => rest.startsWith(known));
  const isWhole = operator !== 'contains' || wordEnd(rest, 0) === operator.length;
  if (end === 0 || operator === undefined || !isWhole)
    throw new ConditionError('bad_view', `like latency_ms>500 or 'client contains bob', not ${show(text)}`);
  return [typed.slice(0, end), operator, rest.slice(operator.length).trimStart()];
}

/** Index of the first character from `at` on that is no letter, digit or underscore. */
function wordEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && /\w/.test(text[end] as string)) end++;
  return end;
}

function columnOf(schema: Schema, name: string): Column {
  const column = schema.columns.find((known) => known.name === name);
  if (column !== undefined) return column;
  const known = ['id', 'any', ...schema.attributes, ...schema.columns.map((each) => each.name)].join(', ');
  throw new ConditionError('unknown_column', `${schema.table} has no column ${show(name)}; known are ${known}`);
}

function anyTest(table: Table, op: WhereOp, operand: string | number, given: string | null) {
  const names = ['id', ...table.schema.attributes.filter((name) => name !== given)];
  const tests = names.map((name) => rowTest(table, [name, op, operand]));
  // None of them is so, where it is said that any is not.
  return op === '!='
    ? (slot: number) => tests.every((test) => test(slot))
    : (slot: number) => tests.some((test) => test(slot));
}

function textTest(textOf: (slot: number) => string, name: string, op: WhereOp, operand: string | number) {
  if (typeof operand !== 'string')
    throw new ConditionError('bad_view', `${name} is compared with text, not ${show(operand)}`);
  checkTextOp(name, op);
  if (op === '=') return (slot: number) => textOf(slot) === operand;
  if (op === '!=') return (slot: number) => textOf(slot) !== operand;
  const wanted = operand.toLowerCase();
  return (slot: number) => textOf(slot).toLowerCase().includes(wanted);
}

function checkTextOp(name: string, op: WhereOp): void {
  if (op === '=' || op === '!=' || op === 'contains') return;
  throw new ConditionError('bad_view', `${name} is text, which knows = != contains, not ${op}`);
}

function checkNumberOp({ name }: Column, op: WhereOp): asserts op is Exclude<WhereOp, 'contains'> {
  if (op === 'contains') throw new ConditionError('bad_view', `${name} is a number; contains is for text`);
}

/**
 * Return the number that cells are compared with: a number, the value of a label, or a time.
 * @throws ConditionError
 */
function numberOf({ name, labels, unit }: Column, operand: string | number): number {
  if (typeof operand === 'number') return operand;
  const at = unit === 'epoch_s' ? parseIsoTime(operand) / 1000 : (labels?.indexOf(operand) ?? -1);
  if (at >= 0) return at;
  const number = unit === 'epoch_s' ? 'a time such as 2026-01-31T12:00:00Z, or seconds since 1970' : 'a number';
  const allowed = labels === undefined ? number : `a number or one of ${labels.join(', ')}`;
  throw new ConditionError('bad_view', `${name} is compared with ${allowed}, not ${show(operand)}`);
}

function numberTest(table: Table, column: Column, op: WhereOp, operand: number): (slot: number) => boolean {
  checkNumberOp(column, op);
  const value = (slot: number) => table.get(slot, column.index);
  switch (op) {
    case '=':
      return (slot) => value(slot) === operand;
    case '!=':
      return (slot) => Math.abs(value(slot) - operand) > 0;
    case '<':
      return (slot) => value(slot) < operand;
    case '<=':
      return (slot) => value(slot) <= operand;
    case '>':
      return (slot) => value(slot) > operand;
    case '>=':
      return (slot) => value(slot) >= operand;
  }
}
