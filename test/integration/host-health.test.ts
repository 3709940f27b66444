import { rmSync } from 'node:fs';
import { createHub } from '@auralis/server';
import { HUB } from '@auralis/server/state/tables';
import { expect, test } from '@jest/globals';
import { newDataDir } from '../harness/hub.js';

test('a hub that stands still for 300 ms says so, and one that has stopped watches nothing', async () => {
  const dataDir = newDataDir();
  const library = await createHub({ port: 0, dataDir, logLevel: 'silent', gpuIntervalS: 0 });
  const { hubs } = library.tables;
  const slot = [...hubs.slots()][0] as number;
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const blockedUntil = performance.now() + 300;
  while (performance.now() < blockedUntil);
  let worst = 0;
  for (let look = 0; look < 30; look++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    worst = Math.max(worst, hubs.get(slot, HUB.event_loop_delay_p99_ms));
  }
  expect(worst).toBeGreaterThan(250);
  expect(hubs.get(slot, HUB.gc_pause_ms)).toBeGreaterThanOrEqual(0);
  await library.stop();
  rmSync(dataDir, { recursive: true });
  const after = hubs.nextStamp();
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(hubs.lastStamp).toBeLessThanOrEqual(after);
});
