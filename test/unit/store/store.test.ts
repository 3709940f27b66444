import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirError } from '@auralis/server/store/data-dir-error';
import { Store } from '@auralis/server/store/store';
import { afterAll, describe, expect, test } from '@jest/globals';
import { newDataDir, ROOT } from '../../harness/hub.js';

const root = newDataDir();
let dirs = 0;
const newDir = () => join(root, `dir-${dirs++}`);

afterAll(() => rmSync(root, { recursive: true }));

describe('a store', () => {
  test('keeps what was committed, in the order of its keys, over being opened anew', async () => {
    const dir = newDir();
    const store = await Store.open(dir);
    const notes = store.database<{ text: string }>('notes');
    const transaction = store.begin();
    for (const [name, n] of [
      ['b', 1],
      ['a', 10],
      ['a', 9],
      ['ab', 1],
    ] as const)
      transaction.put(notes, [name, n], { text: `${name}${n}` });
    transaction.put(store.database<number>('other'), 'alone', 1);
    expect(notes.get(['a', 9])).toBeUndefined();
    await transaction.commit();
    await store.close();

    const again = await Store.open(dir);
    const found = again.database<{ text: string }>('notes');
    const texts = (entries: Iterable<{ value: { text: string } }>) => Array.from(entries, ({ value }) => value.text);
    expect(texts(found.entries())).toEqual(['a9', 'a10', 'ab1', 'b1']);
    expect(texts(found.entriesOf('a'))).toEqual(['a9', 'a10']);
    expect(texts(found.entriesOf('a', 1))).toEqual(['a9']);
    expect(again.database('other').get('alone')).toBe(1);
    const removal = again.begin();
    removal.remove(found, ['a', 9]);
    await removal.commit();
    expect(texts(found.entriesOf('a'))).toEqual(['a10']);
    await again.close();
  });

  test('nothing is written by a transaction that is not committed', async () => {
    const store = await Store.open(newDir());
    const notes = store.database<number>('notes');
    store.begin().put(notes, 'lost', 1);
    await store.begin().commit();
    expect([...notes.entries()]).toEqual([]);
    await store.close();
  });

  test.each<[string, RegExp, string?]>([
    ['a file', /data directory .* cannot be used: ENOTDIR: .* is not a directory; --data-dir names another/],
    ['a path under a file', /cannot be used: ENOTDIR: no directory can be made in .*dir-/, 'below'],
  ])('%s is refused', async (_, message, below = '') => {
    const dir = newDir();
    writeFileSync(dir, '');
    const opening = Store.open(join(dir, below));
    await expect(opening).rejects.toThrow(DataDirError);
    await expect(opening).rejects.toThrow(message);
  });

  // Root may write everywhere.
  if (process.getuid?.() !== 0) {
    test('a directory that cannot be written is refused', async () => {
      chmodSync(root, 0o500);
      await expect(Store.open(newDir()))
        .rejects.toThrow(/cannot be used: EACCES/)
        .finally(() => chmodSync(root, 0o700));
    });
  }

  test('gives up databases of bytes that lay in it, and nothing else', async () => {
    const store = await Store.open(newDir());
    const transaction = store.begin();
    transaction.put(store.binaryDatabase('old'), [1, 'x'], new Uint8Array(10_000));
    transaction.put(store.database<number>('old'), 'n', 1);
    await transaction.commit();
    expect([store.discard(['older']), store.discard(['old', 'older']), store.discard(['old'])]).toEqual([
      false,
      true,
      false,
    ]);
    expect(store.database('old').get('n')).toBe(1);
    await store.close();
  });

  test('a path too long for a socket is refused', async () => {
    await expect(Store.open(join(newDir(), 'x'.repeat(120)))).rejects.toThrow(/too long a path/);
  });
});

describe('a data directory', () => {
  test('is held by one process, and free the moment that process is killed; no transaction is ever half there', async () => {
    const dir = newDir();
    let committed = 0;
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [`${ROOT}test/dist/harness/store-writer.js`, dir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.stdout.on('data', (piece: Buffer) => (output += piece.toString()));
      while (!/\n\d{2,}\n/.test(output)) await new Promise((resolve) => setTimeout(resolve, 5));
      await expect(Store.open(dir)).rejects.toThrow(`is held by the hub with process id ${child.pid}`);
      child.kill('SIGKILL');
      await gone;

      const store = await Store.open(dir);
      const left = store.database<number>('left');
      const n = left.get('n');
      const said = Number(output.trimEnd().split('\n').at(-1));
      expect(n).toBeGreaterThanOrEqual(said);
      expect(store.database('right').get('n')).toBe(n);
      expect(new Set(Array.from(left.entriesOf('filler'), ({ value }) => value))).toEqual(new Set([n]));
      committed += said;
      await store.close();
      expect(readdirSync(dir).sort()).toEqual(['data.mdb', 'lock.mdb']);
    }
    expect(committed).toBeGreaterThan(50);
  });

  test('of many that open a directory of a dead hub at once, one gets it', async () => {
    const dir = newDir();
    const dead = spawn(process.execPath, [`${ROOT}test/dist/harness/store-writer.js`, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => dead.stdout.once('data', resolve));
    dead.kill('SIGKILL');
    await new Promise((resolve) => dead.once('close', resolve));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => Store.open(dir)));
    const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(opened).toHaveLength(1);
    await opened[0]?.close();
    expect(existsSync(join(dir, 'data.mdb'))).toBe(true);
  });
});
