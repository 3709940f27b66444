import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { HubProcess } from '../harness/hub.js';
import { nonsenseOn, rowsOf } from './pages.js';
import { SPEC_CLIENT_METRICS } from './spec-client-metrics.js';
import { ToneEngine } from './tone-engine.js';
import { until, type World } from './world.js';

/** A connection as REST shows it. */
interface ConnectionRow {
  readonly client: string;
  readonly reports: number | null;
  readonly messages_refused: number | null;
  readonly chunks_received: number | null;
  readonly chunk_errors: number | null;
  readonly buffer_underruns: number | null;
  readonly latency_ms: number | null;
  readonly error_rate: number | null;
  readonly clock: string | null;
  readonly buffer_depth_ms: number | null;
}

const SLOW_BY_MS = 15_000;

/** A page as somebody would write it around the class: counts each chunk, reports twice a second. */
const PAGE = `
  const metrics = new ClientMetrics();
  const ws = new WebSocket(location.origin.replace('http', 'ws') + '/api/v1/streams/' + stream + '/listen?client=' + client);
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => { metrics.sendToServer(ws); setInterval(() => metrics.sendToServer(ws), 500); };
  ws.onmessage = ({ data }) => {
    if (typeof data === 'string') { if (JSON.parse(data).type === 'error') document.title = data; return; }
    // [seq, sentAtMs, durationMs, payload]: when it was sent is a float64 behind the array's head and the number.
    metrics.recordChunkReceived(new Date(new DataView(data).getFloat64(7)).toISOString());
  };
`;

export function specClient(world: World): void {
  describe("the specification's own ClientMetrics, unchanged", () => {
    let hub: HubProcess;
    let engine: ToneEngine;

    beforeAll(async () => {
      hub = await HubProcess.start();
      engine = new ToneEngine(hub.wsUrl, 'main');
    });
    afterAll(async () => {
      engine.stop();
      await hub.stop();
    });

    /** A page of the hub's own origin with the class in it, and nothing of ours. */
    async function openPage(stream: string, client: string, before = ''): Promise<Page> {
      const page = await world.open(`${hub.url}/healthz`, { bypassCSP: true });
      const names = `const stream = ${JSON.stringify(stream)}, client = ${JSON.stringify(client)};`;
      await page.addScriptTag({ content: `${before}${SPEC_CLIENT_METRICS}${names}${PAGE}` });
      return page;
    }

    async function rowOf(client: string): Promise<ConnectionRow | null> {
      const { items } = await hub.get<{ items: ConnectionRow[] }>('/api/v1/connections');
      return items.find((row) => row.client === client) ?? null;
    }

    test('is understood', async () => {
      const page = await openPage('main', 'plain');
      const row = await until('20 chunks reported', 15_000, async () => {
        const found = await rowOf('plain');
        return (found?.chunks_received ?? 0) >= 20 && found;
      });
      expect(row).toMatchObject({ chunk_errors: 0, buffer_underruns: 0, error_rate: 0, messages_refused: 0 });
      // Without an exchange of clocks nobody knows whether this is the network or the clock.
      expect(row.clock).toBe('unsynced');
      expect(Math.abs(row.latency_ms ?? Number.NaN)).toBeLessThan(1_000);
      expect(row.buffer_depth_ms).toBeNull();
      await page.evaluate(`metrics.recordChunkError(); metrics.recordBufferUnderrun(); metrics.recordBufferUnderrun()`);
      await until('what went wrong is told', 15_000, async () => (await rowOf('plain'))?.buffer_underruns === 2);
      expect((await rowOf('plain'))?.chunk_errors).toBe(1);
      expect(await page.title()).toBe('');
      await page.close();
    }, 60_000);

    test('is understood with its clock 15 s slow, and its latency marked', async () => {
      const slow = `{
        const real = Date;
        globalThis.Date = class extends real {
          constructor(...args) { if (args.length === 0) super(real.now() - ${SLOW_BY_MS}); else super(...args); }
          static now() { return real.now() - ${SLOW_BY_MS}; }
        };
      }`;
      const page = await openPage('main', 'slow-clock', slow);
      const row = await until('chunks reported', 15_000, async () => {
        const found = await rowOf('slow-clock');
        return (found?.chunks_received ?? 0) >= 10 && found;
      });
      expect(row.latency_ms).toBeGreaterThan(-SLOW_BY_MS - 1_000);
      expect(row.latency_ms).toBeLessThan(-SLOW_BY_MS + 5_000);
      expect(row).toMatchObject({ clock: 'unsynced', messages_refused: 0 });

      const dashboard = await world.open(`${hub.url}/#stream=main`);
      const cells = await until('its row is shown', 10_000, async () => {
        const found = (await rowsOf(dashboard, 'connections')).find(({ cells }) =>
          /slow-clock/.test(cells.Listener ?? ''),
        );
        return found?.cells ?? null;
      });
      expect(cells.Latency).toMatch(/^\?−1[45],\d{3}$/);
      expect(cells.Buffer).toBe('–');
      expect(cells.Playback).toBe('–');
      expect(await nonsenseOn(dashboard)).toEqual([]);
      await page.close();
      await dashboard.close();
    }, 60_000);

    test('is understood before its first chunk', async () => {
      const page = await openPage('no-engine', 'early');
      const row = await until('a report is taken', 15_000, async () => {
        const found = await rowOf('early');
        return (found?.reports ?? 0) >= 2 && found;
      });
      expect(row).toMatchObject({ chunks_received: 0, chunk_errors: 0, error_rate: 0, messages_refused: 0 });
      expect(await page.title()).toBe('');
      await page.close();
      expect(world.faults()).toEqual([]);
    }, 60_000);
  });
}
