import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BIN, HubProcess, runCommand } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

type Line = Readonly<Record<string, unknown>>;

let hub: HubProcess;
const sockets: TestSocket[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  hub = await HubProcess.start();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const socket of sockets.splice(0)) socket.ws.terminate();
  await hub.stop();
});

/** A `tail` that runs, and its lines as they come. */
function follow(...args: string[]) {
  const child = spawn(process.execPath, [BIN, 'tail', '--url', hub.url, '--interval', '100', ...args]);
  children.push(child);
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text));
  /** The first line that `pick` picks; it and those before it are forgotten. */
  const next = async (pick: (line: Line) => boolean): Promise<Line> => {
    const deadline = Date.now() + 15_000;
    for (;;) {
      while (lines.length > 0) {
        const line = lines.shift() as Line;
        if (pick(line)) return line;
      }
      if (Date.now() > deadline) throw new Error(`no such line came ${complaint}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, next, exited, lines };
}

async function listener(client: string, stream = 'main'): Promise<TestSocket> {
  const socket = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/${stream}/listen?client=${client}`);
  sockets.push(socket);
  await socket.nextText('welcome');
  return socket;
}

const report = (socket: TestSocket, metrics: object) => socket.send({ type: 'client_metrics', metrics });

test('first the rows as they are, then what changes, by name and in decimals', async () => {
  const alice = await listener('alice');
  report(alice, { avgLatencyMs: 12.34, playbackState: 'playing' });
  const { next, lines } = follow(
    '--topic',
    'connections/main',
    '--columns',
    'latency_ms,playback_state,jitter_ms,state',
  );
  const first = await next(({ client }) => client === 'alice');
  expect(first).toEqual({
    t: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    topic: 'connections/main',
    kind: 'row',
    id: expect.stringMatching(/./),
    stream: 'main',
    client: 'alice',
    address: '127.0.0.1',
    reason: '',
    latency_ms: 12.3,
    playback_state: 'playing',
    jitter_ms: null,
    state: 'open',
  });
  const { t: _, latency_ms, playback_state, jitter_ms, state, ...names } = first;
  report(alice, { avgLatencyMs: 700, jitterMs: 0.3 });
  const second = await next(() => true);
  expect(second).toEqual({ ...names, t: expect.any(String), latency_ms: 700, jitter_ms: 0.3 });
  report(alice, { playbackState: null });
  expect(await next(() => true)).toEqual({ ...names, t: expect.any(String), playback_state: null });
  // A table in which nothing changes says nothing.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(lines).toEqual([]);
});

test('only rows like --where; one that is so no longer is removed', async () => {
  const [alice, bob] = [await listener('alice'), await listener('bob')];
  report(alice, { avgLatencyMs: 900 });
  report(bob, { avgLatencyMs: 900 });
  const { next } = follow('--columns', 'latency_ms', '--where', 'latency_ms>500', '--where', 'client contains ALI');
  expect(await next(() => true)).toMatchObject({ kind: 'row', client: 'alice', latency_ms: 900 });
  report(bob, { avgLatencyMs: 901 });
  report(alice, { avgLatencyMs: 10 });
  expect(await next(() => true)).toMatchObject({ kind: 'removed', client: 'alice', topic: 'connections' });
});

test('a hub that goes and comes back: a line for each, and then the new truth', async () => {
  await listener('alice');
  const { next } = follow('--topic', 'streams', '--topic', 'connections', '--columns', 'chunk_send_rate');
  const rows = [await next(() => true), await next(() => true)];
  expect(rows.map(({ topic, kind }) => [topic, kind])).toEqual([
    ['streams', 'row'],
    ['connections', 'row'],
  ]);
  const { port } = hub;
  await hub.stop('SIGKILL');
  expect(await next(() => true)).toMatchObject({ kind: 'state', state: 'reconnecting', topic: null });
  hub = await HubProcess.start(['--port', String(port)]);
  expect(await next(({ kind }) => kind === 'state')).toMatchObject({ state: 'live', version: expect.any(String) });
  const gone = [await next(() => true), await next(() => true)];
  expect(gone.map(({ kind, topic }) => [kind, topic])).toEqual([
    ['removed', 'streams'],
    ['removed', 'connections'],
  ]);
  await listener('bob', 'other');
  await next(({ kind, client }) => kind === 'row' && client === 'bob');
});

test('a reader that closes the pipe ends it with 0', async () => {
  const { child, next, exited } = follow('--topic', 'hubs');
  await next(({ kind }) => kind === 'row');
  child.stdout.destroy();
  expect(await exited).toBe(0);
});

test('a reader that stops is skipped by the hub, told so, and gets on from where things are', async () => {
  const alice = await listener('alice');
  const many = await Promise.all(Array.from({ length: 300 }, (_, at) => listener(`many-${at}`)));
  const { child, next } = follow('--topic', 'connections/main');
  await next(({ client }) => client === 'alice');
  child.stdout.pause();
  let latency = 0;
  const chatter = setInterval(() => {
    latency++;
    for (const socket of many) report(socket, { avgLatencyMs: latency, jitterMs: latency, lastSeq: 0 });
  }, 100);
  await new Promise((resolve) => setTimeout(resolve, 6000));
  clearInterval(chatter);
  child.stdout.resume();
  expect(await next(({ kind }) => kind === 'behind')).toMatchObject({ topic: 'connections/main' });
  report(alice, { avgLatencyMs: 4321 });
  await next(({ client, latency_ms }) => client === 'alice' && latency_ms === 4321);
});

test('what cannot be had: 1 without a hub, 2 for a wrong wish', async () => {
  expect(await runCommand(['tail', '--url', 'http://127.0.0.1:1'])).toMatchObject({
    code: 1,
    output: expect.stringContaining('no hub at http://127.0.0.1:1'),
  });
  const unknown = await runCommand(['tail', '--url', hub.url, '--columns', 'nothing']);
  expect(unknown).toMatchObject({ code: 2, output: expect.stringContaining('known are chunks_sent') });
  expect((await runCommand(['tail', '--url', hub.url, '--topic', 'x'])).code).toBe(2);
  expect((await runCommand(['tail', '--url', hub.url, '--where', 'latency_ms'])).code).toBe(2);
});
