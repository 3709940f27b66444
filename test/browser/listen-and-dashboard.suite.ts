import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HubProcess } from '../harness/hub.js';
import { figure, linkOf, nonsenseOn, numberIn, rowsOf, type ShownRow, sentence } from './pages.js';
import { ToneEngine } from './tone-engine.js';
import { pause, until, type World } from './world.js';

const PLAY_MS = 10_000;
/** Full jitter over some tries; far more than it takes. */
const RETURN_MS = 30_000;

export function listenAndDashboard(world: World): void {
  describe('the listen page and the dashboard, over a restart of the hub', () => {
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

    test('a browser that plays is a row that moves; both pages come back and show the new truth', async () => {
      const listen = await world.open(`${hub.url}/listen?stream=main&autoplay`);
      const dashboard = await world.open(`${hub.url}/`);
      await until('it plays', 15_000, async () => (await sentence(listen)) === 'Playing');

      const seen = await watch(async () => openRow(await rowsOf(dashboard, 'connections')));
      expect(new Set(seen.map((row) => row.key)).size).toBe(1);
      const sent = seen.map((row) => numberIn(row.cells.Sent) ?? 0);
      expect((sent.at(-1) ?? 0) - (sent[0] ?? 0)).toBeGreaterThan(60);
      expect(distinct(seen, 'Latency')).toBeGreaterThan(1);
      expect(distinct(seen, 'Buffer')).toBeGreaterThan(1);
      const last = seen.at(-1) as ShownRow;
      // It may stutter now and then where the machine does.
      const well = seen.filter(({ cells }) => /playing/.test(cells.Playback ?? '') && isPositive(cells.Buffer));
      expect(well.length).toBeGreaterThan(seen.length / 2);
      expect(numberIn(well.at(-1)?.cells.Latency)).toBeLessThan(500);
      expect(await figure(listen, 'chunks')).toBeGreaterThan(60);
      expect([...(await nonsenseOn(listen)), ...(await nonsenseOn(dashboard))]).toEqual([]);

      const { port } = hub;
      await hub.stop('SIGKILL');
      await until('the dashboard says so', 10_000, async () => (await linkOf(dashboard)) === 'reconnecting');
      await until('the listen page says so', 10_000, async () => /reconnecting/.test(await sentence(listen)));
      expect(await dashboard.locator('main.stale').count()).toBe(1);
      expect(await dashboard.locator('.card').count()).toBe(3);
      expect((await rowsOf(dashboard, 'connections')).map((row) => row.key)).toEqual([last.key]);

      hub = await HubProcess.start(['--port', String(port)]);
      await until('the dashboard is live', RETURN_MS, async () => (await linkOf(dashboard)) === 'live');
      await until('it plays again', RETURN_MS, async () => (await sentence(listen)) === 'Playing');
      const row = await until('the new row plays', RETURN_MS, async () => {
        const found = openRow(await rowsOf(dashboard, 'connections'));
        return found !== null && /playing/.test(found.cells.Playback ?? '') && found;
      });
      expect(row.key).not.toBe(last.key);
      expect((await rowsOf(dashboard, 'connections')).map(({ key }) => key)).not.toContain(last.key);
      expect(numberIn(row.cells.Sent)).toBeLessThan(sent.at(-1) as number);
      expect(await dashboard.locator('main.stale').count()).toBe(0);
      const chunks = (await figure(listen, 'chunks')) ?? 0;
      await until('chunks come', 15_000, async () => ((await figure(listen, 'chunks')) ?? 0) > chunks + 5);
      expect([...(await nonsenseOn(listen)), ...(await nonsenseOn(dashboard))]).toEqual([]);
      expect(world.faults()).toEqual([]);
    }, 120_000);
  });
}

function openRow(rows: readonly ShownRow[]): ShownRow | null {
  return rows.find((row) => /open/.test(row.cells.State ?? '')) ?? null;
}

const isPositive = (text: string | undefined) => (numberIn(text) ?? 0) > 0;

/** Return the row's readings over the time that it must play. */
async function watch(ask: () => Promise<ShownRow | null>): Promise<ShownRow[]> {
  const seen: ShownRow[] = [];
  const end = performance.now() + PLAY_MS;
  while (performance.now() < end) {
    const row = await ask();
    if (row !== null) seen.push(row);
    await pause(500);
  }
  return seen;
}

function distinct(rows: readonly ShownRow[], label: string): number {
  return new Set(rows.map((row) => numberIn(row.cells[label])).filter((value) => value !== null)).size;
}
