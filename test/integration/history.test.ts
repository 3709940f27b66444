import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeResponse, Replica, SCHEMAS } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { unpackMultiple } from 'msgpackr';
import { ask } from '../harness/http.js';
import { HubProcess, newDataDir } from '../harness/hub.js';
import { Receiver } from '../harness/receiver.js';

interface Answer {
  readonly unit: string;
  readonly step: number;
  readonly points: readonly (readonly [t: number, value: number | string | null])[];
}

const AURALIS_DATA_DIR = newDataDir();
let hub: HubProcess;
afterAll(() => rmSync(AURALIS_DATA_DIR, { recursive: true }));

const start = async (...args: string[]) => {
  hub = await HubProcess.start(args, { AURALIS_DATA_DIR });
};
const history = (query: string) => hub.get<Answer>(`/api/v1/history?${query}`);
const engine = async () => {
  const { items } = await hub.get<{ items: Record<string, string | number | null>[] }>('/api/v1/engines');
  return items[0] ?? {};
};

async function queueDepth(depth: number): Promise<void> {
  const body = JSON.stringify({ type: 'queue', depth });
  const headers = { 'content-type': 'application/json' };
  expect((await ask(hub.port, '/api/v1/streams/main/events', { method: 'POST', headers, body })).status).toBe(202);
}

/** SNAPSHOT messages back to back, as a stranger's library parts them. */
async function frames(query: string): Promise<Uint8Array[]> {
  const { bytes, status, headers } = await ask(hub.port, `/api/v1/history/frames?${query}`);
  expect([status, headers['content-type']]).toEqual([200, 'application/msgpack']);
  const found: Uint8Array[] = [];
  // An empty file ends too soon.
  if (bytes.length === 0) return found;
  unpackMultiple(bytes, (_, from, to) => {
    found.push(new Uint8Array(bytes.subarray(from, to)));
  });
  return found;
}

describe('history', () => {
  afterAll(() => hub.stop());

  test('says what REST said at the time, also after the hub was killed, and nothing of when there was none', async () => {
    await start('--transport', 'uws');
    const began = Date.now();
    const seen: (readonly [at: number, value: unknown])[] = [];
    for (const depth of [3, 7]) {
      await queueDepth(depth);
      const until = Date.now() + 4000;
      let value: unknown;
      while (Date.now() < until) {
        value = (await engine()).phrase_queue_depth;
        await sleep(500);
      }
      // It has not changed for longer than a snapshot may be old.
      seen.push([Date.now(), value]);
    }
    const row = await engine();
    const query = `table=engines&row=${row.id}&column=phrase_queue_depth&step=1000&from=${began}`;
    const { points, unit, step } = await history(query);
    expect([unit, step]).toEqual(['count', 1000]);
    for (const [at, value] of seen) {
      expect(points).toContainEqual([Math.floor(at / 1000) * 1000, value]);
    }
    const distinct = points
      .map(([, value]) => value)
      .filter((value, at, all) => value !== null && value !== all[at - 1]);
    expect(distinct).toEqual([3, 7]);

    // The last of them replays to the row that there is.
    const replica = new Replica(SCHEMAS.engines.columns);
    const kept = await frames(`table=engines&from=${began}`);
    for (const bytes of kept) {
      const message = decodeResponse(bytes);
      if (message.kind !== 'snapshot') throw new Error(message.kind);
      replica.apply(message);
    }
    expect(kept.length).toBeGreaterThanOrEqual(7);
    expect([...replica.rows.keys()]).toEqual([row.id]);
    expect(
      replica.rows
        .get(String(row.id))
        ?.value(SCHEMAS.engines.columns[SCHEMAS.engines.index.phrase_queue_depth]?.id ?? 0),
    ).toBe(7);

    await hub.stop('SIGKILL');
    const killed = Date.now();
    await sleep(3000);
    await start('--transport', 'ws');
    const back = Date.now();
    expect(points.length).toBeGreaterThanOrEqual(7);
    expect((await history(`${query}&to=${points.at(-1)?.[0]}`)).points).toEqual(points);
    const hubs = await hub.get<{ items: { id: string }[] }>('/api/v1/hubs');
    const ofHub = () => history(`table=hubs&row=${hubs.items[0]?.id}&column=errors&step=1000&from=${began}`);
    let lived = await ofHub();
    while (lived.points.at(-1)?.[1] === null) {
      await sleep(200);
      lived = await ofHub();
    }
    const during = (from: number, to: number) =>
      new Set(lived.points.filter(([t]) => t > from && t < to).map(([, value]) => value));
    expect(during(began + 2000, killed)).toEqual(new Set([0]));
    // A snapshot speaks for two seconds.
    expect(during(killed + 2000, back)).toEqual(new Set([null]));
    expect(lived.points.at(-1)?.[1]).toBe(0);
  });
});

