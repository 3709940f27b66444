import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writer, writePublishedChunk } from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { HubProcess, ROOT, runCommand } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a line each interval, in the log and in the file, with what was counted here', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-reporter-'));
  const file = join(folder, 'metrics.log');
  const hub = await HubProcess.start(['--reporter-interval-s', '1', '--reporter-file', file, '--gpu-interval-s', '0']);
  const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
  const listeners = [1, 2, 3].map(() => TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`));
  await Promise.all(listeners);
  engine.send({ type: 'buffer', depthMs: 312 });
  for (let count = 0; count < 5; count++) {
    engine.send(writePublishedChunk(new Writer(), { durationMs: 100, payload: new Uint8Array(100) }));
  }
  const linesOf = (log: string) =>
    [...log.matchAll(/^.*"Metrics: .*$/gm)].map(([line]) => (JSON.parse(line) as { msg: string }).msg);
  const whole = /^Metrics: clients=3, buffer=312ms, cpu=\d+%, mem=\d+MB, chunks_sent=15, dropped=0$/;
  const deadline = Date.now() + 12_000;
  while (linesOf(hub.log).filter((line) => whole.test(line)).length < 2 && Date.now() < deadline) await pause(50);
  const last = linesOf(hub.log).slice(-2);
  expect(last).toEqual([expect.stringMatching(whole), expect.stringMatching(whole)]);
  await hub.stop();
  const logged = linesOf(hub.log);
  const written = readFileSync(file, 'utf8').trim().split('\n');
  expect(written.map((line) => line.slice(line.indexOf(' ') + 1))).toEqual(logged);
  for (const line of written) expect(Date.parse(line.split(' ')[0] as string)).toBeGreaterThan(Date.now() - 60_000);
  rmSync(folder, { recursive: true });
}, 20_000);

test('--reporter-interval-s 0 writes none', async () => {
  const hub = await HubProcess.start(['--reporter-interval-s', '0', '--gpu-interval-s', '0']);
  await pause(1500);
  await hub.stop();
  expect(hub.log).not.toContain('Metrics: ');
});

test('a file that cannot be written is refused at start', async () => {
  const { code, output } = await runCommand([
    'serve',
    '--port',
    '0',
    '--reporter-file',
    `${ROOT}package.json/metrics.log`,
  ]);
  expect(code).toBe(2);
  expect(output).toMatch(/^auralis-hub: reporterFile: \S+metrics\.log cannot be written: E/);
});
