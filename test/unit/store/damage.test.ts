import { spawnSync } from 'node:child_process';
import { cpSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Store } from '@auralis/server/store/store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cut, scribble } from '../../harness/damage.js';
import { newDataDir, ROOT } from '../../harness/hub.js';
import { randomFrom } from '../../harness/random.js';

const root = newDataDir();
const whole = join(root, 'whole');
/** What was put into `whole`, as it should come back. */
const notes = new Map<string, { text: string }>();
let dirs = 0;

beforeAll(async () => {
  const store = await Store.open(whole);
  const kept = store.database<{ text: string }>('notes');
  for (let round = 0; round < 30; round++) {
    const transaction = store.begin();
    for (let n = 0; n < 20; n++) {
      const value = { text: `${round}-${n}`.repeat(20) };
      transaction.put(kept, `n${round}-${n}`, value);
      notes.set(`n${round}-${n}`, value);
    }
    for (let n = 0; n < 15; n++) {
      transaction.remove(kept, `n${round - 1}-${n}`);
      notes.delete(`n${round - 1}-${n}`);
    }
    transaction.put(store.binaryDatabase('bytes'), [round, 'x'], new Uint8Array(20_000).fill(round));
    await transaction.commit();
  }
  await store.close();
});
afterAll(() => rmSync(root, { recursive: true }));

/** A copy of `whole` that has been damaged. */
function damaged(damage: (path: string) => void): { dir: string; bytes: Buffer } {
  const dir = join(root, `dir-${dirs++}`);
  cpSync(whole, dir, { recursive: true });
  damage(join(dir, 'data.mdb'));
  return { dir, bytes: readFileSync(join(dir, 'data.mdb')) };
}

const textsIn = (store: Store) =>
  new Map(Array.from(store.database<{ text: string }>('notes').entries(), ({ key, value }) => [String(key), value]));
const asideIn = (dir: string) => readdirSync(dir).filter((name) => name.includes('.damaged-'));

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, at);
}

/** Changes one letter of a value that is stored. */
function changeLetter(path: string): void {
  const [, { text = '' } = {}] = [...notes].at(-1) ?? [];
  overwrite(path, readFileSync(path).lastIndexOf(text) + 3, Buffer.from('?'));
}

/**
 * Puts a page that is in use, the root of all databases, onto the list of free pages, in place of the first of each transaction. Of LMDB's file
 * as lmdb 3 writes it: pages of 4 KiB with a head of 24 bytes; behind that of pages 0 and 1 what the database is, with the roots of
 * the list (byte 88) and of all databases (136), and the transaction that wrote it (152).
 */
function giveAwayRoot(path: string): void {
  const file = readFileSync(path);
  const number = (at: number) => Number(file.readBigUInt64LE(at));
  const meta = number(152) > number(4096 + 152) ? 0 : 4096;
  const leaf = number(meta + 88) * 4096;
  const nodes = file.readUInt16LE(leaf + 20) / 2;
  for (let node = 0; node < nodes; node++) {
    const list = leaf + 24 + file.readUInt16LE(leaf + 24 + 2 * node) + 16;
    file.writeBigUInt64LE(BigInt(number(meta + 136)), list + 8);
  }
  writeFileSync(path, file);
}

describe('a database that is damaged is set aside, named, and a new one begun', () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ['is none', (path) => writeFileSync(path, 'x'.repeat(10_000)), /./],
    ['is cut off within its head', (path) => cut(path, 0.001), /./],
    ['is cut off', (path) => cut(path, 0.25), /./],
    ['lost its last page', (path) => cut(path, 0.995), /./],
    ['is nothing behind its head', (path) => overwrite(path, 8192, new Uint8Array(300_000)), /./],
    ['takes a page that is in use for a free one', giveAwayRoot, /./],
    ['has another letter in a value', changeLetter, /^the value of "n\d+-\d+" is not what was stored$/],
  ])('where it %s', async (_, damage, why) => {
    const { dir, bytes } = damaged(damage);
    writeFileSync(join(dir, 'data.mdb.damaged-2026-01-01T000000000Z'), 'from before');
    const store = await Store.open(dir);
    expect(store.damage?.why).toMatch(why);
    expect(textsIn(store)).toEqual(new Map());
    const transaction = store.begin();
    transaction.put(store.database('notes'), 'new', 1);
    await transaction.commit();
    await store.close();
    // As it was, and alone.
    expect(asideIn(dir).map((name) => join(dir, name))).toEqual([store.damage?.file]);
    expect(readFileSync(store.damage?.file ?? '').equals(bytes)).toBe(true);

    const again = await Store.open(dir);
    expect([again.damage, again.database('notes').get('new')]).toEqual([null, 1]);
    await again.close();
  });

  test('wherever random bytes got into it: all of it is there, or it begins anew, and it can be written', async () => {
    const random = randomFrom(20261124);
    let setAside = 0;
    for (let round = 0; round < 24; round++) {
      const { dir } = damaged((path) => scribble(path, random));
      // It may end the process that opens it.
      const writer = spawnSync(process.execPath, [`${ROOT}test/dist/harness/store-writer.js`, dir, '40'], {
        encoding: 'utf8',
      });
      expect([round, writer.status, writer.signal, writer.stdout.split('\n').at(-2)]).toEqual([round, 0, null, '40']);
      const store = await Store.open(dir);
      const isAside = asideIn(dir).length > 0;
      expect(store.damage).toBeNull();
      expect(textsIn(store)).toEqual(isAside ? new Map() : notes);
      if (isAside) setAside++;
      await store.close();
      rmSync(dir, { recursive: true });
    }
    expect(setAside).toBeGreaterThan(6);
    // 24 processes, one after the other: beside others on two cores each takes a second and more.
  }, 120_000);

  test('but not while a hub holds it', async () => {
    const { dir } = damaged(() => {});
    const store = await Store.open(dir);
    overwrite(join(dir, 'data.mdb'), 8192, new Uint8Array(300_000));
    await expect(Store.open(dir)).rejects.toThrow(`is held by the hub with process id ${process.pid}, since `);
    expect(asideIn(dir)).toEqual([]);
    await store.close();
  });
});
