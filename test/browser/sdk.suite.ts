import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HubProcess, ROOT } from '../harness/hub.js';
import { ToneEngine } from './tone-engine.js';
import { until, type World } from './world.js';

/** The HTML snippets of the README, with their hub replaced by this one. */
function readmeSnippets(hub: HubProcess): string[] {
  const readme = readFileSync(`${ROOT}README.md`, 'utf8');
  const snippets = [...readme.matchAll(/```html\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  return snippets.map((html) =>
    html.replaceAll('http://127.0.0.1:8000', hub.url).replaceAll('ws://127.0.0.1:8000', hub.wsUrl),
  );
}

/** The SDKs as strangers use them: a plain module script, on a page that the hub does not serve. */
export function sdk(world: World): void {
  describe('the snippets of the README, on a page of another origin', () => {
    let hub: HubProcess;
    let engine: ToneEngine;
    let site: Server;
    let html = '';

    beforeAll(async () => {
      hub = await HubProcess.start();
      engine = new ToneEngine(hub.wsUrl, 'main');
      site = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    });
    afterAll(async () => {
      engine.stop();
      site.close();
      await hub.stop();
    });

    const open = (body: string) => {
      html = `<!doctype html><title></title>${body}`;
      return world.open(`http://localhost:${(site.address() as AddressInfo).port}/`);
    };

    test('audio: the page receives, and its row says what its player says', async () => {
      const [audio] = readmeSnippets(hub);
      const player =
        'globalThis.player = { pushed: 0, bufferedMs: 321, push(payload) { this.pushed += payload.length; } };';
      const page = await open(`<script>${player}</script>${audio}`);
      const row = await until('the report', 15_000, async () => {
        const { items } = await hub.get<{ items: Record<string, unknown>[] }>('/api/v1/connections');
        return items.find((found) => found.buffer_depth_ms === 321 && found.clock === 'synced') ?? null;
      });
      expect(row).toMatchObject({ playback_state: 'playing', messages_refused: 0, state: 'open' });
      expect(await page.evaluate('player.pushed')).toBeGreaterThan(19_200);
      expect(world.faults()).toEqual([]);
      await page.close();
    }, 60_000);

    test('live: the page prints the rows', async () => {
      const [, live] = readmeSnippets(hub);
      const listener = await open(
        readmeSnippets(hub)[0]?.replace('player.push(chunk.payload)', '0').replace('player.bufferedMs', '5') ?? '',
      );
      const page = await open(
        `<script>console.log = (...words) => { document.title = words.length; };</script>${live}`,
      );
      await until('a row is printed', 15_000, async () => (await page.title()) === '3');
      expect(world.faults()).toEqual([]);
      await page.close();
      await listener.close();
    }, 60_000);
  });
}
