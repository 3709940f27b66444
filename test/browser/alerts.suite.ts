import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { NO_HOST_RULES } from '../harness/alerts.js';
import { HubProcess } from '../harness/hub.js';
import { listenerOf, type QuietListener } from './quiet-listener.js';
import { ToneEngine } from './tone-engine.js';
import { until, type World } from './world.js';

interface Raised {
  readonly id: string;
}

export function alertsOnDashboard(world: World): void {
  describe('alerts on the dashboard', () => {
    let hub: HubProcess;
    let page: Page;
    let other: ToneEngine;
    const listeners: QuietListener[] = [];

    const post = async (path: string, body: object): Promise<Raised> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(hub.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      expect(response.ok).toBe(true);
      return (await response.json()) as Raised;
    };
    const icon = () => page.locator('link[rel="icon"]').getAttribute('href');

    beforeAll(async () => {
      hub = await HubProcess.start(['--config', NO_HOST_RULES]);
      other = new ToneEngine(hub.wsUrl, 'other');
      for (const stream of ['main', 'main', 'other']) {
        listeners.push(await listenerOf(hub.wsUrl, stream, 'a', { bufferDepthMs: 300, playbackState: 'playing' }));
      }
      page = await world.open(`${hub.url}/#stream=other`);
    }, 30_000);
    afterAll(async () => {
      for (const peer of [other, ...listeners]) peer.stop();
      await hub.stop();
    });

    test('there is one quiet line when there is none', async () => {
      await page.locator('.alerts .summary', { hasText: 'No alert' }).waitFor();
      expect(await page.locator('.alert-row').count()).toBe(0);
      await until('the icon is calm', 15_000, async () => /icon-[\w-]+\.svg$/.test((await icon()) ?? ''));
      expect(await icon()).not.toMatch(/alert|trouble|away/);
    }, 30_000);

    test('the worst stands first, in the panel, in the title and in the icon, and is read out', async () => {
      await post('/api/v1/alerts', {
        severity: 'warning',
        title: 'Deploying',
        message: 'expect a gap',
        stream: 'main',
      });
      await page.locator('.alert-row.warning.loud', { hasText: 'Deploying' }).waitFor();
      await until('the title says so', 15_000, async () => /^◇ 1 warning · other/.test(await page.title()));
      expect(await icon()).toMatch(/icon-trouble/);
      await post('/api/v1/alerts', { severity: 'critical', title: 'On fire', message: 'really', stream: 'main' });
      await page.locator('.alert-row.critical.loud', { hasText: 'On fire' }).waitFor();
      const titles = await page.locator('.alert-row .what > b:first-child').allTextContents();
      expect(titles.slice(0, 2)).toEqual(['On fire', 'Deploying']);
      await until('the title says so', 15_000, async () => /^◆ 1 critical · other/.test(await page.title()));
      expect(await icon()).toMatch(/icon-alert/);
      expect(await page.locator('.alerts [role="alert"]').textContent()).toBe('critical: On fire');
    }, 30_000);

    test('leads to the stream that it is about, by the keyboard too', async () => {
      await page.locator('.filter').fill('nobody');
      await page.locator('.alert-row button', { hasText: 'On fire' }).focus();
      await page.keyboard.press('Enter');
      await page.locator('.connections h2', { hasText: 'Listeners of main' }).waitFor();
      expect(await page.locator('.filter').inputValue()).toBe('');
      await page.locator('.connections tr.row').first().waitFor();
    }, 30_000);

    test('says whose fault it is where the hub has found out, since when, and that it is over', async () => {
      const engine = new ToneEngine(hub.wsUrl, 'main');
      await until('it plays', 10_000, async () => {
        const { items } = await hub.get<{ items: { id: string; publishing: string }[] }>('/api/v1/streams');
        return items.find(({ id }) => id === 'main')?.publishing === 'yes';
      });
      engine.stop();
      const row = page.locator('.alert-row.critical.loud', { hasText: 'Engine offline' });
      await row.waitFor();
      expect(await row.locator('.count').textContent()).toBe('×2');
      expect(await row.locator('.why').textContent()).toMatch(/Fault: the engine · .*main/);
      expect(await row.locator('.since').textContent()).toMatch(/^for \d+ s$/);
      const again = new ToneEngine(hub.wsUrl, 'main');
      const over = page.locator('.alert-row.over', { hasText: 'Engine offline' });
      await over.waitFor({ timeout: 40_000 });
      expect(await over.locator('.since').textContent()).toMatch(/^\d+ s ago$/);
      again.stop();
    }, 90_000);

    test('a name that turns lines stays within its own cell', async () => {
      const client = 'exe.\u202egnp';
      const report = { type: 'connection_opened', connection: 'turned', attributes: { client } };
      await post('/api/v1/streams/main/reports', report);
      const name = page.locator('.connections th.name', { hasText: client });
      await name.waitFor();
      const isolation = name.locator('bdi').first();
      expect(await isolation.textContent()).toBe(client);
      expect(await isolation.evaluate((element) => getComputedStyle(element).unicodeBidi)).toBe('isolate');
      expect(await name.getAttribute('data-tip')).toContain('exe.\\u202egnp');
    }, 30_000);

    test('what is silenced is told quietly', async () => {
      const { id } = await post('/api/v1/alerts', { severity: 'error', title: 'Known', message: 'm', stream: 'quiet' });
      await page.locator('.alert-row.loud', { hasText: 'Known' }).waitFor();
      const silence = { matchers: { stream: 'quiet' }, author: 'anna', reason: 'deploying', lastsS: 600 };
      await post('/api/v1/alerts/silences', silence);
      await page.locator('.alert-row.silenced', { hasText: 'silenced' }).waitFor();
      await post(`/api/v1/alerts/${id}/resolve`, {});
      await page.locator('.alert-row.over', { hasText: 'Known' }).waitFor();
      expect(world.faults()).toEqual([]);
    }, 30_000);
  });
}
