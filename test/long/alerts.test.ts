import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { noHostRules } from '../harness/alerts.js';
import { HubProcess, runCommand } from '../harness/hub.js';
import { Receiver } from '../harness/receiver.js';
import { TestSocket } from '../harness/socket.js';

/** Alerts as `simulate` brings them about against the real hub: what fires, how often, and who is blamed. */

let hub: HubProcess;
let folder: string;
afterEach(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function simulate(...args: string[]): Promise<void> {
  await runCommand(['simulate', '--url', hub.url, '--json', '--no-audio', ...args]);
}

async function startHub(settings: object = {}): Promise<HubProcess> {
  folder = mkdtempSync(join(tmpdir(), 'auralis-alerts-'));
  const config = join(folder, 'hub.json');
  writeFileSync(config, JSON.stringify({ ...noHostRules(), ...settings }));
  hub = await HubProcess.start(['--data-dir', folder, '--config', config]);
  return hub;
}

interface Fired {
  readonly state: string;
  readonly rule: string;
  readonly blame: string;
  readonly evidence: string;
  readonly stream: string;
  readonly count: number;
}

/** Every alert of the stream that is or was: they stay for five minutes, longer than any of these runs. */
async function firedOf(stream: string): Promise<readonly Fired[]> {
  const { items } = await hub.get<{ items: Fired[] }>(`/api/v1/alerts?stream=${stream}`);
  return items.filter(({ state }) => state !== 'pending');
}

describe('alerts', () => {
  test('500 listeners that lose their engine at once are one alert, of 500, and the engine is to blame', async () => {
    await startHub();
    await simulate('--listeners', '500', '--duration', '20', '--kill-engine-at', '10');
    const fired = await firedOf('main');
    expect(fired).toEqual([
      expect.objectContaining({ rule: 'engine-offline', severity: 'critical', count: 500, blame: 'engine' }),
    ]);
    expect(fired[0]?.evidence).toMatch(/^the engine of stream main has been offline for \d+ s: 500 listeners wait$/);
  }, 120_000);

  test('one listener behind a bad link is named, and its network is to blame', async () => {
    await startHub();
    await simulate('--listeners', '12', '--lossy', '1', '--duration', '60');
    const fired = await firedOf('main');
    expect(fired.length).toBeGreaterThan(0);
    for (const { count, blame, evidence } of fired) {
      expect([count, blame]).toEqual([1, 'network']);
      expect(evidence).toMatch(/ 11 other listeners of stream main are ok, .* the link of sim-lossy-1$/);
    }
  }, 120_000);

  test('a hub that is stopped for six tenths of the time is to blame itself, and says so once', async () => {
    const receiver = await Receiver.start();
    const settings = { notifiers: { hook: { type: 'webhook', url: receiver.url } } };
    await startHub(settings);
    const run = simulate('--listeners', '20', '--duration', '95');
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await pause(8_000);
    for (let cycle = 0; cycle < 4; cycle++) {
      process.kill(hub.pid, 'SIGSTOP');
      await pause(3_000);
      process.kill(hub.pid, 'SIGCONT');
      await pause(2_000);
    }
    await run;
    const fired = await firedOf('main');
    // There is something that follows from it, and would have been told.
    expect(fired.length).toBeGreaterThan(1);
    for (const { rule, blame, evidence } of fired) {
      expect([rule, blame]).toEqual([rule, 'node']);
      expect(evidence).toMatch(/^the event loop of this hub was blocked for \d+\.\d of the last \d+ s/);
    }
    while ((await firedOf('main')).some(({ state }) => state === 'firing')) await pause(1_000);
    await receiver.until((requests) => requests.length >= 2);
    // Time for one that should not come.
    await pause(2_000);
    const told = receiver.bodies.map(({ data }) => {
      const { state, alert } = data as { state: string; alert: { rule: string; blame: { on: string } } };
      return [alert.rule, alert.blame.on, state];
    });
    expect(told).toEqual([
      ['event-loop-delay', 'node', 'firing'],
      ['event-loop-delay', 'node', 'resolved'],
    ]);
    await receiver.stop();
  }, 150_000);

  test('a hub that comes back to listeners without their engine says so', async () => {
    await startHub();
    const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await hub.stop('SIGKILL');
    engine.ws.terminate();
    hub = await HubProcess.start(['--data-dir', folder]);
    const listeners = [];
    for (const stream of ['main', 'main', 'never-had-one']) {
      listeners.push(await TestSocket.open(`${hub.wsUrl}/api/v1/streams/${stream}/listen`));
    }
    await new Promise((resolve) => setTimeout(resolve, 45_000));
    const fired = await firedOf('main');
    expect(fired.filter(({ rule }) => rule === 'engine-offline').map(({ count }) => count)).toEqual([2]);
    // A stream that sent no chunks while its engine was there was the engine's fault, too.
    expect(new Set(fired.map(({ blame }) => blame))).toEqual(new Set(['engine']));
    expect(await firedOf('never-had-one')).toEqual([]);
    for (const { ws } of listeners) ws.terminate();
  }, 120_000);
});
