import { cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { raise, silence } from '../harness/alerts.js';
import { cut, scribble } from '../harness/damage.js';
import { HubProcess, newDataDir, runCommand } from '../harness/hub.js';
import { randomFrom } from '../harness/random.js';
import { Receiver } from '../harness/receiver.js';

const root = newDataDir();
/** What a hub leaves that was killed: an alert that fires, a silence, and history. */
const left = join(root, 'left');
const config = join(root, 'hub.json');
const ALERTS = 'data.mdb';
const HISTORY = join('history', 'data.mdb');
let receiver: Receiver;

beforeAll(async () => {
  receiver = await Receiver.start();
  writeFileSync(config, JSON.stringify({ notifiers: { hook: { type: 'webhook', url: receiver.url } } }));
  const hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: left });
  await raise(hub, 'Before');
  await silence(hub, 'something');
  await told('Before');
  while (!existsSync(join(left, HISTORY))) await sleep(50);
  await sleep(2500);
  await hub.stop('SIGKILL');
});
afterAll(async () => {
  await receiver.stop();
  rmSync(root, { recursive: true });
});

const told = (title: string) =>
  receiver.until((requests) => requests.some(({ body }) => body.includes(`"title":"${title}"`)));

const isAside = (dir: string) => readdirSync(dir).some((name) => name.startsWith('data.mdb.damaged-'));

test.each<[what: string, file: string, damage: (path: string) => void]>([
  ['alerts were cut off', ALERTS, (path) => cut(path, 0.3)],
  ['alerts are none', ALERTS, (path) => writeFileSync(path, 'x'.repeat(50_000))],
  ...[1, 2, 3, 4].map((seed): [string, string, (path: string) => void] => [
    `alerts have random bytes in it, seed ${seed}`,
    ALERTS,
    (path) => scribble(path, randomFrom(seed)),
  ]),
  ['history was cut off', HISTORY, (path) => cut(path, 0.3)],
  ['history is none', HISTORY, (path) => writeFileSync(path, 'x'.repeat(50_000))],
])('a hub whose database of %s starts, says what is lost, tells and keeps on', async (what, file, damage) => {
  const dataDir = join(root, what.replace(/\W/g, '-'));
  cpSync(left, dataDir, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  damage(join(dataDir, file));
  const hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: dataDir });
  await raise(hub, `After ${what}`);
  await told(`After ${what}`);
  const row = async () => (await hub.get<{ items: Record<string, unknown>[] }>('/api/v1/hubs')).items[0] ?? {};
  while (!existsSync(join(dataDir, HISTORY)) || !(await hasHistory(hub, (await row()).id))) await sleep(100);

  const lost = isAside(join(dataDir, file, '..'));
  const said =
    hub.log.match(/\w+ .* lost: a database is damaged \(.+\) and lies in \S+data\.mdb\.damaged-\S+ now/g) ?? [];
  expect([said.length, (await row()).databases_damaged]).toEqual(lost ? [1, 1] : [0, 0]);
  // Bytes that nothing uses do no harm; the others cost what lay with them and nothing else.
  if (!what.includes('seed')) expect(lost).toBe(true);
  const { total } = await hub.get<{ total: number }>('/api/v1/alerts/silences');
  expect(total).toBe(file === ALERTS && lost ? 0 : 1);
  await hub.stop();
});

async function hasHistory(hub: HubProcess, row: unknown): Promise<boolean> {
  const { points } = await hub.get<{ points: [number, unknown][] }>(
    `/api/v1/history?table=hubs&row=${row}&column=started_at&from=${Date.now() - 5000}`,
  );
  return points.some(([, value]) => value !== null);
}

test('doctor says so beforehand, and leaves it where it is', async () => {
  const dataDir = join(root, 'examined');
  cpSync(left, dataDir, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  cut(join(dataDir, HISTORY), 0.3);
  const file = join(root, 'doctor.json');
  writeFileSync(file, JSON.stringify({ dataDir }));
  const { code, output } = await runCommand(['doctor', file], { AURALIS_DATA_DIR: dataDir });
  expect([code, output]).toEqual([1, expect.stringContaining(`ok    data directory ${dataDir}\n`)]);
  expect(output).toMatch(
    /FAIL {2}data directory \S+history: its database is damaged \(.+\): what lies in it will be lost/,
  );
  expect(isAside(join(dataDir, 'history'))).toBe(false);
});
