import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NO_RULES, raise } from '../harness/alerts.js';
import { ask } from '../harness/http.js';
import { BIN, HubProcess, newDataDir, runCommand } from '../harness/hub.js';
import { describeIf } from '../harness/program.js';
import { Receiver } from '../harness/receiver.js';
import { SmallDisk } from '../harness/small-disk.js';
import { until } from '../harness/until.js';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const disk = isRoot ? SmallDisk.make(8) : null;
if (disk === null)
  process.stdout.write('no disk can be mounted here: tests of a full and of a read-only disk are left out\n');
afterAll(() => disk?.remove());

/** The last of its files has been made: none comes for a second. */
function hasHistory(dir: string): boolean {
  const folder = join(dir, 'history', 'history-connections', 'connections');
  return existsSync(folder) && readdirSync(folder).length > 0;
}

const titles = async (hub: HubProcess) =>
  (await hub.get<{ items: { title: string }[] }>('/api/v1/alerts?limit=1000')).items.map(({ title }) => title);
const rowOf = async (hub: HubProcess) =>
  (await hub.get<{ items: Record<string, unknown>[] }>('/api/v1/hubs')).items[0] ?? {};
const occurrences = (log: string, text: string) => log.split(text).length - 1;
const start = (dataDir: string, args: string[] = [], under = {}) =>
  HubProcess.start(['--config', NO_RULES, ...args], { AURALIS_DATA_DIR: dataDir }, under);

/** Files of a directory with what is in them. */
function contentOf(dir: string): Map<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'latin1')]),
  );
}

/** A data directory in which an alert fires. */
async function makeDataDir(under: { uid?: number } = {}): Promise<string> {
  const dir = newDataDir();
  if (under.uid !== undefined) chownSync(dir, under.uid, under.uid);
  const hub = await start(dir, [], under);
  await raise(hub, 'Before');
  await until(() => hasHistory(dir));
  await hub.stop();
  return dir;
}

/** Run tests in which another user starts the hub: the tests are root's, and that user can read the checkout. */
function describeAsRoot(name: string, tests: () => void): void {
  if (!isRoot) {
    describe.skip(name, tests);
    return;
  }
  const look = spawnSync(process.execPath, ['-e', 'fs.accessSync(process.argv[1])', BIN], { uid: NOBODY });
  describeIf(look.status === 0, `uid ${NOBODY} cannot read ${BIN}: chmod a+rx the folders above it`, name, tests);
}

describeAsRoot('a data directory that the hub may not use is an error at start, and stays as it is', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await makeDataDir({ uid: NOBODY });
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const stateFile = () => join(dir, readdirSync(dir).find((name) => name.startsWith('snapshot')) as string);
  const historyFolder = () => join(dir, 'history', 'history-1s');

  test.each<[string, number, () => void, () => void, RegExp]>([
    [
      'the directory is closed',
      NOBODY,
      () => chmodSync(dir, 0o500),
      () => chmodSync(dir, 0o700),
      /cannot be used: EACCES: uid 65534 may not read and write \S+\. Run chown -R 65534 \S+ and chmod -R u\+rwX/,
    ],
    [
      'a file is closed',
      NOBODY,
      () => chmodSync(stateFile(), 0),
      () => chmodSync(stateFile(), 0o600),
      /cannot be used: EACCES: uid 65534 may not read and write \S+snapshot-\d+\. Run /,
    ],
    [
      'a folder of history is closed',
      NOBODY,
      () => chmodSync(historyFolder(), 0),
      () => chmodSync(historyFolder(), 0o700),
      /cannot be used: EACCES: uid 65534 may not read and write \S+history-1s\. Run /,
    ],
    [
      'a file belongs to root',
      NOBODY,
      () => chownSync(stateFile(), 0, 0),
      () => chownSync(stateFile(), NOBODY, NOBODY),
      /holds a file of another user: \S+ belongs to uid 0, and the hub runs as uid 65534\. Start the hub as uid 0, or run chown -R 65534 /,
    ],
    [
      'root starts a hub of another user',
      0,
      () => {},
      () => {},
      /holds a file of another user: \S+ belongs to uid 65534, and the hub runs as uid 0\. Start the hub as uid 65534/,
    ],
  ])('%s', async (_, uid, close, open, message) => {
    const before = contentOf(dir);
    close();
    const { code, output } = await runCommand(['serve', '--port', '0'], { AURALIS_DATA_DIR: dir }, { uid });
    expect([code, output]).toEqual([2, expect.stringMatching(message)]);
    open();
    expect(contentOf(dir)).toEqual(before);
  });

  test('and so doctor says', async () => {
    const { code, output } = await runCommand(['doctor'], { AURALIS_DATA_DIR: dir });
    expect([code, output]).toEqual([1, expect.stringMatching(/FAIL.* holds a file of another user: /)]);
  });

  test('afterwards everything is there', async () => {
    const hub = await start(dir, [], { uid: NOBODY });
    expect([await titles(hub), hub.log.includes('damaged')]).toEqual([['Before'], false]);
    await hub.stop();
  });
});

