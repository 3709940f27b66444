import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { freePort } from '../harness/free-port.js';
import { HubProcess } from '../harness/hub.js';
import { figure, nonsenseOn, sentence } from './pages.js';
import { type Encoding, ToneEngine } from './tone-engine.js';
import { type OpenOptions, pause, until, type World } from './world.js';

/** Keeps each sentence that the page says, from the inside: to ask from the outside counts as the gesture. */
const RECORD = `
  globalThis.said = [];
  setInterval(() => {
    const words = document.querySelector('.state')?.textContent;
    if (words && words !== said.at(-1)) said.push(words);
  }, 20);
`;

export function listenPage(world: World): void {
  describe('the listen page', () => {
    let hub: HubProcess;
    const engines: ToneEngine[] = [];
    const pages: Page[] = [];

    beforeAll(async () => {
      hub = await HubProcess.start();
    });
    afterEach(async () => {
      for (const engine of engines.splice(0)) engine.stop();
      for (const page of pages.splice(0)) {
        expect(await nonsenseOn(page)).toEqual([]);
        await page.close();
      }
      expect(world.faults()).toEqual([]);
    });
    afterAll(async () => {
      await hub.stop();
    });

    function engineOf(stream: string, encoding?: Encoding): ToneEngine {
      const engine = new ToneEngine(hub.wsUrl, stream, encoding);
      engines.push(engine);
      return engine;
    }

    async function open(query: string, options: OpenOptions = {}): Promise<Page> {
      const page = await world.open(`${hub.url}/listen?${query}`, options);
      pages.push(page);
      return page;
    }

    const says = (page: Page, words: RegExp) =>
      until(`it says ${words}`, 15_000, async () => words.test(await sentence(page)));

    test('counts an underrun while no audio comes, ends it when enough has come, and tells the hub', async () => {
      const engine = engineOf('gaps');
      const page = await open('stream=gaps&autoplay');
      await says(page, /^Playing$/);
      let before = 0;
      const silence = async () => {
        before = (await figure(page, 'underruns')) ?? 0;
        engine.pause();
        await says(page, /^Silence/);
        return ((await figure(page, 'underruns')) ?? 0) - before;
      };
      // A machine that stutters may add one of its own before the engine is silent: then it is tried again.
      for (let attempt = 1; (await silence()) !== 1 && attempt < 5; attempt++) {
        engine.resume();
        await says(page, /^Playing$/);
      }
      expect(await figure(page, 'underruns')).toBe(before + 1);
      await pause(1_000);
      // However long it lasts, it is one.
      expect(await figure(page, 'underruns')).toBe(before + 1);
      engine.resume();
      await says(page, /^Playing$/);
      await until('the hub knows', 10_000, async () => {
        const { items } = await hub.get<{ items: Readonly<Record<string, number>>[] }>(
          '/api/v1/connections?stream=gaps',
        );
        const [row] = items;
        return (row?.buffer_underruns ?? 0) >= before + 1 && (row?.underrun_duration_ms ?? 0) > 1_000;
      });
    }, 180_000);

    test('drops the oldest audio where too much has gathered, and says so', async () => {
      const engine = engineOf('bursts');
      const page = await open('stream=bursts&autoplay');
      await says(page, /^Playing$/);
      // The page keeps at most 1.5 s of 1.9 s more; where the burst is cut differs, and another burst comes out
      // elsewhere.
      await until('what is left is near live', 30_000, async () => {
        engine.burst(19);
        await page.getByText(/^Skipped \d/).waitFor({ timeout: 15_000 });
        await pause(1_000);
        return ((await figure(page, 'buffer')) ?? 9_999) < 1_000;
      });
      await says(page, /^Playing$/);
    }, 60_000);

    test('pauses, and goes on from what is live', async () => {
      engineOf('pauses');
      const page = await open('stream=pauses&autoplay');
      await says(page, /^Playing$/);
      await page.getByRole('button', { name: 'Pause' }).click();
      await says(page, /^Paused$/);
      const chunks = (await figure(page, 'chunks')) ?? 0;
      await until('chunks are counted', 15_000, async () => ((await figure(page, 'chunks')) ?? 0) > chunks + 5);
      expect(await figure(page, 'buffer')).toBeNull();
      await page.getByRole('button', { name: 'Play' }).click();
      await says(page, /^Playing$/);
      expect(await figure(page, 'buffer')).toBeLessThan(1_500);
    }, 60_000);

    test('waits for a click where the browser wants one', async () => {
      engineOf('clicks');
      const page = await open('stream=clicks', { strict: true, before: RECORD });
      // The hub is asked how far it is, for the page must not be.
      const row = async () => {
        const path = '/api/v1/connections?stream=clicks';
        const { items } = await hub.get<{ items: { chunks_sent: number; playback_state: string | null }[] }>(path);
        return items[0];
      };
      await until('it has been there for two seconds', 20_000, async () => ((await row())?.chunks_sent ?? 0) > 20);
      // The button is the first thing on the page that takes keys.
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await until('it plays, it says', 20_000, async () => (await row())?.playback_state === 'playing');
      await until('it has had enough', 20_000, async () => ((await row())?.chunks_sent ?? 0) > 45);
      const said = await page.evaluate<string[]>('said');
      const first = said.indexOf('Playing');
      expect(said[first - 1]).toBe('Buffering');
      expect(said.slice(0, first).filter((words) => /wants a click/.test(words)).length).toBeGreaterThan(0);
      // It has its click: from then on it is audio alone that it may lack, on a machine that stutters.
      expect(said.slice(first).filter((words) => !/^(Playing|Silence)/.test(words))).toEqual([]);
      expect(await figure(page, 'chunks')).toBeGreaterThan(30);
    }, 60_000);

    test('counts what it cannot play, and says so', async () => {
      engineOf('sealed', 'opaque');
      const page = await open('stream=sealed&autoplay');
      await says(page, /cannot play/);
      await until('chunks are counted', 10_000, async () => ((await figure(page, 'chunks')) ?? 0) > 10);
      expect(await page.getByRole('button').isDisabled()).toBe(true);
    }, 60_000);

    test('plays nothing of an engine that does not declare its format, although the one before declared PCM', async () => {
      const engine = engineOf('formats');
      const page = await open('stream=formats&autoplay');
      await says(page, /^Playing$/);
      engine.stop();
      engineOf('formats', 'undeclared');
      await says(page, /^The engine does not say what it sends/);
      const chunks = (await figure(page, 'chunks')) ?? 0;
      await until('chunks are counted', 10_000, async () => ((await figure(page, 'chunks')) ?? 0) > chunks + 20);
      // Two seconds of chunks would have filled the buffer.
      expect(await figure(page, 'buffer')).toBe(0);
    }, 60_000);

    test('waits for an engine, and plays when one comes', async () => {
      const page = await open('stream=later&autoplay');
      await says(page, /No engine is on air/);
      engineOf('later');
      await says(page, /^Playing$/);
    }, 60_000);

    test('says that it needs HTTPS where a browser gives it no audio', async () => {
      const port = await freePort();
      const url = `http://music.test:${port}`;
      const named = await HubProcess.start(['--port', String(port), '--public-url', url]);
      const engine = new ToneEngine(named.wsUrl, 'main');
      try {
        const page = await world.open(`${url}/listen?stream=main&autoplay`);
        pages.push(page);
        await says(page, /^Nothing plays/);
        expect(await page.locator('.problem').textContent()).toContain('over HTTPS');
        await until('chunks are counted', 10_000, async () => ((await figure(page, 'chunks')) ?? 0) > 5);
      } finally {
        engine.stop();
        await named.stop();
      }
    }, 60_000);

    test('refuses what is no name of a stream', async () => {
      const page = await open(`stream=${encodeURIComponent('<b>no/name</b>')}`);
      expect(await page.locator('body').textContent()).toMatch(/“<b>no\/name<\/b>” is no name of a stream/);
    });
  });
}
