import { ClientMetrics, type Playback, type SocketConstructor } from '@auralis/client';
import { afterEach, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { HubProcess } from '../harness/hub.js';

let hub: HubProcess;
const pages: ClientMetrics[] = [];
afterEach(async () => {
  for (const page of pages) page.close();
  await hub.stop();
});

interface Row {
  readonly client: string;
  readonly reports: number;
  readonly report_interval_ms: number;
  readonly status: string | null;
}

/** A page with our SDK; `reports` counts what it sends. */
function listen(client: string, playback: () => Playback) {
  const page = { reports: 0 };
  class Counting extends WebSocket {
    override send(data: string): void {
      if (data.startsWith('{"type":"client_metrics"')) page.reports++;
      super.send(data);
    }
  }
  const url = `${hub.wsUrl}/api/v1/streams/main/listen`;
  pages.push(ClientMetrics.listen(url, { client, playback, WebSocket: Counting as unknown as SocketConstructor }));
  return page;
}

const rows = async () =>
  new Map((await hub.get<{ items: Row[] }>('/api/v1/connections')).items.map((row) => [row.client, row]));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('the hub asks a page that starves for four times as many reports, and the SDK sends them', async () => {
  hub = await HubProcess.start();
  let bufferUnderruns = 0;
  const sick = listen('sick', () => ({ playbackState: 'playing', bufferUnderruns: bufferUnderruns++ }));
  const well = listen('well', () => ({ playbackState: 'playing', bufferUnderruns: 0 }));
  while ((await rows()).get('sick')?.report_interval_ms !== 500) await sleep(100);
  const before = [sick.reports, well.reports];
  const startedAt = performance.now();
  await sleep(6_000);
  const [sickSent, wellSent] = [sick.reports - (before[0] ?? 0), well.reports - (before[1] ?? 0)];
  const ms = performance.now() - startedAt;
  // 12 of one, three of the other; timers may be late, the one above too, but never early.
  expect(sickSent).toBeLessThanOrEqual(ms / 500 + 1);
  expect(sickSent).toBeGreaterThan(2 * wellSent);
  expect(wellSent).toBeLessThanOrEqual(ms / 2_000 + 1);
  const after = await rows();
  expect(after.get('well')?.report_interval_ms).toBe(2_000);
  expect(after.get('sick')?.status).toBe('critical');
}, 60_000);
