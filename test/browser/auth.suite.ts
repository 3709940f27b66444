import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { AuthFile, type TokenName } from '../harness/auth.js';
import { HubProcess } from '../harness/hub.js';
import { linkOf, nonsenseOn, rowsOf, sentence } from './pages.js';
import { ToneEngine } from './tone-engine.js';
import { until, type World } from './world.js';

export function askingPages(world: World): void {
  describe('the pages of a hub that asks for tokens', () => {
    /** Both lead to the same page elsewhere; the hub knows one of them. */
    let site: Server;
    const elsewhere = (host: string) => `http://${host}:${(site.address() as AddressInfo).port}`;
    let auth: AuthFile;
    let hub: HubProcess;
    let engine: ToneEngine;

    beforeAll(async () => {
      site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
      auth = new AuthFile({ origins: [elsewhere('listed.localhost')] });
      hub = await HubProcess.start(['--auth-file', auth.path, '--log-level', 'trace']);
      engine = new ToneEngine(hub.wsUrl, 'main', 'pcm_s16le', auth.headers('publisher'));
    });
    afterAll(async () => {
      engine.stop();
      site.close();
      await hub.stop();
    });

    const give = async (page: Page, token: string) => {
      await page.locator('.token-form input').fill(token);
      await Promise.all([page.waitForEvent('load'), page.locator('.token-form button').click()]);
    };
    const asks = (page: Page) => page.locator('.token-form').waitFor();
    const complains = (page: Page) => page.locator('.token-form [role="alert"]').waitFor();

    test('ask for one, say where it is not taken, and then listen and show', async () => {
      const listen = await world.open(`${hub.url}/listen?stream=main&autoplay`);
      await asks(listen);
      expect(await listen.locator('.token-form [role="alert"]').count()).toBe(0);
      await give(listen, auth.tokens.viewer);
      await complains(listen);
      await give(listen, auth.tokens.listener);
      await until('it plays', 15_000, async () => (await sentence(listen)) === 'Playing');

      const dashboard = await world.open(`${hub.url}/`);
      await asks(dashboard);
      await give(dashboard, 'nothing');
      await complains(dashboard);
      await give(dashboard, ` ${auth.tokens.viewer} `);
      await until('it is live', 15_000, async () => (await linkOf(dashboard)) === 'live');
      await until('the listener is a row', 15_000, async () => (await rowsOf(dashboard, 'connections')).length > 0);
      await dashboard.reload();
      await until('it is live again, without asking', 15_000, async () => (await linkOf(dashboard)) === 'live');

      for (const page of [listen, dashboard]) {
        expect(await nonsenseOn(page)).toEqual([]);
        for (const name of ['listener', 'viewer'] satisfies TokenName[]) {
          expect(page.url()).not.toContain(encodeURIComponent(auth.tokens[name]));
          expect(hub.log).not.toContain(auth.tokens[name]);
        }
      }
      expect(world.faults()).toEqual([]);
    }, 60_000);

    test('SDKs on a page of a listed origin bring one; a page of another may only listen', async () => {
      const run = async (host: string) => {
        const page = await world.open(elsewhere(host));
        const found = await page.evaluate(`(${PAGE})(${JSON.stringify({ url: hub.url, tokens: auth.tokens })})`);
        await page.context().close();
        return found;
      };
      expect(await run('listed.localhost')).toEqual({ audio: 'open', live: 'live', rest: 200, refused: 401 });
      expect(await run('other.localhost')).toEqual({ audio: 'open', live: 'connecting', rest: null, refused: null });
      expect(world.faults()).toEqual([]);
    }, 60_000);

    test('the API reference takes one, and asks with it', async () => {
      const page = await world.open(`${hub.url}/docs`);
      await page.locator('.btn.authorize').click();
      await page.locator('.auth-container input').fill(auth.tokens.viewer);
      await page.locator('.auth-container button.authorize').click();
      await page.locator('.close-modal').click();
      const block = page.locator('#operations-hubs-get_api_v1_hubs');
      await block.locator('.opblock-summary-control').click();
      await block.locator('.try-out__btn').click();
      const [answer] = await Promise.all([
        page.waitForResponse((response) => new URL(response.url()).pathname === '/api/v1/hubs'),
        block.locator('.execute').click(),
      ]);
      expect(answer.status()).toBe(200);
      await page.context().close();
    }, 60_000);
  });
}

/** Runs in the page: how far each way leads, null where the browser lets nothing be seen. */
const PAGE = `async ({ url, tokens }) => {
  const { ClientMetrics } = await import(url + '/sdk/audio.js');
  const { LiveClient } = await import(url + '/sdk/live.js');
  const audio = ClientMetrics.listen(url + '/api/v1/streams/main/listen', { token: () => tokens.listener });
  const live = new LiveClient(url + '/api/v1/live', { token: tokens.viewer });
  const ask = (headers) => fetch(url + '/api/v1/hubs', { headers }).then(({ status }) => status, () => null);
  const rest = await ask({ authorization: 'Bearer ' + tokens.viewer });
  const refused = await ask({});
  // What is refused stays so: three seconds are enough to see that.
  const enough = rest === null ? 30 : 150;
  for (let tries = 0; tries < enough && (audio.state !== 'open' || live.state !== 'live'); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { audio: audio.state, live: live.state, rest, refused };
}`;