test.each(['uws', 'ws'])(
  'a directory that is removed while the hub runs (%s) is made anew, with everything in it',
  async (transport) => {
    const dir = newDataDir();
    let hub = await start(dir, ['--transport', transport]);
    await raise(hub, 'Before');
    await until(() => hasHistory(dir));
    rmSync(dir, { recursive: true, maxRetries: 20 });
    await raise(hub, 'After');
    await until(() => hub.log.includes('alerts and silences are stored again'));
    expect(hub.log).toMatch(/alerts and silences are not stored: ENOENT: \S+ was removed while the hub runs/);
    await until(() => hub.log.includes('history is not kept: ENOENT: '));
    await hub.stop('SIGKILL');
    hub = await start(dir);
    expect((await titles(hub)).sort()).toEqual(['After', 'Before']);
    expect(hub.log).not.toMatch(/damaged|not stored/);
    await hub.stop();
    rmSync(dir, { recursive: true });
  },
);

test('where files may not grow, each failed write goes to a fresh file, and nothing that was answered is lost', async () => {
  const dir = newDataDir();
  // Blocks of 512 bytes: 20 KB a file. Node ignores SIGXFSZ, so a write beyond it fails.
  let hub = await start(dir, [], { shell: 'ulimit -f 40' });
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const { status, json } = await ask(hub.port, `/api/v1/alerts${path}`, init);
    expect([200, 201]).toContain(status);
    return json<{ id: string }>().id;
  };
  for (let n = 0; n < 100; n++) {
    const id = await post('', { severity: 'error', title: `Number ${n}`, message: 'x'.repeat(150) });
    if (n % 10 !== 0) await post(`/${id}/resolve`, {});
  }
  await until(async () => (await rowOf(hub)).store_failing === 'no');
  expect(hub.log).toMatch(/not stored: (EFBIG.*raise the limit of file sizes \(ulimit -f\)|a write failed)/);
  await hub.stop('SIGKILL');
  hub = await start(dir);
  const left = Array.from({ length: 10 }, (_, at) => `Number ${at * 10}`);
  expect([(await titles(hub)).sort(), hub.log.includes('damaged')]).toEqual([left.sort(), false]);
  await hub.stop();
  rmSync(dir, { recursive: true });
}, 60_000);

test('databases of an earlier build are set aside with one line', async () => {
  const dir = newDataDir();
  writeFileSync(join(dir, 'data.mdb'), 'from before');
  const hub = await start(dir);
  await raise(hub, 'After');
  expect(occurrences(hub.log, 'an earlier build kept them in LMDB')).toBe(1);
  expect(hub.log).toContain(`They lie in ${join(dir, 'earlier-build')} now`);
  expect(readFileSync(join(dir, 'earlier-build', 'data.mdb'), 'utf8')).toBe('from before');
  await hub.stop();
  rmSync(dir, { recursive: true });
});

