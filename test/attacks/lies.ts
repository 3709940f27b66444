import { setTimeout as sleep } from 'node:timers/promises';
import { readChunk } from '@auralis/shared';
import { expect } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import { TestSocket } from '../harness/socket.js';
import type { Attack, Target } from './attack.js';

type Row = Readonly<Record<string, string | number | null>>;

const MOST_COUNT = 2 ** 42;
const DAY_MS = 86_400_000;
const REPORT_MS = 100;
const SHORT_MS = 1_600;
const LONG_MS = 20_000;

/** Reports of a listener on the stream of the neighbours, each beside what is true of it. */
const LIES: readonly (readonly [figure: string, lie: object])[] = [
  ['buffer_depth_ms', { bufferDepthMs: -DAY_MS, playbackState: 'playing' }],
  ['buffer_depth_ms', { bufferDepthMs: DAY_MS, playbackState: 'playing' }],
  ['buffer_underruns', { bufferUnderruns: MOST_COUNT, playbackState: 'stalled' }],
  ['chunks_received', { chunksReceived: MOST_COUNT }],
  ['underrun_duration_ms', { underrunDurationMs: DAY_MS, playbackState: 'stalled' }],
  ['last_seq', { lastSeq: 1 }],
];

/** Lies of a server about a connection. */
const POSTED: readonly (readonly [figure: string, lie: object])[] = [
  ['chunks_sent', { chunksSent: MOST_COUNT }],
  ['chunks_dropped', { chunksDropped: MOST_COUNT }],
  ['rtt_ms', { rttMs: DAY_MS }],
  ['buffer_depth_ms', { client: { bufferDepthMs: -DAY_MS } }],
];

/** Listeners and servers that report what physics does not allow. */
export const lies: Attack = {
  name: 'figures that cannot be are marked and enter no figure of the stream, no total and no alert',
  async run(target, isLong) {
    const untilMs = isLong ? LONG_MS : SHORT_MS;
    const liars = await Promise.all(LIES.map(([, lie], at) => lieOnSocket(target, lie, at % 2 === 1, untilMs)));
    await lieByPost(target);
    for (const [at, [figure]] of LIES.entries()) await expectMarked(target, liars[at]?.id ?? '', figure);
    for (const [at, [figure]] of POSTED.entries()) await expectMarked(target, `main:liar${at}`, figure);
    await expectMarked(target, 'main~liar', 'buffer_underruns');
    await expectUntouched(target);
    await Promise.all(liars.map(({ socket }) => socket.close()));
  },
};

/** Tell the truth and lie in turn. Return the socket and its connection's id. */
async function lieOnSocket({ hub }: Target, lie: object, isBinary: boolean, untilMs: number) {
  const socket = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
  const { connectionId } = await socket.nextText<{ connectionId: string }>('welcome');
  const truth = { chunksReceived: 0, bufferUnderruns: 0, underrunDurationMs: 0, lastSeq: 0 };
  const say = (fields: object) => {
    const message = { type: 'client_metrics', metrics: { ...truth, ...fields } };
    socket.send(isBinary ? encode(message) : message);
  };
  socket.ws.on('message', (data: Buffer, isChunk: boolean) => {
    if (!isChunk) return;
    truth.chunksReceived++;
    truth.lastSeq = readChunk(data)?.seq ?? truth.lastSeq;
  });
  while (truth.chunksReceived < 2) await sleep(REPORT_MS);
  for (let reports = 0; reports < untilMs / REPORT_MS; reports++) {
    say(reports % 2 === 0 ? {} : lie);
    await sleep(REPORT_MS);
  }
  expect(socket.ws.readyState).toBe(1);
  return { socket, id: connectionId };
}

