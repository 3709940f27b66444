import { createHmac } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { HubProcess, newDataDir, ROOT, runCommand } from '../harness/hub.js';
import { type Received, Receiver } from '../harness/receiver.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
// biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a config file names a variable
const SECRET_SETTING = '${HOOK_SECRET}';

let dataDir: string;
let receiver: Receiver;
let hubs: HubProcess[];

beforeEach(async () => {
  dataDir = newDataDir();
  receiver = await Receiver.start();
  hubs = [];
});

afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub.stop('SIGKILL')));
  await receiver.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Starts a hub on the data directory of this test, with these notifiers. */
async function startHub(notifiers: object): Promise<HubProcess> {
  const config = join(dataDir, 'hub.yaml');
  writeFileSync(config, JSON.stringify({ alerts: { builtIn: false }, notifiers }));
  // One address raises all.
  const hub = await HubProcess.start(['--config', config, '--max-share-percent', '100'], {
    AURALIS_DATA_DIR: dataDir,
    HOOK_SECRET: SECRET,
  });
  hubs.push(hub);
  return hub;
}

async function post<Body>(hub: HubProcess, path: string, body: object = {}): Promise<Body> {
  const response = await fetch(hub.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}

const raise = async (hub: HubProcess, title: string) =>
  (await post<{ id: string }>(hub, '/api/v1/alerts', { severity: 'error', title, message: `${title} happened` })).id;
const resolve = (hub: HubProcess, id: string) => post(hub, `/api/v1/alerts/${id}/resolve`);

interface Notification {
  readonly type: string;
  readonly data: { readonly key: string; readonly state: string; readonly alert: { id: string; title: string } };
}

/** A receiver that drops keys it has seen, in five lines, as in the README. */
function heard(requests: readonly Received[]): string[] {
  const seen = new Map<string, string>();
  for (const { headers, body } of requests) {
    const [id, at] = [headers['webhook-id'], headers['webhook-timestamp']];
    const secret = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    const wanted = `v1,${createHmac('sha256', secret).update(`${id}.${at}.${body}`).digest('base64')}`;
    expect(headers['webhook-signature']).toBe(wanted);
    const { type, data } = JSON.parse(body) as Notification;
    expect([headers['idempotency-key'], id, type]).toEqual([data.key, data.key, `alert.${data.state}`]);
    seen.set(data.key, `${data.alert.title} ${data.state}`);
  }
  return [...seen.values()];
}

interface States {
  readonly items: readonly Record<string, unknown>[];
}

test('receivers of every kind that hang, all at once, and a thousand alerts: streaming goes on as without them', async () => {
  const { url } = receiver;
  receiver.behave = () => 'hang';
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((done) => silent.once('listening', done));
  const mail = { type: 'email', host: '127.0.0.1', port: (silent.address() as AddressInfo).port, requireTls: false };
  const hub = await startHub({
    webhook: { type: 'webhook', url },
    bot: { type: 'slack', token: 'xoxb-1', channel: 'C1', apiUrl: url },
    discord: { type: 'discord', url },
    pagerduty: { type: 'pagerduty', routingKey: 'key', url },
    alertmanager: { type: 'alertmanager', url },
    mail: { ...mail, from: 'hub@hub.test', to: ['ops@ops.test'] },
  });
  const simulation = runCommand(['simulate', '--url', hub.url, '--json', '--listeners', '20', '--duration', '4']);
  for (let n = 0; n < 100; n++) await Promise.all(Array.from({ length: 10 }, (_, k) => raise(hub, `${n}-${k}`)));
  const worst = { loop: 0, rtt: 0 };
  let isOver = false;
  const ended = simulation.finally(() => (isOver = true));
  while (!isOver) {
    const [{ items: rows }, { items: streams }] = await Promise.all([
      hub.get<{ items: Record<string, number>[] }>('/api/v1/hubs'),
      hub.get<{ items: Record<string, number>[] }>('/api/v1/streams'),
    ]);
    worst.loop = Math.max(worst.loop, rows[0]?.event_loop_delay_p99_ms ?? 0);
    worst.rtt = Math.max(worst.rtt, streams[0]?.rtt_p95_ms ?? 0);
    await new Promise((done) => setTimeout(done, 250));
  }
  const { code, output } = await ended;
  process.stdout.write(`worst p99 of loop delay ${worst.loop} ms, worst p95 of round trip ${worst.rtt} ms\n`);
  const { ok, mismatches } = JSON.parse(output) as { ok: boolean; mismatches: unknown[] };
  expect([code, ok, mismatches]).toEqual([0, true, []]);
  const { items } = await hub.get<States>('/api/v1/notifiers');
  expect(items.map(({ pending, sent }) => [pending, sent])).toEqual(items.map(() => [1000, 0]));
  const { ms } = await hub.stop();
  expect(ms).toBeLessThan(6_000);
  silent.close();
});

test('a receiver that hangs, answers 500 and then works, and two kill -9: all is told, once a key, in order; nobody else waits', async () => {
  const log = join(dataDir, 'alerts.jsonl');
  const notifiers = {
    hook: { type: 'webhook', url: `${receiver.url}/hook`, secret: SECRET_SETTING },
    log: { type: 'file', path: log },
  };
  const linesOf = () =>
    readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Notification['data']);

  receiver.behave = () => 'hang';
  const first = await startHub(notifiers);
  const a = await raise(first, 'A');
  const b = await raise(first, 'B');
  await resolve(first, a);
  await receiver.until((requests) => requests.length >= 1);
  const { items } = await until(
    () => first.get<{ items: Record<string, number>[] }>('/api/v1/hubs'),
    ({ items: rows }) => rows[0]?.notifications_sent === 3,
  );
  expect(items[0]?.notifications_pending).toBe(3);
  expect(linesOf().map(({ state, alert }) => `${alert.title} ${state}`)).toEqual([
    'A firing',
    'B firing',
    'A resolved',
  ]);
  await first.stop('SIGKILL');

  receiver.behave = () => ({ status: 500 });
  const before = receiver.requests.length;
  const second = await startHub(notifiers);
  const c = await raise(second, 'C');
  await resolve(second, b);
  await receiver.until((requests) => requests.length >= before + 2);
  // A line that was written and not yet ticked off would come again.
  await until(
    () => second.get<{ items: Record<string, number>[] }>('/api/v1/hubs'),
    ({ items: rows }) => rows[0]?.notifications_sent === 2,
  );
  await second.stop('SIGKILL');

  // It takes the first, and the answer is lost: that one comes again.
  let taken = 0;
  receiver.behave = () => (++taken === 1 ? 'cut' : {});
  const working = receiver.requests.length;
  const third = await startHub(notifiers);
  await resolve(third, c);
  await receiver.until((requests) => heard(requests.slice(working)).length === 6);
  const told = receiver.requests.slice(working);
  const all = heard(told);
  expect(told.length).toBe(7);
  expect([...all].sort()).toEqual(['A firing', 'A resolved', 'B firing', 'B resolved', 'C firing', 'C resolved']);
  for (const title of ['A', 'B', 'C'])
    expect(all.indexOf(`${title} firing`)).toBeLessThan(all.indexOf(`${title} resolved`));
  expect(
    linesOf()
      .map(({ key }) => key)
      .sort(),
  ).toEqual([...new Set(linesOf().map(({ key }) => key))].sort());
  await third.stop();
  expect(third.log).not.toContain(INTERNAL_ERROR_LOG);
});

