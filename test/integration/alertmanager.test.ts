import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { noHostRules } from '../harness/alerts.js';
import { freePort } from '../harness/free-port.js';
import { HubProcess, runCommand } from '../harness/hub.js';
import { describeWith, runProgram } from '../harness/program.js';

const PROGRAM = 'prometheus-alertmanager';

interface GettableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly status: { readonly state: string };
}

async function until<Found>(look: () => Promise<Found>, isDone: (found: Found) => boolean): Promise<Found> {
  let found: Found | undefined;
  for (let tries = 0; tries < 300; tries++) {
    found = await look().catch(() => undefined);
    if (found !== undefined && isDone(found)) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`it never was: ${JSON.stringify(found)}`);
}

describeWith(PROGRAM, 'a real Alertmanager', () => {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-alertmanager-'));
  let manager: ChildProcess;
  let url: string;
  let hub: HubProcess;

  beforeAll(async () => {
    const config = join(folder, 'alertmanager.yml');
    writeFileSync(config, 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const listen = [`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='];
    manager = spawn(PROGRAM, [`--config.file=${config}`, `--storage.path=${folder}`, ...listen], { stdio: 'ignore' });
    await until(
      () => fetch(`${url}/-/ready`),
      ({ ok }) => ok,
    );
    const hubConfig = join(folder, 'hub.yaml');
    writeFileSync(
      hubConfig,
      JSON.stringify({ ...noHostRules(), notifiers: { prometheus: { type: 'alertmanager', url } } }),
    );
    hub = await HubProcess.start(['--config', hubConfig, '--gpu-interval-s', '0']);
  });

  afterAll(async () => {
    await hub.stop();
    const gone = new Promise((done) => manager.once('exit', done));
    manager.kill();
    await gone;
    rmSync(folder, { recursive: true });
  });

  const active = async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as GettableAlert[];
  const amtool = () => {
    const { status, said } = runProgram('amtool', ['alert', 'query', `--alertmanager.url=${url}`, '--output=json']);
    expect(status).toBe(0);
    return JSON.parse(said) as GettableAlert[];
  };
  const post = (path: string, body: object = {}) =>
    fetch(`${hub.url}/api/v1/alerts${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  test('shows an alert that is raised by hand, and no more when it is resolved', async () => {
    const raised = await post('', {
      severity: 'error',
      title: 'Deploy failed',
      message: 'exit code 1',
      stream: 'main',
    });
    const { id } = (await raised.json()) as { id: string };
    const [alert] = await until(active, (alerts) => alerts.length === 1);
    expect(alert).toMatchObject({
      labels: { alertname: 'manual', severity: 'error', stream: 'main', alert_id: id },
      annotations: { summary: 'Deploy failed', description: 'exit code 1', count: '1' },
      generatorURL: hub.url,
      status: { state: 'active' },
    });
    // It goes by Alertmanager's own resolve_timeout, five minutes from now, should the hub fall silent.
    expect(Date.parse(alert?.endsAt ?? '') - Date.now()).toBeGreaterThan(4 * 60_000);
    expect(amtool().map(({ labels }) => labels.alert_id)).toEqual([id]);
    expect((await post(`/${id}/resolve`)).status).toBe(200);
    await until(active, (alerts) => alerts.length === 0);
    expect(amtool()).toEqual([]);
  });

  test('shows that an engine has died under its listeners, and no more when they have gone', async () => {
    const seen: GettableAlert[] = [];
    const simulation = runCommand([
      'simulate',
      '--url',
      hub.url,
      '--json',
      '--listeners',
      '10',
      '--duration',
      '12',
      '--kill-engine-at',
      '3',
    ]);
    const isOfEngine = ({ labels }: GettableAlert) => labels.alertname === 'engine-offline';
    seen.push(...(await until(active, (alerts) => alerts.some(isOfEngine))).filter(isOfEngine));
    expect(amtool().filter(isOfEngine)).toHaveLength(1);
    expect(seen).toMatchObject([
      { labels: { stream: 'main', severity: 'critical' }, annotations: { blame: 'engine', count: '10' } },
    ]);
    await simulation;
    await until(active, (alerts) => !alerts.some(isOfEngine));
    expect(amtool().filter(isOfEngine)).toEqual([]);
    const { items } = await hub.get<{ items: { state: string; failures: number }[] }>('/api/v1/notifiers');
    expect(items).toMatchObject([{ state: 'ok', failures: 0 }]);
  });
});