/** Speak for connections and players, and for an engine that streams by itself. */
async function lieByPost(target: Target): Promise<void> {
  const connections = POSTED.map(([, lie], at) => ({ lie, connection: `liar${at}` }));
  const truth = { chunksSent: 0, chunksDropped: 0, rttMs: 20 };
  const metrics = (fields: object) => ({ type: 'connection_metrics', ...fields });
  await post(target, '/streams/main/reports', [
    ...connections.map(({ connection }) => metrics({ connection, ...truth })),
    ...connections.map(({ connection, lie }) => metrics({ connection, ...lie })),
  ]);
  await post(target, '/streams/other/events', [
    { type: 'chunks', sent: 10, dropped: 0 },
    { type: 'chunks', sent: MOST_COUNT, dropped: MOST_COUNT },
  ]);
  const records = ['bsa=0', `bsa=${MOST_COUNT}`].map((fields) => `cid="main",sid="liar",sta=p,${fields}`);
  const headers = { 'content-type': 'application/cmcd' };
  const answer = await fetch(`${target.hub.url}/api/v1/cmcd`, { method: 'POST', headers, body: records.join('\n') });
  expect(answer.status).toBe(202);
}

async function post({ hub, auth }: Target, path: string, records: readonly object[]): Promise<void> {
  const headers = { 'content-type': 'application/json', ...auth.headers('admin') };
  const answer = await fetch(`${hub.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(records) });
  expect([answer.status, await answer.json()]).toEqual([202, { accepted: records.length, refused: 0, errors: [] }]);
}

async function get<Found>({ hub, auth }: Target, path: string): Promise<Found> {
  const answer = await fetch(`${hub.url}/api/v1${path}`, { headers: auth.headers('admin') });
  return (await answer.json()) as Found;
}

async function expectMarked(target: Target, id: string, figure: string): Promise<void> {
  const row = await get<Row>(target, `/connections/${encodeURIComponent(id)}`);
  expect([row.impossible_figure, row.trust]).toEqual([figure, 'impossible']);
}

/** Expect of all that is made of many listeners that it is what the neighbours said. */
async function expectUntouched(target: Target): Promise<void> {
  const rows = (await get<{ items: Row[] }>(target, '/connections?limit=1000')).items;
  const depths = rows
    .filter(({ trust }) => trust !== 'impossible')
    .map(({ buffer_depth_ms }) => Number(buffer_depth_ms));
  const stream = await get<Row>(target, '/streams/main');
  // Figures move between two requests.
  expect(stream.buffer_depth_p5_ms).toBeGreaterThanOrEqual(0);
  expect(stream.buffer_depth_p50_ms).toBeLessThanOrEqual(Math.max(...depths) + 1_000);
  expect(stream.rtt_p99_ms ?? 0).toBeLessThan(DAY_MS);
  expect(stream.chunks_dropped).toBeLessThan(1e6);
  // Neighbours may starve on a busy machine, but nobody heard a day of silence.
  expect(Number(stream.audio_gap_ms)).toBeLessThan(DAY_MS);
  const summary = await get<Record<string, number>>(target, '/metrics');
  expect(summary.total_chunks_sent).toBeLessThan(1e9);
  expect(summary.total_chunks_dropped).toBeLessThan(1e6);
  const liars = rows.filter(({ trust }) => trust === 'impossible');
  // A busy machine starves neighbours too. A liar is judged by what the hub sees, and is named by no alert.
  for (const { status_reason } of liars) expect(['ok', 'slow_rate', 'dropped', null]).toContain(status_reason);
  for (const { message, value } of (await get<{ items: Row[] }>(target, '/alerts')).items) {
    for (const { id } of liars) expect(message).not.toContain(id);
    expect(Math.abs(Number(value))).toBeLessThan(DAY_MS);
  }
  const page = await (await fetch(`${target.hub.url}/metrics`, { headers: target.auth.headers('admin') })).text();
  const worst = page.split('\n').filter((line) => line.startsWith('auralis_worst_listener_'));
  for (const line of worst) expect(Math.abs(Number(line.split(' ').at(-1)))).toBeLessThan(DAY_MS / 1000);
}
