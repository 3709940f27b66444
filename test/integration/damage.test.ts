import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { noHostRules, raise, silence } from '../harness/alerts.js';
import { cut } from '../harness/damage.js';
import { HubProcess, newDataDir, runCommand } from '../harness/hub.js';
import { Receiver } from '../harness/receiver.js';
import { until } from '../harness/until.js';

const root = newDataDir();
/** Leave what a killed hub leaves: a firing alert, a silence, and history. */
const left = join(root, 'left');
const config = join(root, 'hub.json');
let receiver: Receiver;

beforeAll(async () => {
  receiver = await Receiver.start();
  writeFileSync(
    config,
    JSON.stringify({ ...noHostRules(), notifiers: { hook: { type: 'webhook', url: receiver.url } } }),
  );
  const hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: left });
  await raise(hub, 'Before');
  await told('Before');
  // The silence is the last record: the hub has noted before it that the receiver knows of the alert.
  await until(async () => (await hookOf(hub)).sent === 1 && (await hookOf(hub)).pending === 0);
  await silence(hub, 'something');
  await until(() => historyFiles(left).length > 0);
  await sleep(2500);
  await hub.stop('SIGKILL');
});
afterAll(async () => {
  await receiver.stop();
  rmSync(root, { recursive: true });
});

const told = (title: string) =>
  receiver.until((requests) => requests.some(({ body }) => body.includes(`"title":"${title}"`)));

const hookOf = async (hub: HubProcess) =>
  (await hub.get<{ items: [{ sent: number; pending: number }] }>('/api/v1/notifiers')).items[0];

/** The file of alerts that holds what was written last, and those of history. */
const journalIn = (dir: string) => join(dir, readdirSync(dir).find((name) => /^journal-\d+$/.test(name)) ?? '');
function historyFiles(dir: string): string[] {
  const folder = join(dir, 'history', 'history-1s');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.seg'))
    .map((name) => join(folder, name));
}

const rowOf = async (hub: HubProcess) =>
  (await hub.get<{ items: Record<string, unknown>[] }>('/api/v1/hubs')).items[0] ?? {};

function copyOf(what: string): string {
  const dataDir = join(root, what.replace(/\W/g, '-'));
  cpSync(left, dataDir, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  return dataDir;
}

test.each<[what: string, damage: (dir: string) => void, silences: number, lost: RegExp]>([
  ['nothing was damaged', () => {}, 1, /^$/],
  ['the journal was cut off like by a crash', (dir) => cut(journalIn(dir), 0.99), 0, /^$/],
  ['the journal is none', (dir) => writeFileSync(journalIn(dir), 'x'.repeat(50_000)), 0, /nothing in it can be read/],
  ['the journal is missing', (dir) => rmSync(journalIn(dir)), 0, /journal-\d+ is missing\./],
  ['the journal has a flipped bit', flipFirst, 1, /journal-\d+\.damaged-\w+ is damaged at byte \d+: 1 record is lost/],
])('a hub starts where %s, says what is lost, tells and keeps on', async (what, damage, silences, lost) => {
  const dataDir = copyOf(what);
  damage(dataDir);
  const hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: dataDir });
  await raise(hub, `After ${what}`);
  await told(`After ${what}`);
  await until(async () => hasHistory(hub, (await rowOf(hub)).id));
  const said = hub.log.match(/some alerts, silences or waiting notifications are lost: .*?"/g) ?? [];
  expect(said.join()).toMatch(lost);
  expect([said.length, (await rowOf(hub)).databases_damaged]).toEqual(lost.source === '^$' ? [0, 0] : [1, 1]);
  const { total } = await hub.get<{ total: number }>('/api/v1/alerts/silences');
  expect(total).toBe(silences);
  await hub.stop();
});

/** Damages the first transaction: the alert that was raised, and not the silence. */
function flipFirst(dir: string): void {
  const bytes = readFileSync(journalIn(dir));
  const at = bytes.indexOf('Before');
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(journalIn(dir), bytes);
}

test('a hub whose history is damaged says so once that is read, and answers with everything else', async () => {
  const dataDir = copyOf('history');
  for (const file of historyFiles(dataDir)) {
    const bytes = readFileSync(file);
    bytes[30] = (bytes[30] as number) ^ 1;
    writeFileSync(file, bytes);
  }
  const hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: dataDir });
  await until(async () => hasHistory(hub, (await rowOf(hub)).id));
  await until(() =>
    /some snapshots of history are lost: \S+\.seg is damaged at byte 0: 1 record is lost/.test(hub.log),
  );
  await until(async () => Number((await rowOf(hub)).databases_damaged) > 0);
  await hub.stop();
});

async function hasHistory(hub: HubProcess, row: unknown): Promise<boolean> {
  const path = `/api/v1/history?table=hubs&row=${row}&column=started_at&from=${Date.now() - 5000}`;
  const response = await fetch(hub.url + path);
  if (response.status === 503) return false;
  const { points } = (await response.json()) as { points: [number, unknown][] };
  return points.some(([, value]) => value !== null);
}

test('doctor says so beforehand, and leaves everything as it is', async () => {
  const dataDir = copyOf('examined');
  const file = join(root, 'doctor.json');
  writeFileSync(file, JSON.stringify({ dataDir }));
  const sound = await runCommand(['doctor', file], { AURALIS_DATA_DIR: dataDir });
  expect([sound.code, sound.output]).toEqual([0, expect.stringContaining(`ok    data directory ${dataDir}\n`)]);
  const [segment = ''] = historyFiles(dataDir);
  for (const path of [segment, journalIn(dataDir)]) writeFileSync(path, 'x'.repeat(1000));
  const before = readdirSync(dataDir).sort();
  const { code, output } = await runCommand(['doctor', file], { AURALIS_DATA_DIR: dataDir });
  expect(code).toBe(1);
  expect(output).toMatch(
    /FAIL {2}data directory \S+: \S+journal-\d+ is damaged: nothing in it can be read\. The hub starts/,
  );
  expect(output).toMatch(/FAIL {2}data directory \S+: \S+\.seg is damaged at byte 0: 1 record is lost\./);
  expect(readdirSync(dataDir).sort()).toEqual(before);
});
