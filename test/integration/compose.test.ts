import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Deployed } from '../harness/deployed.js';
import { readImage } from '../harness/dockerfile.js';
import { HubProcess } from '../harness/hub.js';
import { describeIf, runProgram } from '../harness/program.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

/** Debian's programs, with what shows that they are there. */
const PROGRAMS = [
  ['nginx', '-v'],
  ['openssl', 'version'],
  ['prometheus', '--version'],
  ['prometheus-alertmanager', '--version'],
] as const;

const missing = PROGRAMS.filter(([program, probe]) => {
  try {
    return runProgram(program, [probe]).status !== 0;
  } catch {
    return true;
  }
}).map(([program]) => program);

interface Service {
  readonly environment: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 25_000;

async function eventually<Found>(look: () => Promise<Found>, isDone: (found: Found) => boolean): Promise<Found> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined && isDone(found)) return found;
    if (Date.now() > end) throw new Error(`it never was: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function compose(): void {
  let deployed: Deployed;
  let hub: HubProcess;
  let admin: string;
  let ca: Buffer;

  /** Ask nginx over TLS, with the certificate of the documented command. */
  const ask = (path: string, { method = 'GET', token = '', body = '' } = {}) =>
    new Promise<{ status: number; location: string | undefined; body: string }>((resolve, reject) => {
      const headers = {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === '' ? {} : { 'content-type': 'application/json' }),
      };
      const options = {
        port: deployed.ports.tls,
        host: 'localhost',
        family: 4,
        path,
        method,
        headers,
        ca,
        agent: false,
      };
      const asked = request(options, async (response) => {
        const pieces = await response.toArray();
        const { statusCode = 0, headers: answered } = response;
        resolve({ status: statusCode, location: answered.location, body: Buffer.concat(pieces).toString() });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  const json = async <Body>(url: string) => (await (await fetch(url)).json()) as Body;
  const prometheus = <Data>(path: string) =>
    json<{ data: Data }>(`http://127.0.0.1:${deployed.ports.prometheus}/api/v1/${path}`).then(({ data }) => data);

  beforeAll(async () => {
    deployed = await Deployed.prepare();
    admin = deployed.said.trim();
    ca = readFileSync(deployed.path('secrets/tls/server.crt'));
    const { services } = parse(readFileSync(deployed.path('compose.yaml'), 'utf8')) as { services: { hub: Service } };
    const settings = { ...readImage().env, ...services.hub.environment };
    // As Compose fills in a variable that is not set.
    const entries = Object.entries(settings).map(([name, value]) => [name, value.replace(/\$\{\w+:-(.*)\}/, '$1')]);
    const env = Object.fromEntries(entries.map(([name = '', value = '']) => [name, deployed.here(value)]));
    const ours = { PATH: process.env.PATH, AURALIS_HOST: '127.0.0.1', AURALIS_PORT: String(deployed.ports.hub) };
    hub = await HubProcess.start(['--port', String(deployed.ports.hub)], { ...env, ...ours });
    const { alerts, prometheus: port } = deployed.ports;
    const isOk = (url: string) => async () => (await fetch(url)).ok;
    const nginx = ['-c', deployed.substitute('nginx/nginx.conf'), '-p', deployed.folder, '-e', 'stderr'];
    await deployed.start('nginx', [...nginx, '-g', 'daemon off;'], async () => (await ask('/')).status === 302);
    const alertmanager = [
      `--config.file=${deployed.substitute('alertmanager.yml')}`,
      `--storage.path=${deployed.path('alertmanager')}`,
      ...[`--web.listen-address=127.0.0.1:${alerts}`, '--cluster.listen-address='],
    ];
    await deployed.start('prometheus-alertmanager', alertmanager, isOk(`http://127.0.0.1:${alerts}/-/ready`));
    const scraper = [
      `--config.file=${deployed.substitute('compose/prometheus.yml')}`,
      `--storage.tsdb.path=${deployed.path('prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    await deployed.start('prometheus', scraper, isOk(`http://127.0.0.1:${port}/-/ready`));
  }, 60_000);

  afterAll(async () => {
    await deployed.stop();
    await hub.stop();
  });

  test('every substitution has its place, and there is no other', () => {
    expect(deployed.unused).toEqual([]);
  });

  test('the dashboard, what it loads, and the API are found under the prefix, over TLS, with a token', async () => {
    expect(await ask('/')).toMatchObject({ status: 302, location: expect.stringMatching(/\/auralis\/$/) });
    const page = await ask('/auralis/');
    expect(page.status).toBe(200);
    const loaded = [...page.body.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map(([, path]) => path);
    expect(loaded.length).toBeGreaterThan(2);
    for (const path of loaded) expect([path, (await ask(`/auralis${path}`)).status]).toEqual([path, 200]);
    expect((await ask('/auralis/healthz')).status).toBe(200);
    expect((await ask('/auralis/api/v1/streams')).status).toBe(401);
    expect((await ask('/auralis/api/v1/streams', { token: admin })).status).toBe(200);
    expect((await ask('/elsewhere')).status).toBe(404);
  });

  test('a listener hears an engine through nginx, and the hub knows its address', async () => {
    const url = `wss://localhost:${deployed.ports.tls}/auralis/api/v1`;
    const options = { ca, family: 4, headers: { authorization: `Bearer ${admin}` } };
    const listener = await TestSocket.open(`${url}/streams/main/listen`, [], options);
    const { connectionId } = await listener.nextText<{ connectionId: string }>('welcome');
    const engine = await TestSocket.open(`${url}/streams/main/publish`, [], options);
    // The MessagePack array [100, bytes of "audio"].
    engine.send(Buffer.from([0x92, 100, 0xc4, 5, ...Buffer.from('audio')]));
    const chunk = await listener.next(({ data, isBinary }) => (isBinary ? data : undefined));
    expect(chunk.includes('audio')).toBe(true);
    const { body } = await ask(`/auralis/api/v1/connections/${connectionId}`, { token: admin });
    expect(JSON.parse(body)).toMatchObject({ address: '127.0.0.1', chunks_sent: 1 });
    // The page of the dashboard names its origin, which is that of the public URL.
    const origin = `https://localhost:${deployed.ports.tls}`;
    const live = new LiveSocket(`${origin.replace('https', 'wss')}/auralis`, 'msgpack', { ...options, origin });
    await live.nextResponse('welcome');
    await Promise.all([engine.close(), listener.close(), live.close()]);
  });

  test('Prometheus scrapes the hub with its token, and its alerts reach Alertmanager', async () => {
    const body = JSON.stringify([
      { type: 'synthesis_start', id: 1 },
      { type: 'synthesis_end', id: 1, success: true, phraseDurationSec: 22, peakAmplitudeDb: 3 },
    ]);
    const posted = await ask('/auralis/api/v1/streams/main/events', { method: 'POST', token: admin, body });
    expect(posted.status).toBe(202);
    const up = encodeURIComponent('up{job="auralis-hub"}');
    type Result = { result: { metric: Record<string, string>; value: [number, string] }[] };
    const { result } = await eventually(
      () => prometheus<Result>(`query?query=${up}`),
      (found) => found.result.some(({ value }) => value[1] === '1'),
    );
    expect(result.map(({ metric }) => metric.instance)).toEqual(['hub']);
    const { groups } = await prometheus<{ groups: { rules: { health: string }[] }[] }>('rules');
    expect(groups.flatMap(({ rules }) => rules).length).toBeGreaterThan(30);
    type Alert = { labels: Record<string, string> };
    const alerts = await eventually(
      () => json<Alert[]>(`http://127.0.0.1:${deployed.ports.alerts}/api/v2/alerts`),
      (found) => found.some(({ labels }) => labels.alertname === 'AuralisClipping'),
    );
    expect(alerts.map(({ labels }) => [labels.alertname, labels.instance, labels.stream])).toContainEqual([
      'AuralisClipping',
      'hub',
      'main',
    ]);
  }, 60_000);
}

describeIf(
  missing.length === 0,
  `not installed: ${missing.join(', ')}`,
  'deploy/compose.yaml on this machine',
  compose,
);
