import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { HubProcess } from '../harness/hub.js';
import { FakeNvidiaSmi } from '../harness/nvidia-smi.js';
import { numberIn } from './pages.js';
import { ToneEngine } from './tone-engine.js';
import { until, type World } from './world.js';

type Listed = Readonly<Record<string, number | string | null>>;

export function engineRoomOnDashboard(world: World): void {
  describe('the engine room on the dashboard', () => {
    const smi = new FakeNvidiaSmi([{ play: ['rtx-3090-pair-driver-470'] }]);
    let hub: HubProcess;
    let engine: ToneEngine;
    let page: Page;

    beforeAll(async () => {
      hub = await HubProcess.start([], smi.env);
      engine = new ToneEngine(hub.wsUrl, 'main');
      const events = [
        { type: 'synthesis_end', id: 1, success: true, latencyMs: 2500, phraseDurationSec: 22 },
        { type: 'synthesis_end', id: 2, success: false, latencyMs: 10, phraseDurationSec: 22 },
        { type: 'queue', depth: 2 },
        { type: 'buffer', depthMs: 310 },
        { type: 'process', cpuPercent: 34.5, memoryMb: 640 },
      ];
      const headers = { 'content-type': 'application/json' };
      const path = `${hub.url}/api/v1/streams/main/events`;
      const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(events) });
      expect(await answer.json()).toMatchObject({ accepted: events.length });
      page = await world.open(`${hub.url}/#stream=main`, { viewport: { width: 1600, height: 900 } });
    }, 30_000);
    afterAll(async () => {
      engine.stop();
      await hub.stop();
      smi.remove();
    });

    /** A card's figures, by their labels, as numbers. */
    const figures = (card: string): Promise<Record<string, string>> =>
      page.evaluate((key) => {
        const all = document.querySelectorAll(`[data-card="${key}"] dl > div`);
        return Object.fromEntries(
          [...all].map((each) => [
            each.querySelector('dt')?.textContent ?? '',
            each.querySelector('dd')?.textContent ?? '',
          ]),
        );
      }, card);
    const listed = async (table: string): Promise<Listed[]> =>
      (await hub.get<{ items: Listed[] }>(`/api/v1/${table}`)).items;
    /**
     * Waits until all of the figures together are what the hub has listed, as exactly as the page shows it: a page is
     * as late as its browser is busy.
     */
    const agree = (card: string, table: string, row: string, columns: Readonly<Record<string, string>>) => {
      const seen: Listed[] = [];
      const list = async () => seen.push(...(await listed(table)).filter(({ id }) => id === row));
      return until(`${card} agrees with ${table}`, 20_000, async () => {
        await list();
        const shown = await figures(card);
        await list();
        return seen.some((item) =>
          Object.entries(columns).every(([label, column]) => {
            const [figure, value] = [numberIn(shown[label]), item[column]];
            return (
              figure !== null && typeof value === 'number' && Math.abs(figure - value) <= (value < 1000 ? 0.051 : 0.51)
            );
          }),
        );
      });
    };

    test('the engine’s figures are those of the hub’s own list, and the worst is told', async () => {
      await agree('engine', 'engines', 'main', {
        Synthesis: 'synthesis_latency_ms',
        'Real time': 'real_time_factor',
        Queue: 'phrase_queue_depth',
        'Ring buffer': 'ring_buffer_depth_ms',
        CPU: 'process_cpu_percent',
        Peak: 'peak_amplitude_db',
      });
      expect((await figures('engine')).Failures).toMatch(/50.0/);
      await page.locator('[data-card="engine"].alert', { hasText: 'past an alert threshold' }).waitFor();
    }, 30_000);

    test('so are the node’s and each GPU’s', async () => {
      const [host] = await listed('hosts');
      await agree('node', 'hosts', String(host?.id), {
        CPU: 'cpu_percent',
        Memory: 'memory_used_mb',
        Network: 'network_mbps',
        'Hub CPU': 'process_cpu_percent',
      });
      await agree('node', 'hubs', String(host?.id), { 'Loop delay': 'event_loop_delay_p99_ms' });
      const gpus = await until('the GPUs are read', 10_000, async () => {
        const found = await listed('gpus');
        return found.length === 2 && found;
      });
      for (const gpu of gpus) {
        await agree(String(gpu.id), 'gpus', String(gpu.id), { Memory: 'memory_used_mb', Power: 'power_w' });
      }
    }, 120_000);

    test('an engine that is gone while somebody listens is told in red', async () => {
      await page.evaluate((url) => void new WebSocket(url), `${hub.wsUrl}/api/v1/streams/main/listen`);
      engine.stop();
      await page.locator('[data-card="engine"].alert', { hasText: 'no engine is connected' }).waitFor();
      expect(world.faults()).toEqual([]);
    }, 30_000);
  });
}
