import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Store } from '@auralis/server/store/store';
import { expect, test } from '@jest/globals';
import { flip } from '../../harness/damage.js';
import { testDamagedHistories, testDamagedStores } from '../../harness/damaged-stores.js';
import { newDataDir } from '../../harness/hub.js';
import { randomFrom } from '../../harness/random.js';

test('damaged stores give everything that lay in whole records, say what is lost, and go on', async () => {
  await testDamagedStores(63, 20261130);
}, 60_000);

test('so do damaged histories', async () => {
  await testDamagedHistories(63, 20261130);
}, 60_000);

test('the last damaged file is kept for people to look at, and no other', async () => {
  const dir = newDataDir();
  const aside: string[][] = [];
  for (const round of [1, 2]) {
    const before = await Store.open(dir);
    const transaction = before.begin();
    transaction.put(before.database('notes'), `n${round}`, 'text'.repeat(100));
    await transaction.commit();
    await before.close();
    const journal = readdirSync(dir).find((name) => /^journal-\d+$/.test(name)) as string;
    flip(join(dir, journal), randomFrom(round));
    const bytes = readFileSync(join(dir, journal));
    const store = await Store.open(dir);
    const [damage] = store.damages;
    expect(damage?.file).toMatch(/journal-\d+\.damaged-2\w+Z$/);
    expect(readFileSync(damage?.file ?? '').equals(bytes)).toBe(true);
    aside.push(readdirSync(dir).filter((name) => name.includes('.damaged-')));
    await store.close();
  }
  expect(aside.map((names) => names.length)).toEqual([1, 1]);
  expect(aside[0]).not.toEqual(aside[1]);
  rmSync(dir, { recursive: true });
});

test('files of a crash between two steps are no damage', async () => {
  const dir = newDataDir();
  const store = await Store.open(join(dir, 'whole'));
  const transaction = store.begin();
  transaction.put(store.database('notes'), 'n', 1);
  await transaction.commit();
  await store.close();
  // A crash in the middle of the next start: the new journal is there, and its snapshot is not.
  await (await Store.open(join(dir, 'whole'))).close();
  const [journal = '', snapshot = ''] = readdirSync(join(dir, 'whole')).sort();
  const torn = join(dir, 'torn');
  mkdirSync(torn);
  const first = await Store.open(torn);
  await first.close();
  for (const name of readdirSync(torn)) if (name.startsWith('snapshot')) rmSync(join(torn, name));
  writeFileSync(join(torn, 'snapshot-1.new'), 'half');
  const opened = await Store.open(torn);
  expect([opened.damages, readdirSync(torn).filter((name) => name.endsWith('.new'))]).toEqual([[], []]);
  await opened.close();
  // A crash before old files were removed.
  const old = join(dir, 'old');
  cpSync(join(dir, 'whole'), old, { recursive: true });
  const number = Number(/\d+/.exec(journal)?.[0]);
  cpSync(join(old, journal), join(old, `journal-${number - 1}`));
  const again = await Store.open(old);
  expect([snapshot, again.damages, again.database('notes').get('n')]).toEqual([`snapshot-${number}`, [], 1]);
  await again.close();
  rmSync(dir, { recursive: true });
});
