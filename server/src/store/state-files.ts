import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Databases, Key, Write } from './database.js';
import { describeDamage, readRecords } from './record.js';

/*
 * The state is a snapshot and the journals since. snapshot-7 holds everything from before journal-7, and the writes of
 * journal-7 and later ones are applied to it. The first record of each file is its head. In a journal each further
 * record is a transaction. In a snapshot it is an entry, and the last record says how many there are.
 */

const STATE_FILE = /^(snapshot|journal)-(\d{1,15})$/;
const FORMAT = 1;

type Kind = 'snapshot' | 'journal';

export interface Head {
  readonly format: number;
  readonly kind: Kind;
  readonly number: number;
  /** In a journal: the newest snapshot when it was begun; 0: there was none. */
  readonly after: number;
}

/** A file that is damaged, or missing. */
export interface Damage {
  readonly file: string;
  /** The fault, for people, behind the name of the file. */
  readonly why: string;
}

export interface StateRead {
  readonly damages: readonly Damage[];
  /** Names of the files that were read. */
  readonly names: readonly string[];
  /** The highest number among them. */
  readonly number: number;
}

export const isStateFile = (name: string) => STATE_FILE.test(name);
export const stateFileName = (kind: Kind, number: number) => `${kind}-${number}`;
export const numberOf = (name: string) => Number(STATE_FILE.exec(name)?.[2]);

export function encodeHead(kind: Kind, number: number, after: number): Buffer {
  return Buffer.from(JSON.stringify({ format: FORMAT, kind, number, after } satisfies Head));
}

export function encodeWrites(writes: readonly Write[]): Buffer {
  const texts = writes.map(({ database, key, json }) => {
    const place = `${JSON.stringify(database)},${JSON.stringify(key)}`;
    return json === null ? `[${place}]` : `[${place},${json}]`;
  });
  return Buffer.from(`[${texts.join(',')}]`);
}

/** The last record of a snapshot. */
export const encodeEnd = (entries: number) => Buffer.from(JSON.stringify({ entries }));

/** Read the files in `dir` into `databases`, and change nothing there. Damage costs only what lay in it. */
export function readState(dir: string, databases: Databases): StateRead {
  const names = readdirSync(dir).filter(isStateFile).sort(inOrder);
  const numbers = new Set(names.map((name) => name.replace(/^\w+-/, '')));
  const damages: Damage[] = [];
  const heads: Head[] = [];
  for (const name of names) {
    const file = join(dir, name);
    const { head, why, writes } = readStateFile(file);
    if (why !== null) damages.push({ file, why });
    if (head !== null) heads.push(head);
    const isWholeSnapshot = name.startsWith('snapshot') && why === null;
    // A whole snapshot has everything from before it. Over a damaged one, older files fill gaps.
    if (isWholeSnapshot) databases.clear();
    for (const transaction of writes) databases.apply(transaction);
  }
  damages.push(...missing(dir, names, heads));
  return { damages, names, number: Math.max(0, ...[...numbers].map(Number)) };
}

interface FileRead {
  readonly head: Head | null;
  readonly why: string | null;
  readonly writes: readonly (readonly Write[])[];
}

function readStateFile(path: string): FileRead {
  const values: unknown[] = [];
  const { damaged } = readRecords(readFileSync(path), (payload) => values.push(parse(payload)));
  const head = isHead(values[0]) ? values[0] : null;
  if (head !== null && head.format !== FORMAT) {
    return { head: null, why: `is of format ${head.format}, and this build reads format ${FORMAT}`, writes: [] };
  }
  const writes = values.flatMap((value) => (Array.isArray(value) ? [value.map(toWrite)] : []));
  const end = values.at(-1) as { readonly entries?: number } | undefined;
  let why: string | null = null;
  if (values.length === 0) why = 'is damaged: nothing in it can be read';
  else if (damaged.length > 0) why = describeDamage(damaged);
  else if (head === null) why = 'is damaged: its first record is missing';
  else if (head.kind === 'snapshot' && end?.entries !== writes.length)
    why = `is damaged: it is cut off after ${writes.length} entries`;
  return { head, why, writes };
}

/** Files that must have been there, as the others tell. */
function missing(dir: string, names: readonly string[], heads: readonly Head[]): Damage[] {
  const found = new Set(names);
  const numbersOf = (kind: Kind) => names.filter((name) => name.startsWith(kind)).map(numberOf);
  const base = Math.max(0, ...numbersOf('snapshot'));
  const journals = numbersOf('journal');
  const hasBase = base >= Math.max(0, ...heads.map(({ after }) => after));
  const gone: Damage[] = hasBase ? [] : [{ file: dir, why: 'lacks its snapshot' }];
  const first = hasBase && base > 0 ? base : Math.min(...journals);
  for (let number = first; number <= Math.max(base, ...journals); number++) {
    const name = stateFileName('journal', number);
    if (!found.has(name)) gone.push({ file: join(dir, name), why: 'is missing' });
  }
  return gone;
}

function inOrder(a: string, b: string): number {
  return numberOf(a) - numberOf(b) || (a < b ? 1 : -1);
}

function isHead(value: unknown): value is Head {
  return typeof value === 'object' && value !== null && 'format' in value && 'kind' in value;
}

/** Return the value, or undefined if `text` is no JSON. A record with a right checksum always is. */
function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}

function toWrite([database, key, ...value]: [string, Key, ...unknown[]]): Write {
  return { database, key, json: value.length === 0 ? null : JSON.stringify(value[0]) };
}
