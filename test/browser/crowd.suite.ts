import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { HubProcess } from '../harness/hub.js';
import { rowsOf } from './pages.js';
import { until, type World } from './world.js';

const CROWD = 3_000;
/** Sockets that are opened at a time. */
const BATCH = 100;
/** Rows that may be in the document: what is in sight of 900 pixels, and some beyond both edges. */
const MOST_ROWS = 60;

interface Listed {
  readonly id: string;
  readonly client: string;
  readonly latency_ms: number;
}

export function crowdedDashboard(world: World): void {
  describe(`the dashboard of ${CROWD.toLocaleString('en')} listeners`, () => {
    let hub: HubProcess;
    let page: Page;
    const sockets: WebSocket[] = [];

    beforeAll(async () => {
      hub = await HubProcess.start();
      for (let first = 0; first < CROWD; first += BATCH) {
        await Promise.all(Array.from({ length: BATCH }, (_, at) => join(hub, sockets, first + at)));
      }
      page = await world.open(`${hub.url}/#stream=crowd`, { viewport: { width: 1400, height: 900 } });
      await page.locator('.census', { hasText: '3,000' }).waitFor();
      await page.locator('.connections').getByRole('button', { name: 'Latency: sort' }).click();
    }, 60_000);
    afterAll(async () => {
      for (const socket of sockets) socket.terminate();
      await hub.stop();
    });

    /** Rows of the hub's own list, in the order of the page. */
    const listed = async (query: string): Promise<Listed[]> => {
      const path = `/api/v1/connections?stream=crowd&sort=latency_ms&order=desc&${query}`;
      return (await hub.get<{ items: Listed[] }>(path)).items;
    };
    const shown = async () => (await rowsOf(page, 'connections')).map(({ key }) => key);
    /**
     * The rows on the page are those of the list, one after the other, from the place where the first of them stands.
     */
    const isPartOf = (keys: readonly string[], list: readonly Listed[]) => {
      const from = list.findIndex(({ id }) => id === keys[0]);
      return keys.length > 10 && from >= 0 && keys.every((key, at) => list[from + at]?.id === key) && { from };
    };

    test('shows the worst first, as the hub lists them, and keeps no more in the document than is in sight', async () => {
      const list = await listed('limit=100');
      const { from } = await until('the worst are shown', 10_000, async () => isPartOf(await shown(), list));
      expect(from).toBe(0);
      expect((await shown()).length).toBeLessThan(MOST_ROWS);
      expect(await page.locator('.connections table').getAttribute('aria-rowcount')).toBe(String(CROWD + 1));
    }, 30_000);

    test('scrolls on the hub', async () => {
      await page.evaluate(() => {
        const scroller = document.querySelector('.connections .scroller') as HTMLElement;
        scroller.scrollTop = scroller.scrollHeight / 2;
      });
      const list = await listed('limit=200&offset=1400');
      await until('the middle is shown', 10_000, async () => isPartOf(await shown(), list));
      expect((await shown()).length).toBeLessThan(MOST_ROWS);
    }, 30_000);

    test('goes to the end and back by the keyboard, and selects what it finds there', async () => {
      const selected = () => page.evaluate(() => document.querySelector('.connections tr.selected')?.id ?? null);
      await page.locator('.connections table').focus();
      await page.keyboard.press('End');
      const [last] = await listed(`limit=1&offset=${CROWD - 1}`);
      await until('the last is selected', 10_000, async () => (await selected()) === `connections-${last?.id}`);
      await page.locator('.trends h2', { hasText: String(last?.client) }).waitFor();
      await page.keyboard.press('Home');
      const [first] = await listed('limit=1');
      await until('the first is selected', 10_000, async () => (await selected()) === `connections-${first?.id}`);
      await page.keyboard.press('Escape');
    }, 30_000);

    test('the other way round', async () => {
      await page.locator('.connections').getByRole('button', { name: 'Latency: sort' }).click();
      const path = '/api/v1/connections?stream=crowd&sort=latency_ms&order=asc&limit=100';
      const { items } = await hub.get<{ items: Listed[] }>(path);
      await until('the best are shown', 10_000, async () => isPartOf(await shown(), items));
      await page.locator('.connections').getByRole('button', { name: 'Latency: sort' }).click();
      await page.locator('.connections').getByRole('button', { name: 'Latency: sort' }).click();
    }, 30_000);

    test('filters on the hub, by name and by what is said of a listener', async () => {
      const list = await listed(`limit=1000&where=${encodeURIComponent('client contains n-29')}`);
      await page.locator('.filter').fill('N-29');
      await page.locator('.census', { hasText: `${list.length} of 3,000` }).waitFor();
      await until('they are shown', 10_000, async () => isPartOf(await shown(), list));
      await page.locator('.filter').fill('n-29 paused');
      await page.getByText('No listener matches.').waitFor();
      await page.locator('.filter').fill('');
      await page.locator('.census', { hasText: /^3,000/ }).waitFor();
    }, 30_000);

    test('follows the selected listener to its next connection, wherever that stands', async () => {
      const { items } = await hub.get<{ items: Listed[] }>('/api/v1/connections?where=client=n-1234');
      await page.evaluate((id) => (location.hash = `stream=crowd&connection=${id}`), items[0]?.id);
      await page.locator('.trends h2', { hasText: 'n-1234' }).waitFor();
      sockets[1234]?.terminate();
      await join(hub, sockets, 1234);
      const next = await until('it goes on', 10_000, () =>
        page.evaluate((was) => {
          const now = new URLSearchParams(location.hash.slice(1)).get('connection');
          return now !== was && now;
        }, items[0]?.id),
      );
      const open = await hub.get<{ items: Listed[] }>('/api/v1/connections?where=client=n-1234&where=state!=closed');
      expect(next).toBe(open.items[0]?.id);
      expect(world.faults()).toEqual([]);
    }, 30_000);
  });
}

/** Joins as `n-<at>`, says once how late its chunks are (no two say the same), and stays. */
async function join(hub: HubProcess, sockets: WebSocket[], at: number): Promise<void> {
  const socket = new WebSocket(`${hub.wsUrl}/api/v1/streams/crowd/listen?client=n-${at}`);
  sockets.push(socket);
  sockets[at] = socket;
  const latency = 100 + ((at * 7919) % CROWD) / 10;
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('message', resolve);
  });
  const metrics = { avgLatencyMs: latency, bufferDepthMs: 300, playbackState: 'playing' };
  socket.send(JSON.stringify({ type: 'client_metrics', metrics }));
}