test('a dead receiver is shown, without what is secret; SIGTERM tells what can be told', async () => {
  receiver.behave = () => ({ status: 503 });
  const hub = await startHub({
    hook: { type: 'webhook', url: `${receiver.url}/hook?token=hidden-in-the-url`, secret: SECRET_SETTING },
  });
  await raise(hub, 'A');
  await receiver.until((requests) => requests.length >= 1);
  const failing = await until(
    () => hub.get<States>('/api/v1/notifiers'),
    ({ items }) => items[0]?.state === 'failing',
  );
  expect(failing).toMatchObject({
    total: 1,
    items: [
      {
        id: 'hook',
        type: 'webhook',
        target: `127.0.0.1:${receiver.port}`,
        pending: 1,
        sent: 0,
        lastSuccessAt: null,
        lastError: 'answered 503',
      },
    ],
  });
  await until(
    () => hub.get<{ items: Record<string, number>[] }>('/api/v1/hubs'),
    ({ items }) => items[0]?.notifiers_failing === 1 && (items[0]?.notifications_failed ?? 0) >= 1,
  );
  receiver.behave = () => ({});
  await until(
    () => hub.get<States>('/api/v1/notifiers'),
    ({ items }) => items[0]?.state === 'ok' && items[0]?.sent === 1,
  );
  await raise(hub, 'B');
  const { code, ms } = await hub.stop();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(6_000);
  expect(heard(receiver.requests)).toEqual(['A firing', 'B firing']);
  for (const hidden of ['hidden-in-the-url', SECRET]) expect(JSON.stringify(failing) + hub.log).not.toContain(hidden);
});