const describeWithDisk = disk === null ? describe.skip : describe;

describeWithDisk('a disk', () => {
  const { path = '' } = disk ?? {};
  const dataDir = join(path, 'data');

  test.each(['uws', 'ws'])(
    'that is full is said once, alerts are told all the same, and stored when it is free (%s)',
    async (transport) => {
      const receiver = await Receiver.start();
      const config = join(path, 'hub.json');
      writeFileSync(
        config,
        JSON.stringify({ alerts: { builtIn: false }, notifiers: { hook: { type: 'webhook', url: receiver.url } } }),
      );
      const open = () =>
        HubProcess.start(['--config', config, '--transport', transport], { AURALIS_DATA_DIR: dataDir });
      let hub = await open();
      await raise(hub, 'Before');
      disk?.fill();
      // Use the rest of the disk.
      for (let n = 0; (await rowOf(hub)).store_failing !== 'yes'; n++) await raise(hub, `Filling ${n}`).catch(() => {});
      const refused = await ask(hub.port, '/api/v1/alerts', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ severity: 'error', title: 'While full', message: 'm' }),
      });
      expect(refused.status).toBe(503);
      await receiver.until((requests) => requests.some(({ body }) => body.includes('While full')));
      const row = await rowOf(hub);
      expect([row.store_failing, Number(row.errors) > 0]).toEqual(['yes', true]);
      expect(hub.log).toMatch(
        /alerts and silences are not stored: ENOSPC.*: free room on that disk\. They are kept in memory/,
      );
      expect(occurrences(hub.log, 'alerts and silences are not stored')).toBe(1);
      expect(occurrences(hub.log, 'history is not kept')).toBeLessThanOrEqual(1);
      const known = (await titles(hub)).sort();

      disk?.free();
      await until(() => hub.log.includes('alerts and silences are stored again'));
      await raise(hub, 'After');
      await hub.stop('SIGKILL');
      hub = await open();
      expect((await titles(hub)).sort()).toEqual([...known, 'After'].sort());
      expect(hub.log).not.toContain('damaged');
      await hub.stop();
      await receiver.stop();
      rmSync(dataDir, { recursive: true });
    },
    60_000,
  );

  test('that is full at the start keeps no hub from starting', async () => {
    await (await start(dataDir)).stop();
    disk?.fill();
    const hub = await start(dataDir);
    await until(() => hub.log.includes('alerts and silences are not stored: ENOSPC'));
    disk?.free();
    await until(() => hub.log.includes('alerts and silences are stored again'));
    await hub.stop();
    rmSync(dataDir, { recursive: true });
  }, 60_000);

  test('that is full until the hub ends has it say what is lost', async () => {
    const hub = await start(dataDir);
    disk?.fill();
    for (let n = 0; (await rowOf(hub)).store_failing !== 'yes'; n++) await raise(hub, `Filling ${n}`).catch(() => {});
    await hub.stop();
    expect(occurrences(hub.log, 'changes of alerts and silences are lost: ENOSPC')).toBe(1);
    disk?.free();
    rmSync(dataDir, { recursive: true });
  }, 60_000);

  test('that is mounted read-only is an error at start', async () => {
    const hub = await start(dataDir);
    await raise(hub, 'Before');
    await hub.stop();
    const before = contentOf(dataDir);
    disk?.makeReadOnly();
    const { code, output } = await runCommand(['serve', '--port', '0'], { AURALIS_DATA_DIR: dataDir });
    expect([code, output]).toEqual([
      2,
      expect.stringMatching(
        /data directory \S+ is on a file system that is mounted read-only \(EROFS: \S+\)\. Mount it for writing/,
      ),
    ]);
    expect(contentOf(dataDir)).toEqual(before);
  });
});
