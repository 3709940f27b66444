import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Resolution } from '@auralis/server/history/resolutions';
import { Snapshots } from '@auralis/server/history/snapshots';
import { readRecords } from '@auralis/server/store/record';
import { Store } from '@auralis/server/store/store';
import { expect } from '@jest/globals';
import { DAMAGES } from './damage.js';
import { newDataDir } from './hub.js';
import { randomFrom } from './random.js';

interface Records {
  readonly starts: number[];
  readonly payloads: Buffer[];
  readonly end: number;
}

function recordsIn(bytes: Buffer): Records {
  const starts: number[] = [];
  const payloads: Buffer[] = [];
  const { end } = readRecords(bytes, (payload, at) => {
    payloads.push(payload);
    starts.push(at);
  });
  return { starts, payloads, end };
}

/** Payloads of the records whose bytes are still as they were. */
function untouched(before: Buffer, path: string): { payloads: Buffer[]; lost: number } {
  const after = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const { starts, payloads, end } = recordsIn(before);
  const whole = payloads.filter((_, number) => {
    const [from, to] = [starts[number] as number, starts[number + 1] ?? end];
    return before.subarray(from, to).equals(after.subarray(from, to));
  });
  return { payloads: whole, lost: payloads.length - whole.length };
}

type Kept = Map<string, unknown>;

/** Applies what records of the store say: [database, key, value] puts, [database, key] removes. */
function replay(payloads: readonly Buffer[]): Kept {
  const kept: Kept = new Map();
  for (const payload of payloads) {
    const value: unknown = JSON.parse(payload.toString());
    if (!Array.isArray(value)) continue;
    for (const [database, key, ...rest] of value as [string, unknown, ...unknown[]][]) {
      const name = JSON.stringify([database, key]);
      if (rest.length > 0) kept.set(name, rest[0]);
      else kept.delete(name);
    }
  }
  return kept;
}

const DATABASES = ['notes', 'outbox'];

function contentOf(store: Store): Kept {
  const kept: Kept = new Map();
  for (const name of DATABASES) {
    for (const { key, value } of store.database(name).entries()) kept.set(JSON.stringify([name, key]), value);
  }
  return kept;
}

/** A store whose process was killed: a snapshot, and a journal of 200 transactions. */
async function makeStore(dir: string): Promise<void> {
  for (const transactions of [60, 200]) {
    const store = await Store.open(dir);
    for (let n = 0; n < transactions; n++) {
      const transaction = store.begin();
      transaction.put(store.database('notes'), `n${n}`, { text: `${n} ä`.repeat(1 + (n % 30)) });
      if (n % 3 === 0) transaction.remove(store.database('notes'), `n${n - 30}`);
      transaction.put(store.database('outbox'), ['hook', n], { key: `${n}:firing` });
      await transaction.commit();
    }
    await store.close();
  }
}

/**
 * Damage `count` stores, and open each. Everything in untouched records is there, nothing else is, and the loss is
 * reported unless a journal was cut at its end. Then the store works like an undamaged one.
 */
export async function testDamagedStores(count: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const root = newDataDir();
  const whole = join(root, 'whole');
  await makeStore(whole);
  const names = readdirSync(whole);
  expect(names).toHaveLength(2);
  const said = new Map<string, number>();
  for (let round = 0; round < count; round++) {
    const { name: kind, isCut, damage } = DAMAGES[round % DAMAGES.length] as (typeof DAMAGES)[number];
    const name = names[Math.floor(random() * names.length)] as string;
    const dir = join(root, `store-${round}`);
    cpSync(whole, dir, { recursive: true });
    damage(join(dir, name), random);
    const found = names
      .toSorted((a, b) => (a.startsWith('snapshot') ? -1 : b.startsWith('snapshot') ? 1 : 0))
      .map((each) => untouched(readFileSync(join(whole, each)), join(dir, each)));
    const expected = replay(found.flatMap(({ payloads }) => payloads));
    const lost = found.reduce((total, file) => total + file.lost, 0);

    const what = `round ${round}: ${kind} in ${name}`;
    const store = await Store.open(dir);
    expect([what, contentOf(store)]).toEqual([what, expected]);
    const isTorn = isCut && name.startsWith('journal');
    if (lost > 0 && !isTorn) expect([what, store.damages.length > 0]).toEqual([what, true]);
    if (lost === 0 && kind !== 'bytes behind its end') expect([what, store.damages]).toEqual([what, []]);
    for (const { why } of store.damages) expect(why).toMatch(/^(is damaged|is missing|lacks)/);
    if (store.damages.length > 0) said.set(kind, (said.get(kind) ?? 0) + 1);
    const transaction = store.begin();
    transaction.put(store.database('notes'), 'new', round);
    await transaction.commit();
    expected.set('["notes","new"]', round);
    await store.close();
    const again = await Store.open(dir);
    expect([what, contentOf(again), again.damages]).toEqual([what, expected, []]);
    await again.close();
    rmSync(dir, { recursive: true });
  }
  expect(said.size).toBe(DAMAGES.length);
  rmSync(root, { recursive: true });
}

