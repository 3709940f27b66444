import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirError } from '@auralis/server/store/data-dir-error';
import { Store } from '@auralis/server/store/store';
import { afterAll, describe, expect, test } from '@jest/globals';
import { newDataDir, ROOT } from '../../harness/hub.js';
import { testKilledStores } from '../../harness/killed-stores.js';
import { until } from '../../harness/until.js';

const root = newDataDir();
let dirs = 0;
const newDir = () => join(root, `dir-${dirs++}`);

afterAll(() => rmSync(root, { recursive: true }));

async function put(store: Store, key: string, value: unknown): Promise<void> {
  const transaction = store.begin();
  transaction.put(store.database('notes'), key, value);
  await transaction.commit();
}

const stateIn = (dir: string) =>
  readdirSync(dir)
    .filter((name) => /^(snapshot|journal)/.test(name))
    .sort();

describe('a store', () => {
  test('keeps what was committed, in the order in which it came, over being opened anew', async () => {
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
    expect(texts(found.entries())).toEqual(['b1', 'a10', 'a9', 'ab1']);
    expect(texts(found.entriesOf('a'))).toEqual(['a10', 'a9']);
    expect(texts(found.entriesOf('a', 1))).toEqual(['a10']);
    expect(again.database('other').get('alone')).toBe(1);
    const removal = again.begin();
    removal.remove(found, ['a', 10]);
    await removal.commit();
    expect(texts(found.entriesOf('a'))).toEqual(['a9']);
    await again.close();
  });

  test('keeps a value as it was when it was put', async () => {
    const store = await Store.open(newDir());
    const value = { text: 'before' };
    const writing = put(store, 'n', value);
    value.text = 'after';
    await writing;
    expect(store.database('notes').get('n')).toEqual({ text: 'before' });
    await store.close();
  });

  test('nothing is written by a transaction that is not committed', async () => {
    const store = await Store.open(newDir());
    const notes = store.database<number>('notes');
    store.begin().put(notes, 'lost', 1);
    await store.begin().commit();
    expect([...notes.entries()]).toEqual([]);
    await store.close();
  });

  test('replaces a long journal by a snapshot while it takes transactions, and loses none of them', async () => {
    const dir = newDir();
    const store = await Store.open(dir);
    const before = stateIn(dir);
    const notes = store.database<string>('notes');
    const commits: Promise<void>[] = [];
    for (let n = 0; n < 3000; n++) {
      const transaction = store.begin();
      transaction.put(notes, ['n', n], `${n}`.padEnd(1500, 'x'));
      if (n >= 100) transaction.remove(notes, ['n', n - 100]);
      commits.push(transaction.commit());
      if (n % 10 === 0) await Promise.all(commits.splice(0));
    }
    await Promise.all(commits);
    await store.close();
    // 150 KB are left of 4.5 MB written, and the journal since the last snapshot.
    expect(stateIn(dir)).not.toEqual(before);
    const bytes = stateIn(dir).reduce((total, name) => total + statSync(join(dir, name)).size, 0);
    expect(bytes).toBeLessThan(2_500_000);
    const again = await Store.open(dir);
    expect(again.damages).toEqual([]);
    expect(Array.from(again.database('notes').entries(), ({ key }) => key[1])).toEqual(
      Array.from({ length: 100 }, (_, at) => 2900 + at),
    );
    await again.close();
    expect(stateIn(dir)).toHaveLength(2);
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

  test('a path too long for a socket is refused', async () => {
    await expect(Store.open(join(newDir(), 'x'.repeat(120)))).rejects.toThrow(/too long a path/);
  });

  test('of an earlier build is moved away, and everything else stays', async () => {
    const dir = newDir();
    mkdirSync(join(dir, 'history'), { recursive: true });
    const old = ['data.mdb', 'lock.mdb', 'data.mdb.damaged-1', 'history/data.mdb', 'history/lock.mdb'];
    for (const name of [...old, 'hub.yaml']) writeFileSync(join(dir, name), name);
    const store = await Store.open(dir, ['history']);
    expect([store.earlierBuild, store.damages]).toEqual([join(dir, 'earlier-build'), []]);
    for (const name of old) expect([name, existsSync(join(dir, 'earlier-build', name))]).toEqual([name, true]);
    for (const name of old) expect([name, existsSync(join(dir, name))]).toEqual([name, false]);
    expect(existsSync(join(dir, 'hub.yaml'))).toBe(true);
    await store.close();
    const again = await Store.open(dir, ['history']);
    expect(again.earlierBuild).toBeNull();
    await again.close();
  });
});

describe('a directory that goes while the store is open', () => {
  test.each<[string, (dir: string) => void]>([
    ['removed', (dir) => rmSync(dir, { recursive: true })],
    ['moved', (dir) => renameSync(dir, `${dir}-moved`)],
    [
      'emptied',
      (dir) => {
        for (const name of readdirSync(dir)) rmSync(join(dir, name));
      },
    ],
  ])('%s, is made anew with everything in it, and held', async (_, remove) => {
    const dir = newDir();
    const store = await Store.open(dir);
    await put(store, 'before', 1);
    remove(dir);
    // It is in memory, and not on the disk: that is said.
    await put(store, 'meanwhile', 2);
    expect(store.failure?.message).toMatch(/^ENOENT: .* was removed while the hub runs$/);
    expect(store.database('notes').get('meanwhile')).toBe(2);
    await store.stored();
    expect([store.failure, store.failures > 0]).toEqual([null, true]);
    await expect(Store.open(dir)).rejects.toThrow('is held by the hub');
    await put(store, 'after', 3);
    await store.close();
    const again = await Store.open(dir);
    expect(Array.from(again.database('notes').entries(), ({ value }) => value)).toEqual([1, 2, 3]);
    await again.close();
  });

  test('is noticed by an idle store, too', async () => {
    const dir = newDir();
    const store = await Store.open(dir);
    await put(store, 'before', 1);
    rmSync(dir, { recursive: true });
    await until(() => store.failures > 0);
    await store.stored();
    await store.close();
    const again = await Store.open(dir);
    expect(again.database('notes').get('before')).toBe(1);
    await again.close();
  });
});

describe('a data directory', () => {
  test('is held by one process, and free the moment that process is killed; no transaction is ever half there', async () => {
    await testKilledStores(5, 20261130);
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
    expect(stateIn(dir)).toHaveLength(2);
  });
});
