import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { NO_HOST_RULES } from '../harness/alerts.js';
import { HubProcess } from '../harness/hub.js';
import { nonsenseOn, numberIn, rowsOf } from './pages.js';
import { listenerOf, type QuietListener } from './quiet-listener.js';
import { ToneEngine } from './tone-engine.js';
import { until, type World } from './world.js';

export function dashboardPage(world: World): void {
  describe('the dashboard', () => {
    let hub: HubProcess;
    let page: Page;
    const engines: ToneEngine[] = [];
    const listeners: QuietListener[] = [];

    const names = async () => (await rowsOf(page, 'connections')).map(({ cells }) => nameIn(cells.Listener));
    const namesAre = (wanted: readonly string[]) =>
      until(`the rows are ${wanted}`, 10_000, async () => (await names()).join() === wanted.join());

    beforeAll(async () => {
      hub = await HubProcess.start(['--config', NO_HOST_RULES]);
      page = await world.open(`${hub.url}/`);
    });
    afterAll(async () => {
      for (const peer of [...engines, ...listeners]) peer.stop();
      await hub.stop();
    });

    test('says what to do where there is nothing', async () => {
      await page.getByText('No stream yet.').waitFor();
      engines.push(new ToneEngine(hub.wsUrl, 'main'));
      await page.getByText('Nobody is listening.').waitFor();
      expect(await page.getByRole('link').getAttribute('href')).toBe('listen?stream=main');
      expect(await page.title()).toMatch(/● · main · Auralis/);
      expect(await nonsenseOn(page)).toEqual([]);
    }, 30_000);

    test('puts who is in trouble first, marks why, and counts them', async () => {
      // "b" says that it has nearly nothing left, "c" that it has a little less than it should.
      listeners.push(
        await listenerOf(hub.wsUrl, 'main', 'a', { bufferDepthMs: 300, playbackState: 'playing' }),
        await listenerOf(hub.wsUrl, 'main', 'b', { bufferDepthMs: 20, playbackState: 'playing', bufferUnderruns: 3 }),
        await listenerOf(hub.wsUrl, 'main', 'c', { bufferDepthMs: 120, playbackState: 'playing' }),
      );
      await page.locator('.census', { hasText: '◇ 1 not well' }).waitFor();
      await until('b is first', 15_000, async () => (await names())[0] === 'b');
      // Each reports by itself.
      const buffers = async () =>
        (await rowsOf(page, 'connections')).map(({ cells }) => `${nameIn(cells.Listener)} ${cells.Buffer}`);
      const marked = ['a 300', 'b ▼20', 'c ▽120'];
      await until(`they are ${marked}`, 15_000, async () => (await buffers()).toSorted().join() === marked.join());
      const [first] = await rowsOf(page, 'connections');
      expect(nameIn(first?.cells.Listener)).toBe('b');
      expect(first?.cells.Status).toMatch(/low buffer\s*\d+ s/);
      expect(await page.title()).toMatch(/1 (not well|warning)/);
    }, 30_000);

    test('says how much the hub sends: to three listeners, ten chunks a second each', async () => {
      const tile = page.locator('.tile', { hasText: 'Chunks sent' }).locator('dd');
      await until('it is 30/s', 15_000, async () => /^(29|30|31)\/s$/.test((await tile.textContent()) ?? ''));
    }, 30_000);

    test('sorts by a head, worst first, then the other way, then back', async () => {
      const head = page.locator('.connections').getByRole('button', { name: 'Buffer: sort' });
      await head.click();
      await namesAre(['b', 'c', 'a']);
      await head.click();
      await namesAre(['a', 'c', 'b']);
      await head.click();
      await page.locator('.connections th[aria-sort="descending"]', { hasText: 'Status' }).waitFor();
    }, 30_000);

    test('filters', async () => {
      await page.keyboard.press('/');
      await page.keyboard.type('PLAYING c');
      // Not each row has a "c" in its id; the one that is called so has.
      await until('c is among them', 15_000, async () => (await names()).includes('c'));
      await page.keyboard.type('zzz');
      await page.getByText('No listener matches.').waitFor();
      await page.locator('.filter').fill('');
      await until('all are back', 15_000, async () => (await names()).length === 3);
    }, 30_000);

    test('selects with the keyboard, shows the listener, and keeps both in the address', async () => {
      await page.locator('.connections table').focus();
      await page.keyboard.press('Home');
      const key = await until('a row is selected', 15_000, () =>
        page.evaluate(() => document.querySelector('.connections tr.selected')?.id.replace('connections-', '') ?? null),
      );
      expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('connection')).toBe(key);
      await page.getByText('listener of main').waitFor();
      await page.keyboard.press('Escape');
      await until('none is', 15_000, async () => (await page.locator('.connections tr.selected').count()) === 0);
    }, 30_000);

    test('draws on where the browser gives no animation frames, as for a window without focus', async () => {
      const other = await world.open(`${hub.url}/#stream=main`, {
        before: 'globalThis.requestAnimationFrame = () => 0',
      });
      const sent = async () => numberIn((await rowsOf(other, 'connections'))[0]?.cells.Sent) ?? 0;
      const first = await until('a row is drawn', 10_000, async () => (await sent()) || null);
      await until('it moves', 10_000, async () => (await sent()) > first);
      await other.close();
    }, 30_000);

    test('dims who left and says why', async () => {
      listeners.shift()?.stop();
      const row = await until('a is closed', 10_000, async () => {
        const found = (await rowsOf(page, 'connections')).find(({ cells }) => nameIn(cells.Listener) === 'a');
        return found?.isDimmed === true && found;
      });
      expect(row.cells.State).toMatch(/✕ left/);
      expect(await nonsenseOn(page)).toEqual([]);
      expect(world.faults()).toEqual([]);
    }, 30_000);
  });
}

/** The name of a listener of this test is one letter; its connection's id follows. */
function nameIn(text: string | undefined): string {
  return text?.charAt(0) ?? '';
}
