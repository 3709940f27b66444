import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { AuthFile, type TokenName } from '../harness/auth.js';
import { HubProcess } from '../harness/hub.js';
import { linkOf, nonsenseOn, rowsOf, sentence } from './pages.js';
import { ToneEngine } from './tone-engine.js';
import { until, type World } from './world.js';

export function askingPages(world: World): void {
  describe('the pages of a hub that asks for tokens', () => {
    const auth = new AuthFile();
    let hub: HubProcess;
    let engine: ToneEngine;

    beforeAll(async () => {
      hub = await HubProcess.start(['--auth-file', auth.path, '--log-level', 'trace']);
      engine = new ToneEngine(hub.wsUrl, 'main', 'pcm_s16le', auth.headers('publisher'));
    });
    afterAll(async () => {
      engine.stop();
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
  });
}