const BY_SECOND: Resolution = {
  name: 'by-second',
  stepMs: 1000,
  keepMs: 3_600_000,
  fileMs: 60_000,
  maxBytes: 2 ** 24,
  tables: ['hubs'],
};
const START = Date.UTC(2026, 0, 1);
const SECONDS = 150;

async function readAll(snapshots: Snapshots): Promise<Map<number, string>> {
  const reader = snapshots.reader(BY_SECOND, 'hubs');
  const found = new Map<number, string>();
  for (let t = START; ; ) {
    const place = await reader.findFrom(t);
    if (place === null) return found;
    const { bytes } = await reader.read(place);
    if (bytes !== null) found.set(place.t, Buffer.from(bytes).toString());
    t = place.t + 1;
  }
}

/** Damages `count` histories, and reads each, and goes on with it. */
export async function testDamagedHistories(count: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const root = newDataDir();
  const whole = join(root, 'whole');
  const append = (snapshots: Snapshots, second: number) => {
    const t = START + second * 1000;
    const bytes = Buffer.from(`${second} `.repeat(1 + (second % 40)));
    return snapshots.append([{ resolution: BY_SECOND, table: 'hubs', t, bytes }], t);
  };
  const made = await Snapshots.open(whole, () => {}, [BY_SECOND]);
  for (let second = 0; second < SECONDS; second++) await append(made, second);
  await made.close();
  const folder = join('by-second', 'hubs');
  const names = readdirSync(join(whole, folder)).sort();
  expect(names).toHaveLength(3);
  for (let round = 0; round < count; round++) {
    const { name: kind, isCut, damage } = DAMAGES[round % DAMAGES.length] as (typeof DAMAGES)[number];
    const name = names[Math.floor(random() * names.length)] as string;
    const dir = join(root, `history-${round}`);
    cpSync(whole, dir, { recursive: true });
    damage(join(dir, folder, name), random);
    const files = names.map((each) => untouched(readFileSync(join(whole, folder, each)), join(dir, folder, each)));
    const expected = new Map(
      files.flatMap(({ payloads }) => payloads.map((bytes) => [bytes.readDoubleLE(0), bytes.subarray(8).toString()])),
    );
    const lost = files.reduce((total, file) => total + file.lost, 0);

    const what = `round ${round}: ${kind} in ${name}`;
    const damages: string[] = [];
    const snapshots = await Snapshots.open(dir, ({ file }) => damages.push(file), [BY_SECOND]);
    await append(snapshots, SECONDS);
    expected.set(START + SECONDS * 1000, `${SECONDS} `.repeat(1 + (SECONDS % 40)));
    expect([what, await readAll(snapshots)]).toEqual([what, expected]);
    // A file that is missing or empty is like an hour without a hub; a cut one like the end of a hub.
    const isGap = isCut || kind === 'no file' || kind === 'nothing in it';
    if (lost > 0 && !isGap) expect([what, damages]).toEqual([what, [join(dir, folder, name)]]);
    if (lost === 0 && kind !== 'bytes behind its end') expect([what, damages]).toEqual([what, []]);
    await snapshots.close();
    rmSync(dir, { recursive: true });
  }
  rmSync(root, { recursive: true });
}
