import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { NO_HOST_RULES } from '../harness/alerts.js';
import { HubProcess, ROOT, runCommand } from '../harness/hub.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

const folder = mkdtempSync(join(tmpdir(), 'auralis-alerts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let hub: HubProcess | undefined;
afterEach(async () => {
  await hub?.stop();
  hub = undefined;
});

type Alert = Readonly<Record<string, string | number | null>>;

/** Asks and returns status and body; `body` goes as JSON, or as the text that it is. */
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${hub?.url}/api/v1/alerts${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: text }),
  });
  const answer = await response.text();
  return { status: response.status, body: (answer === '' ? null : JSON.parse(answer)) as Record<string, unknown> };
}

const listed = async (query = '') => (await ask('GET', query)).body as { items: Alert[]; total: number };
const ALERT = { severity: 'error', title: 'Deploy failed', message: 'exit code 1', stream: 'main' };
const SILENCE = { matchers: { stream: 'main' }, author: 'anna', reason: 'deploying', lastsS: 600 };

describe.each(['uws', 'ws'])('alerts by REST on %s', (transport) => {
  const start = async () => (hub = await HubProcess.start(['--transport', transport, '--config', NO_HOST_RULES]));

  test('one is raised by hand, listed, found by its id, and resolved', async () => {
    await start();
    const raised = await ask('POST', '', { ...ALERT, labels: { service: 'mixer' } });
    expect(raised).toMatchObject({
      status: 201,
      body: {
        rule: 'manual',
        state: 'firing',
        severity: 'error',
        title: 'Deploy failed',
        message: 'exit code 1',
        stream: 'main',
        scope: 'service=mixer stream=main',
        count: 1,
        silenced: 'no',
      },
    });
    const again = await ask('POST', '', { ...ALERT, labels: { service: 'mixer' }, message: 'exit code 2' });
    expect([again.status, again.body.id, again.body.message]).toEqual([200, raised.body.id, 'exit code 2']);
    await ask('POST', '', { severity: 'info', title: 'Hello', message: 'there' });

    expect((await listed()).total).toBe(2);
    expect((await listed('?severity=error')).items.map(({ title }) => title)).toEqual(['Deploy failed']);
    expect((await listed('?stream=main&state=firing')).total).toBe(1);
    expect((await listed('?state=resolved')).total).toBe(0);
    expect(await ask('GET', `/${raised.body.id}`)).toMatchObject({ status: 200, body: { message: 'exit code 2' } });

    const resolved = await ask('POST', `/${raised.body.id}/resolve`);
    expect(resolved).toMatchObject({ status: 200, body: { state: 'resolved' } });
    for (const name of ['since', 'fired_at', 'resolved_at']) {
      expect(resolved.body[name]).toBe(new Date(Date.parse(String(resolved.body[name]))).toISOString());
    }
    expect((await listed('?state=resolved')).items.map(({ id }) => id)).toEqual([raised.body.id]);
    // Raised once more it is another one.
    expect((await ask('POST', '', { ...ALERT, labels: { service: 'mixer' } })).status).toBe(201);
    expect(hub?.log).toContain('ALERT: Deploy failed - exit code 1');
    expect(hub?.log).toMatch(/RESOLVED: Deploy failed - over after \d+ s: exit code 2/);
  });

  test('one with a key lasts for as long as it says, and is resolved by its key', async () => {
    await start();
    const keyed = { ...ALERT, key: 'deploy', lastsS: 2 };
    const { status, body: raised } = await ask('POST', '', keyed);
    expect(status).toBe(201);
    expect((await ask('POST', '', { ...keyed, title: 'Deploy fails on' })).body.id).toBe(raised.id);
    expect(await ask('POST', '/resolve', { key: 'deploy' })).toMatchObject({ status: 200, body: { resolved: 0 } });
    const byKey = { key: 'deploy', stream: 'main' };
    expect(await ask('POST', '/resolve', byKey)).toMatchObject({ status: 200, body: { resolved: 1 } });
    expect(await ask('POST', '/resolve', byKey)).toMatchObject({ status: 200, body: { resolved: 0 } });
    const { body: second } = await ask('POST', '', keyed);
    expect(second.id).not.toBe(raised.id);
    for (let tries = 0; tries < 100 && (await listed('?state=firing')).total > 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await ask('GET', `/${second.id}`)).body).toMatchObject({ state: 'resolved', title: 'Deploy failed' });
    expect(await ask('POST', '', { ...keyed, lastsS: 604_801 })).toMatchObject({
      status: 400,
      body: { detail: 'lastsS: 604800 at most' },
    });
  });

  test('dashboards see them as they come', async () => {
    const { wsUrl } = await start();
    const live = new LiveSocket(wsUrl, 'json');
    await live.nextResponse('welcome');
    live.request({ kind: 'subscribe', sub: 1, topic: 'alerts', intervalMs: 100, options: { columns: ['state'] } });
    await live.nextResponse('snapshot');
    await ask('POST', '', ALERT);
    for (;;) {
      const delta = await live.nextResponse('delta');
      const [added] = delta.added;
      if (added === undefined) continue;
      expect(added.attributes.slice(0, 4)).toEqual(['manual', 'error', 'stream=main', 'Deploy failed']);
      expect(delta.columns[0]?.values).toEqual(Float64Array.of(1));
      break;
    }
    await live.close();
  });

  test('a silence marks what it covers, is listed, and ends', async () => {
    await start();
    const { body: raised } = await ask('POST', '', ALERT);
    const { status, body: silence } = await ask('POST', '/silences', SILENCE);
    expect([status, silence.covers, silence.matchers]).toEqual([201, 1, { stream: 'main' }]);
    expect(Date.parse(String(silence.endsAt)) - Date.parse(String(silence.createdAt))).toBe(600_000);
    expect((await ask('GET', `/${raised.id}`)).body).toMatchObject({ silenced: 'yes', silence: silence.id });
    expect((await ask('GET', '/silences')).body).toMatchObject({
      items: [{ id: silence.id, author: 'anna' }],
      total: 1,
    });
    expect((await ask('DELETE', `/silences/${silence.id}`)).status).toBe(204);
    expect((await ask('GET', `/${raised.id}`)).body).toMatchObject({ silenced: 'no', silence: '' });
    expect((await ask('DELETE', `/silences/${silence.id}`)).status).toBe(404);
    const until = new Date(Date.now() + 60_000).toISOString();
    expect((await ask('POST', '/silences', { ...SILENCE, lastsS: undefined, endsAt: until })).body.endsAt).toBe(until);
  });

  test('what is not allowed is refused with a problem that names the place', async () => {
    await start();
    const refused = async (method: string, path: string, body: unknown, headers = {}) => {
      const { status, body: answer } = await ask(method, path, body, headers);
      return `${status} ${answer.detail}`;
    };
    expect(await refused('POST', '', { ...ALERT, severity: 'fatal' })).toMatch(
      /^400 severity: one of info, warning, error, critical, not "fatal"/,
    );
    expect(await refused('POST', '', { severity: 'error', title: ' ' })).toMatch(
      /^400 title: text, not nothing; message: text, not nothing$/,
    );
    expect(await refused('POST', '', { ...ALERT, stream: 'a b' })).toMatch(/^400 stream: a stream name/);
    expect(await refused('POST', '', { ...ALERT, colour: 'red' })).toMatch(
      /^400 colour: unknown; known are severity, /,
    );
    expect(await refused('POST', '', '{"severity":')).toMatch(/^400 /);
    expect(await refused('POST', '', 'severity=error', { 'content-type': 'text/plain' })).toMatch(/^4(00|15) /);
    expect(await refused('POST', '', ALERT, { origin: 'https://evil.example' })).toMatch(/^403 /);
    expect(await refused('POST', '/silences', { ...SILENCE, matchers: {} })).toMatch(/^400 matchers: one at least/);
    expect(await refused('POST', '/silences', { ...SILENCE, lastsS: undefined })).toMatch(/^400 endsAt or lastsS/);
    expect(await refused('POST', '/silences', { ...SILENCE, author: 5, lastsS: 0.5 })).toBe(
      '400 author: text, not 5; lastsS: a whole number from 1 to 31536000, not 0.5',
    );
    const past = { ...SILENCE, lastsS: undefined, endsAt: '2020-01-01T00:00:00Z' };
    expect(await refused('POST', '/silences', past)).toMatch(/^400 endsAt: from now on/);
    expect(await refused('GET', '?state=over', undefined)).toMatch(
      /^400 state: one of pending, firing, resolved, not "over"/,
    );
    expect(await refused('GET', '/nobody', undefined)).toMatch(/^404 /);
    expect(await refused('POST', '/nobody/resolve', undefined)).toMatch(/^404 /);
    expect((await listed()).total).toBe(0);
    expect(hub?.log).not.toContain(INTERNAL_ERROR_LOG);
  });
});

