import { expect, test } from '@jest/globals';
import { Page } from './page.js';
import { World } from './world.js';

const PAGES = 40;
const CUTS = 3;
const CUT_S = 6;

test('the stream shows the audio gaps that pages hear while they come back from lost connections', () => {
  const world = new World();
  const pages = Array.from({ length: PAGES }, (_, at) => new Page(world, `page${at}`, 500 + at));
  for (let cut = 0; cut < CUTS; cut++) {
    world.run(25);
    world.isDown = true;
    for (const page of pages) page.socket?.cut();
    world.run(CUT_S);
    world.isDown = false;
  }
  world.run(40);
  const heardMs = pages.reduce((sum, page) => sum + page.silenceMs, 0);
  const [shownMs] = world.stream('audio_gap_ms') as [number];
  expect(heardMs).toBeGreaterThan(PAGES * CUTS * CUT_S * 1_000);
  // The hub knows neither the way of the last audio nor that of its welcome, each some 80 ms long here.
  expect(Math.abs(shownMs / heardMs - 1)).toBeLessThan(0.03);
  // A page has one row for its last connection, which has all gaps between its connections.
  const gapsMs = pages.reduce((sum, { client }) => sum + (world.row(client, 'reconnect_gap_ms')[0] as number), 0);
  expect(gapsMs).toBeGreaterThan(0);
  expect(gapsMs).toBeLessThanOrEqual(shownMs + PAGES);
});
