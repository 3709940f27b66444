import { expect, test } from '@jest/globals';
import type { CDPSession, Page } from 'playwright-core';
import { describeInBrowser, pause } from '../browser/world.js';
import { HubProcess, runCommand } from '../harness/hub.js';

const MINUTES = 4;
const STEP_MS = 2_500;
const HEADS = ['Latency', 'Buffer', 'RTT', 'Connected', 'Dropped', 'Status'];

/**
 * A wall display runs for weeks: what it holds after a minute of everything is what it holds after any number of
 * them.
 */
describeInBrowser('the dashboard over some minutes', (world) => {
  test(
    'keeps its memory and its document as they are',
    async () => {
      const hub = await HubProcess.start();
      const faults = ['--slow', '3', '--lossy', '2', '--frozen', '1', '--hidden', '1'];
      const duration = String(MINUTES * 60 + 20);
      const simulation = runCommand([
        'simulate',
        '--url',
        hub.url,
        '--listeners',
        '60',
        ...faults,
        '--duration',
        duration,
      ]);
      try {
        const page = await world.open(`${hub.url}/#stream=main`, { viewport: { width: 1600, height: 1000 } });
        await page.locator('.connections tr.row').first().waitFor();
        const session = await page.context().newCDPSession(page);
        await session.send('Performance.enable');
        await useFor(1, page, hub);
        const early = await heldBy(session);
        await useFor(MINUTES - 1, page, hub);
        const late = await heldBy(session);
        process.stderr.write(`the dashboard holds ${JSON.stringify(early)}, and later ${JSON.stringify(late)}\n`);
        expect(late.heapBytes).toBeLessThan(early.heapBytes * 1.25 + 2e6);
        expect(late.nodes).toBeLessThan(early.nodes * 1.5);
        expect(late.listeners).toBeLessThan(early.listeners * 1.5);
        expect(world.faults()).toEqual([]);
      } finally {
        await hub.stop();
        await simulation;
      }
    },
    (MINUTES * 60 + 60) * 1000,
  );
});

/** Heap of the page after garbage collection. */
async function heldBy(session: CDPSession): Promise<{ heapBytes: number; nodes: number; listeners: number }> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  return { heapBytes: value('JSHeapUsedSize'), nodes: value('Nodes'), listeners: value('JSEventListeners') };
}

/** Sorts, filters, scrolls, selects and lets go, with alerts that come and go, again and again. */
async function useFor(minutes: number, page: Page, hub: HubProcess): Promise<void> {
  const steps = (minutes * 60_000) / STEP_MS;
  const connections = page.locator('.connections');
  const headers = { 'content-type': 'application/json' };
  for (let step = 0; step < steps; step++) {
    const startedAt = performance.now();
    await connections.getByRole('button', { name: `${HEADS[step % HEADS.length]}: sort` }).click();
    await page.locator('.filter').fill(step % 3 === 0 ? 'slow' : '');
    await page.locator('.connections table').focus();
    await page.keyboard.press(step % 2 === 0 ? 'PageDown' : 'End');
    if (step % 4 === 0) await page.keyboard.press('Escape');
    const alert = { severity: 'error', title: `Alert ${step % 20}`, message: 'of a test', stream: 'main' };
    const raised = await fetch(`${hub.url}/api/v1/alerts`, { method: 'POST', headers, body: JSON.stringify(alert) });
    const { id } = (await raised.json()) as { id: string };
    if (step % 3 > 0) await fetch(`${hub.url}/api/v1/alerts/${id}/resolve`, { method: 'POST' });
    await pause(Math.max(0, STEP_MS - (performance.now() - startedAt)));
  }
}