test('alerts and silences outlive the hub, also where it is killed', async () => {
  const args = ['--data-dir', join(folder, 'data'), '--config', NO_HOST_RULES];
  hub = await HubProcess.start(args);
  const { body: raised } = await ask('POST', '', ALERT);
  await ask('POST', '', { ...ALERT, message: 'exit code 2' });
  const { body: silence } = await ask('POST', '/silences', SILENCE);
  // The change is written a moment after the answer.
  await ask('GET', '/silences');
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await hub.stop('SIGKILL');
  hub = await HubProcess.start(args);
  expect((await listed('?state=firing')).items).toEqual([
    expect.objectContaining({ id: raised.id, since: raised.since, message: 'exit code 2' }),
  ]);
  expect((await ask('GET', '/silences')).body).toMatchObject({ items: [{ id: silence.id, endsAt: silence.endsAt }] });
  expect((await ask('POST', `/${raised.id}/resolve`)).body).toMatchObject({ state: 'resolved' });
  await hub.stop();
  hub = await HubProcess.start(args);
  expect((await listed()).total).toBe(0);
}, 60_000);

test('a hub that shuts down raises no alert of it', async () => {
  const file = join(folder, 'leave.yaml');
  const rule = '{ name: off, table: streams, column: publishing, is: "no", forS: 0 }';
  writeFileSync(file, `alerts: { builtIn: false, rules: [${rule}] }`);
  hub = await HubProcess.start(['--transport', 'ws', '--config', file]);
  const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
  const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
  // It does not answer the close, so the hub waits for it as long as it may: long enough for an alert.
  listener.ws.pause();
  await hub.stop();
  expect(hub.log).not.toContain('ALERT');
  listener.ws.terminate();
  await engine.close();
}, 30_000);

