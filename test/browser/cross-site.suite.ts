import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { SESSION, VERSION_1 } from '../harness/cmcd.js';
import { HubProcess } from '../harness/hub.js';
import { until, type World } from './world.js';

/** Pages of another site: `localhost` is another one than 127.0.0.1, and browsers say so to both. */
export function otherSites(world: World): void {
  describe('a page of another site', () => {
    let hub: HubProcess;
    let site: Server;
    let page: Page;
    beforeAll(async () => {
      hub = await HubProcess.start();
      site = createServer((_, res) => res.end('<!doctype html><title>radio</title>'));
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
      page = await world.open(`http://localhost:${(site.address() as AddressInfo).port}/`);
    });
    afterAll(async () => {
      await page.context().close();
      site.close();
      await hub.stop();
    });

    const rows = async () => {
      const { items } = await hub.get<{ items: { id: string }[] }>('/api/v1/connections');
      return items.map(({ id }) => id);
    };

    const refused = async () => {
      const { items } = await hub.get<{ items: { requests_refused: number }[] }>('/api/v1/hubs');
      return items[0]?.requests_refused ?? 0;
    };

    test('is a player whose CMCD arrives, by body and by query', async () => {
      const url = `${hub.url}/api/v1/cmcd`;
      const status = await page.evaluate(
        async ([target, body]) => {
          const headers = { 'content-type': 'application/cmcd' };
          return (await fetch(target as string, { method: 'POST', body: body as string, headers, keepalive: true }))
            .status;
        },
        [url, SESSION.join('\n')],
      );
      expect(status).toBe(202);
      await page.evaluate(
        (source) => {
          new Image().src = source;
        },
        `${url}?CMCD=${encodeURIComponent(VERSION_1)}`,
      );
      const ids = ['main~session-id-123', 'main~6e2fb550-c457-11e9-bb97-0800200c9a66'];
      await until('both players have rows', 10_000, async () => {
        const found = await rows();
        return ids.every((id) => found.includes(id));
      });
    });

    test('loads the SDK, and makes the hub work for no image', async () => {
      const loaded = await page.evaluate(
        async (source) => Object.keys(await import(source)),
        `${hub.url}/sdk/audio.js`,
      );
      expect(loaded).toContain('ClientMetrics');
      const before = await refused();
      await page.evaluate((source) => {
        new Image().src = source;
      }, `${hub.url}/api/v1/connections?where=client%3Dx`);
      await until('the image is refused', 10_000, async () => (await refused()) === before + 1);
    });

    test('leads a person to the dashboard, and frames none', async () => {
      await page.evaluate((source) => {
        const frame = document.createElement('iframe');
        frame.src = source;
        document.body.append(frame);
      }, `${hub.url}/listen`);
      const framed = () => page.frames().find((frame) => frame !== page.mainFrame());
      await until('the frame has failed', 10_000, () => framed()?.url().startsWith('chrome-error:') ?? false);
      await page.evaluate((target) => location.assign(target), `${hub.url}/`);
      await page.waitForURL(`${hub.url}/`);
      await page.locator('#app > *').first().waitFor();
      expect(world.faults()).toEqual([]);
    });
  });
}
