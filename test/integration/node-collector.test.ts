import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NO_HOST_RULES } from '../harness/alerts.js';
import { HubProcess, ROOT } from '../harness/hub.js';

type Row = Record<string, number | string | null>;

let hub: HubProcess;
beforeAll(async () => {
  hub = await HubProcess.start(['--config', NO_HOST_RULES]);
});
afterAll(async () => {
  await hub.stop();
});

/** Runs the example to its end; what it printed. */
async function runExample(hubUrl: string): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, AURALIS_HUB_URL: hubUrl, AURALIS_STREAM: 'node' };
  const child = spawn(process.execPath, [`${ROOT}examples/node/engine.js`], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return { code: await new Promise((resolve) => child.once('close', resolve)), output };
}

test('the example in Node: what it recorded is what the hub shows, sent before it ends', async () => {
  const { code, output } = await runExample(hub.url);
  expect(code).toBe(0);
  const told = JSON.parse(output) as Record<string, number>;
  expect(told).toMatchObject({ totalPhrasesGenerated: 3, totalSynthesisErrors: 1, synthesisErrorRate: 0.25 });
  const row = await hub.get<Row>('/api/v1/engines/node');
  expect(row).toMatchObject({
    phrases_generated: 3,
    synthesis_errors: 1,
    syntheses_pending: 0,
    syntheses_unpaired: 0,
    events_refused: 0,
    chunks_sent: 80,
    chunks_dropped: 1,
    active_clients: 5,
    ring_buffer_depth_ms: 310,
    phrase_queue_depth: 2,
  });
  expect(row.synthesis_latency_ms).toBeCloseTo(told.avgSynthesisLatencyMs as number, 0);
  expect(row.real_time_factor).toBeCloseTo(told.avgRtf as number, 1);
  expect(await hub.get<Row>('/api/v1/metrics')).toMatchObject({
    total_phrases_generated: 3,
    total_synthesis_errors: 1,
    total_chunks_sent: 80,
    total_chunks_dropped: 1,
    current_active_clients: 5,
  });
  const { items } = await hub.get<{ items: Row[] }>('/api/v1/alerts');
  expect(items.map(({ severity, title, stream }) => [severity, title, stream])).toEqual([
    ['error', 'Synthesis failures', 'node'],
  ]);
});

test('without a hub it ends by itself', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  expect((await runExample(`http://127.0.0.1:${port}`)).code).toBe(0);
});