describe('rules in the config file', () => {
  const config = (content: string) => {
    const file = join(folder, 'hub.yaml');
    writeFileSync(file, content);
    return file;
  };

  test('are what the hub alerts by', async () => {
    const rules = `
      - { name: quiet, table: hubs, column: dashboards, below: 1, forS: 0, severity: info, title: Nobody watches }`;
    hub = await HubProcess.start(['--config', config(`alerts:\n  builtIn: false\n  rules: ${rules}\n`)]);
    let items: Alert[] = [];
    while (items.length === 0) items = (await listed()).items as Alert[];
    expect(items).toEqual([
      expect.objectContaining({ rule: 'quiet', severity: 'info', title: 'Nobody watches', value: 0 }),
    ]);
  });

  test.each([
    [
      'alerts: {rules: [{name: x, table: streams, column: nope, above: 3}]}',
      'hub.yaml:1:44: alerts.rules[0].column: streams has no column "nope"; it has',
    ],
    [
      'alerts: {rules: [{name: synthesis-slow, forS: soon}]}',
      'hub.yaml:1:41: alerts.rules[0].forS: a number, not "soon"',
    ],
    ['alerts: [1]', 'hub.yaml:1:1: alerts: a map, not a list'],
    ['alarms: {}', 'hub.yaml:1:1: alarms: unknown; known are host,'],
    // Each in a line of its own.
    ['host: 3\nmaxClients: x', /^auralis-hub: \S+:1:1: host: .*\nauralis-hub: \S+:2:1: maxClients: .*\n$/],
  ])('%s is refused with exit code 2', async (content, message) => {
    const { code, output } = await runCommand(['serve', '--port', '0', '--config', config(content)]);
    expect([code, output]).toEqual([
      2,
      typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    ]);
    expect(await runCommand(['check-config', config(content)])).toEqual({ code: 2, output });
  });

  test('check-config says what a good one makes of the rules', async () => {
    const { code, output } = await runCommand(['check-config', `${ROOT}examples/hub.yaml`]);
    expect([code, output]).toEqual([0, expect.stringMatching(/hub\.yaml is good: \d+ alert rules/)]);
  });
});

test('what somebody called an alert begins no line of the log, and tells the terminal nothing', async () => {
  hub = await HubProcess.start(['--log-format', 'pretty']);
  const title = 'x\n[12:00:00] FATAL: all is lost\u001b[2J\u009b2J\u202e';
  expect(await ask('POST', '', { ...ALERT, title })).toMatchObject({ status: 201, body: { title } });
  await hub.stop();
  expect(hub.log).toContain('ALERT: x\\n[12:00:00] FATAL: all is lost\\u001b[2J\\u009b2J\\u202e - exit code 1\n');
});