test('the example of the README runs', async () => {
  const secrets = {
    PAGERDUTY_KEY: 'r'.repeat(32),
    SLACK_BOT_TOKEN: 'xoxb-1',
    DISCORD_WEBHOOK_URL: 'https://discord.test/api/webhooks/1/hidden',
    WEBHOOK_SECRET: SECRET,
    SMTP_PASSWORD: 'hidden',
  };
  const config = ['--config', `${ROOT}examples/notifiers.yaml`];
  const hub = await HubProcess.start(config, { AURALIS_DATA_DIR: dataDir, ...secrets });
  hubs.push(hub);
  const { items } = await hub.get<States>('/api/v1/notifiers');
  expect(items.map(({ id, type, target }) => [id, type, target])).toEqual([
    ['oncall', 'pagerduty', 'events.pagerduty.com'],
    ['team', 'slack', '#auralis'],
    ['community', 'discord', 'discord.test'],
    ['automation', 'webhook', 'automation.example.org'],
    ['mail', 'email', 'smtp.example.org:587'],
    ['prometheus', 'alertmanager', '127.0.0.1:9093'],
    ['record', 'file', 'auralis-alerts.jsonl'],
  ]);
  expect(JSON.stringify(items)).not.toContain('hidden');
  expect((await hub.stop()).code).toBe(0);
});

test('doctor tries every notifier, and says which is not reached and why', async () => {
  const dead = await Receiver.start();
  const config = join(dataDir, 'doctor.json');
  const notifiers = { well: { type: 'webhook', url: receiver.url }, dead: { type: 'webhook', url: dead.url } };
  await dead.stop();
  writeFileSync(config, JSON.stringify({ notifiers }));
  const env = { AURALIS_PORT: '0' };
  const quiet = await runCommand(['doctor', config], env);
  expect([quiet.code, receiver.requests.length]).toEqual([0, 0]);
  const { code, output } = await runCommand(['doctor', config, '--notify'], env);
  expect(code).toBe(1);
  expect(output).toMatch(/^ok {4}data directory .*$/m);
  expect(output).toContain(`ok    notifier well (webhook, 127.0.0.1:${receiver.port})`);
  expect(output).toMatch(/^FAIL {2}notifier dead \(webhook, .*\): connect ECONNREFUSED/m);
  expect(receiver.bodies.map(({ type }) => type)).toEqual(['alert.firing', 'alert.resolved']);
});

async function until<Found>(look: () => Promise<Found>, isDone: (found: Found) => boolean): Promise<Found> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look();
    if (isDone(found)) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`it never was: ${JSON.stringify(await look())}`);
}
