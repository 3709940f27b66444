import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HubProcess } from '../harness/hub.js';
import { ReverseProxy } from '../harness/reverse-proxy.js';
import { linkOf } from './pages.js';
import { until, type World } from './world.js';

/** Pages of a hub besides the API: its reference, and everything below a path of another server. */
export function docsAndPrefix(world: World): void {
  describe('the API reference', () => {
    let hub: HubProcess;
    beforeAll(async () => {
      hub = await HubProcess.start();
    });
    afterAll(() => hub.stop());

    test('is rendered from what the hub itself serves, and asks nobody else', async () => {
      const asked: string[] = [];
      const page = await world.open('about:blank');
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(`${hub.url}/docs`);
      await page.locator('.opblock').first().waitFor();
      expect(await page.locator('.info .title').textContent()).toContain('Auralis Hub');
      const paths = await page.locator('.opblock-summary-path').allInnerTexts();
      // Zero-width spaces let long paths break.
      expect(paths.map((path) => path.replaceAll('\u200b', ''))).toEqual(
        expect.arrayContaining(['/api/v1/metrics', '/api/v1/connections', '/api/v1/streams/{stream}/events']),
      );
      await page.locator('#operations-connections-get_api_v1_connections').click();
      await page.locator('.opblock.is-open .parameters').first().waitFor();
      expect(await page.locator('.opblock.is-open').textContent()).toContain('latency_ms>500');
      expect(await page.locator('.errors-wrapper').count()).toBe(0);
      const elsewhere = asked.filter((url) => !url.startsWith(`${hub.url}/`) && !url.startsWith('data:'));
      expect(elsewhere).toEqual([]);
      expect(world.faults()).toEqual([]);
      await page.context().close();
    });
  });

  describe.each([true, false])('below a path, which the proxy takes away: %s', (strips) => {
    let hub: HubProcess;
    let proxy: ReverseProxy;
    beforeAll(async () => {
      const options = { hubPort: 0, prefix: '/auralis', strips, client: null };
      proxy = await ReverseProxy.start(options);
      hub = await HubProcess.start(['--public-url', `http://127.0.0.1:${proxy.port}/auralis/`]);
      options.hubPort = hub.port;
    });
    afterAll(async () => {
      proxy.stop();
      await hub.stop();
    });

    test('the dashboard is live and the reference is there', async () => {
      const root = `http://127.0.0.1:${proxy.port}/auralis`;
      const page = await world.open(`${root}/`);
      await until('the dashboard is live', 10_000, async () => (await linkOf(page)) === 'live');
      await page.goto(`${root}/docs`);
      await page.locator('.opblock').first().waitFor();
      await page.context().close();
    });
  });
}
