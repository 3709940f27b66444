import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ABBREVIATED } from '@auralis/server/prometheus/spec-lines';
import { Writer, writePublishedChunk } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HubProcess, ROOT } from '../harness/hub.js';
import { describeWith, runProgram } from '../harness/program.js';
import { refusedStatus, TestSocket } from '../harness/socket.js';
import { CatalogueWorld } from './catalogue-world.js';

const OPEN = 'application/openmetrics-text';
/** `Accept` of Prometheus 2.42. */
const PROMETHEUS_ACCEPT = `${OPEN};version=1.0.0,${OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`;

const post = (hub: HubProcess, stream: string, events: object[]) =>
  fetch(`${hub.url}/api/v1/streams/${stream}/events`, {
    method: 'POST',
    body: JSON.stringify(events),
    headers: { 'content-type': 'application/json' },
  });
const synthesis = (success: boolean) => ({ type: 'synthesis', latencyMs: 300, success, phraseDurationSec: 20 });

interface Health {
  readonly [key: string]: unknown;
  readonly checks: readonly { readonly name: string; readonly state: string }[];
}

describe.each(['uws', 'ws'])('the page for Prometheus on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport, '--gpu-interval-s', '0']);
    await post(hub, 'main', [synthesis(true), synthesis(false), { type: 'queue', depth: 2 }]);
    // The choice of streams with lines of their own is renewed once a second.
    await new Promise((resolve) => setTimeout(resolve, 1500));
  });
  afterAll(() => hub.stop());

  const page = (path = '/metrics', headers: Record<string, string> = {}) => fetch(hub.url + path, { headers });

  test.each(['/metrics', '/api/v1/metrics/prometheus'])('%s: the text format, unless asked otherwise', async (path) => {
    for (const accept of [undefined, '*/*', 'text/plain', 'text/html', `text/plain, ${OPEN};q=0.1`]) {
      const response = await page(path, accept === undefined ? {} : { accept });
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const text = await response.text();
      expect(text).toContain('\nauralis_phrases_total 1\n');
      expect(text).toContain('\nauralis_engine_phrase_queue_depth{stream="main"} 2\n');
      expect(text).not.toContain('# EOF');
    }
  });

  test('has all that deploy/ asks it for', async () => {
    const known = new Set((await (await page()).text()).match(/(?<=^# TYPE )\w+/gm));
    for (const file of ['prometheus-rules.yml', 'grafana-dashboard.json']) {
      const asked = readFileSync(`${ROOT}deploy/${file}`, 'utf8').match(/\bauralis_\w+/g) ?? [];
      expect(asked.length).toBeGreaterThan(20);
      for (const series of asked) expect(known).toContain(series.replace(/_bucket$/, ''));
    }
  });

  test('the path of the specification has the page of /metrics, and three names of its own', async () => {
    const familiesOf = async (path: string): Promise<string[]> =>
      (await (await page(path)).text()).match(/(?<=^# TYPE )\w+ \w+/gm) ?? [];
    const [base, spec] = [await familiesOf('/metrics'), await familiesOf('/api/v1/metrics/prometheus')];
    const own = ['auralis_synthesis_latency_ms gauge', 'auralis_buffer_depth_ms gauge', 'auralis_memory_mb gauge'];
    expect(base.length).toBeGreaterThan(100);
    expect(spec.filter((family) => !own.includes(family))).toEqual(base);
    expect(spec.filter((family) => !base.includes(family))).toEqual(own);
  });

  test('OpenMetrics where `Accept` prefers it', async () => {
    for (const accept of [PROMETHEUS_ACCEPT, OPEN, `text/plain;q=0.3, ${OPEN}`]) {
      const response = await page('/metrics', { accept });
      expect(response.headers.get('content-type')).toBe(`${OPEN}; version=1.0.0; charset=utf-8`);
      const text = await response.text();
      expect(text.startsWith('# HELP auralis_phrases Total phrases generated\n# TYPE auralis_phrases counter\n')).toBe(
        true,
      );
      expect(text.endsWith('\n# EOF\n')).toBe(true);
    }
  });

  test('is compressed where that is asked for', async () => {
    const zipped = await page('/metrics', { 'accept-encoding': 'gzip' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toContain('\nauralis_phrases_total 1\n');
    for (const accepted of ['identity', 'gzip;q=0']) {
      const plain = await page('/metrics', { 'accept-encoding': accepted });
      expect(plain.headers.get('content-encoding')).toBeNull();
    }
  });
});

describeWith('promtool', 'the pages of a hub with all sorts of trouble, by promtool', () => {
  let world: CatalogueWorld;
  beforeAll(async () => {
    world = await CatalogueWorld.start();
    await world.everything();
    // More streams than have lines of their own.
    for (let at = 0; at < 60; at++) await post(world.hub, `more-${at}`, [synthesis(true)]);
    await world.until('a stale row, and an alert by a rule', async () => {
      const text = await (await fetch(`${world.hub.url}/metrics`)).text();
      return [/\{trust="stale"\} [1-9]/, /^auralis_alerts\{rule="(?!manual).*state="firing"\} [1-9]/m].every((line) =>
        line.test(text),
      );
    });
  }, 60_000);
  afterAll(() => world.stop());

  const pageOf = async (path: string, accept = 'text/plain') =>
    (await fetch(world.hub.url + path, { headers: { accept } })).text();

  test('have what there is to complain of', async () => {
    const text = await pageOf('/metrics');
    for (const series of ['gpu_memory_used_bytes{', 'gpu_info{', 'listener_latency_seconds_bucket{', 'alert_rows{']) {
      expect(text).toContain(`\nauralis_${series}`);
    }
    expect(text).toMatch(/^auralis_worst_listener_buffer_depth_seconds\{end="lowest",rank="1"\} /m);
    expect(text).toMatch(/^auralis_engine_events_total\{stream="\(other\)"\} [1-9]/m);
    expect(text).toMatch(/^auralis_synthesis_latency_seconds 0\.\d+$/m);
  });

  test('/metrics passes: exit code 0, and not a word', async () => {
    expect(runProgram('promtool', ['check', 'metrics'], await pageOf('/metrics'))).toEqual({ status: 0, said: '' });
  });

  test('of the path of the specification nothing is complained of but its three names without a base unit', async () => {
    const { status, said } = runProgram('promtool', ['check', 'metrics'], await pageOf('/api/v1/metrics/prometheus'));
    expect(status).toBe(3);
    const named = said.trim().split('\n');
    expect(named.map((line) => line.split(' ')[0]).sort()).toEqual(ABBREVIATED.map(({ family }) => family.name).sort());
  });

  test.each(['/metrics', '/api/v1/metrics/prometheus'])('%s as OpenMetrics: Prometheus’ own parser', async (path) => {
    const text = await pageOf(path, OPEN);
    // A block is made of samples with times of their own.
    const timed = text.replace(/^(?!#)(.+)$/gm, `$1 ${Math.floor(Date.now() / 1000)}`);
    const folder = mkdtempSync(join(tmpdir(), 'auralis-openmetrics-'));
    try {
      mkdirSync(join(folder, 'wal'));
      writeFileSync(join(folder, 'page'), timed);
      const made = runProgram('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'page'), folder]);
      expect(made).toMatchObject({ status: 0 });
      const { said } = runProgram('promtool', ['tsdb', 'dump', folder]);
      expect(said.split('\n').filter(Boolean)).toHaveLength(text.split('\n').filter((line) => /^\w/.test(line)).length);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('status', () => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--gpu-interval-s', '0']);
  });
  afterAll(() => hub.stop());

  const health = async (query = '') => {
    const response = await fetch(`${hub.url}/api/v1/metrics/health${query}`);
    return { status: response.status, body: (await response.json()) as Health };
  };
  /** As it should be where everything is well but the CPU of this machine, of which nobody knows. */
  const wellBut = (checks: Health['checks']) =>
    checks.some(({ name, state }) => name === 'avg_cpu_percent' && state === 'failing') ? 503 : 200;

  test('without an engine it is not sick; strictly, it is not known to be well', async () => {
    const { status, body } = await health();
    expect(status).toBe(wellBut(body.checks));
    expect(await health('?strict=1')).toMatchObject({ status: 503, body: { status: 'unhealthy', rtf: null } });
    expect(await health('?strict=yes')).toMatchObject({
      status: 400,
      body: { detail: 'strict: one of 0, 1, not "yes"' },
    });
  });

  test('one failure in five attempts is 503, and what fails is said', async () => {
    await post(hub, 'main', [...Array(9).fill(synthesis(true)), synthesis(false)]);
    const { status, body } = await health();
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'unhealthy', synthesis_error_rate: 0.1 });
    expect(body.checks).toContainEqual({
      name: 'synthesis_error_rate',
      value: 0.1,
      limit: { below: 0.1 },
      state: 'failing',
    });
    await post(hub, 'main', [synthesis(true)]);
    const after = await health();
    expect(after.status).toBe(wellBut(after.body.checks));
  });
});

test.each(['uws', 'ws'])('on %s, /readyz is 503 from the signal to the end', async (transport) => {
  const hub = await HubProcess.start(['--transport', transport, '--gpu-interval-s', '0']);
  const ready = async () => {
    const response = await fetch(`${hub.url}/readyz`);
    return [response.status, await response.json()];
  };
  expect(await ready()).toEqual([200, { status: 'ready' }]);
  // A listener that reads nothing, with more on its way to it than the kernel takes: its end takes its time.
  const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
  listener.ws.pause();
  const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
  const chunk = { durationMs: 100, payload: new Uint8Array(900_000) };
  for (let count = 0; count < 10; count++) engine.send(writePublishedChunk(new Writer(), chunk));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const stopped = hub.stop();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await ready()).toEqual([503, { status: 'draining' }]);
  expect(await refusedStatus(`${hub.wsUrl}/api/v1/streams/main/listen`)).toBe(503);
  expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
  listener.ws.terminate();
  expect((await stopped).code).toBe(0);
});