describe('a question', () => {
  beforeAll(() => start('--transport', 'ws'));
  afterAll(() => hub.stop());

  test('names labels, and is asked by ISO 8601 as well', async () => {
    await queueDepth(1);
    const { id } = await engine();
    const iso = new Date(Date.now() - 2000).toISOString();
    let points: Answer['points'] = [];
    while (!points.some(([, value]) => value !== null)) {
      await sleep(200);
      points = (await history(`table=streams&row=main&column=publishing&from=${iso}&step=1000`)).points;
    }
    expect(points.map(([, value]) => value).filter((value) => value !== null)).toContain('no');
    expect((await frames(`table=engines&from=${iso}`)).length).toBeGreaterThan(0);
    expect(await frames('table=engines&from=0&to=1')).toEqual([]);
    expect(id).toBeDefined();
  });

  test.each([
    ['', /^table: one of hubs, streams, .*; row: is needed: .*; column: is needed/],
    ['?table=hosts&row=x&column=age', /^column: "age" is not kept of hosts; kept are cpu_percent, /],
    ['?table=connections&row=x&column=bytes_sent', /^column: "bytes_sent" is not kept of connections; kept are /],
    [
      '?table=hosts&row=x&column=cpu_percent&from=yesterday',
      /^from: ms since 1970, or ISO 8601 such as .*, not "yesterday"$/,
    ],
    ['?table=hosts&row=x&column=cpu_percent&from=2&to=1', /^from: at or before to, 1970-.*, not 1970-/],
    ['?table=hosts&row=x&column=cpu_percent&step=1', /^step: at least 1000, /],
    ['?table=hosts&row=x&column=cpu_percent&step=0', /^step: a whole number from 1 to /],
    [
      '?table=hosts&row=x&column=cpu_percent&colour=red',
      /^colour: unknown; known are table, from, to, row, column, step$/,
    ],
    ['/frames?table=users', /^table: one of hubs, streams, .*, not "users"$/],
    ['/frames?table=hosts&from=2&to=1', /^from: at or before to/],
  ])('%s is refused by name', async (query, detail) => {
    const { status, json } = await ask(hub.port, `/api/v1/history${query}`);
    expect([status, json<{ detail: string }>().detail]).toEqual([400, expect.stringMatching(detail)]);
  });
});

test('where it cannot be kept, the hub says so once and runs on: alerts are told, silences kept', async () => {
  const dataDir = newDataDir();
  const inTheWay = join(dataDir, 'history');
  writeFileSync(inTheWay, 'no directory');
  const receiver = await Receiver.start();
  const config = join(dataDir, 'hub.yaml');
  writeFileSync(config, JSON.stringify({ notifiers: { hook: { type: 'webhook', url: receiver.url } } }));
  hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: dataDir });
  const hubRow = async () => (await hub.get<{ items: Record<string, unknown>[] }>('/api/v1/hubs')).items[0] ?? {};
  while ((await hubRow()).history_failing !== 'yes') await sleep(100);

  const refused = await ask(hub.port, '/api/v1/history?table=hubs&row=x&column=errors');
  expect([refused.status, refused.json<{ detail: string }>().detail]).toEqual([503, expect.stringContaining(inTheWay)]);
  const post = (path: string, body: unknown) =>
    ask(hub.port, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect((await post('/api/v1/alerts', { severity: 'error', title: 'By hand', message: 'm' })).status).toBe(201);
  // A failure of history is reported, too.
  for (const title of ['By hand', 'Internal errors']) {
    await receiver.until((requests) => requests.some(({ body }) => body.includes(title)));
  }
  expect(hub.log.match(/history is not kept/g)).toHaveLength(1);
  await hub.stop('SIGKILL');

  rmSync(inTheWay);
  hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: dataDir });
  expect(await hub.get('/api/v1/alerts')).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ title: 'By hand' })]),
  });
  while ((await hubRow()).history_failing !== 'no' || !existsSync(join(inTheWay, 'history-1s'))) await sleep(100);
  await hub.stop();
  await receiver.stop();
  rmSync(dataDir, { recursive: true });
});
