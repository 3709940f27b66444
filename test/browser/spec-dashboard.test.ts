import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { HubProcess, ROOT, runCommand } from '../harness/hub.js';
import { describeInBrowser, until } from './world.js';

/**
 * The dashboard of the monitoring specification, section 6.1, as it is: it asks localhost:8000, and is opened as a
 * file.
 */
const PAGE = `${ROOT}test/browser/spec-dashboard.html`;
const PORT = 8000;

type Summary = Record<string, number | null>;

/** Content of each card, as the page makes it from the summary. */
const CARDS: readonly [label: string, unit: string, (summary: Summary) => string][] = [
  ['Active Clients', '', ({ current_active_clients: clients }) => `${clients}`],
  ['Phrases Generated', '', ({ total_phrases_generated: phrases }) => `${phrases}`],
  ['Synthesis Latency', 'ms', ({ avg_synthesis_latency_ms: latency }) => `${latency?.toFixed(0)}`],
  ['Real-Time Factor', '×', ({ avg_rtf: factor }) => `${factor?.toFixed(1)}`],
  ['Buffer Depth', 'ms', ({ avg_buffer_depth_ms: depth }) => `${depth?.toFixed(0)}`],
  ['CPU Usage', '%', ({ avg_cpu_percent: cpu }) => `${cpu?.toFixed(0)}`],
  ['Memory Usage', 'MB', ({ avg_memory_mb: memory }) => `${memory?.toFixed(0)}`],
  ['Error Rate', '%', ({ synthesis_error_rate: rate }) => ((rate ?? Number.NaN) * 100).toFixed(1)],
];

const shownOn = (page: Page): Promise<string[]> => page.locator('.metric-card').allInnerTexts();
const expected = (summary: Summary) => CARDS.map(([label, unit, figure]) => `${label}\n${figure(summary)}${unit}`);

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

describeInBrowser("the specification's own dashboard", (world) => {
  let hub: HubProcess;
  let simulation: Promise<{ code: number | null; output: string }>;

  beforeAll(async () => {
    if (!(await isFree(PORT)))
      throw new Error(`port ${PORT} is taken, and the page asks no other: free it for this test`);
    hub = await HubProcess.start(['--port', String(PORT)]);
    simulation = runCommand([
      'simulate',
      '--url',
      hub.url,
      '--listeners',
      '5',
      '--duration',
      '20',
      '--no-audio',
      '--json',
    ]);
  });
  afterAll(async () => {
    await simulation;
    await hub?.stop();
  }, 60_000);

  test('opened from a file, shows eight figures, and they are the hub’s', async () => {
    expect(readFileSync(PAGE, 'utf8')).toContain("fetch('http://localhost:8000/api/v1/metrics')");
    const page = await world.open(`file://${PAGE}`);
    await until('an engine has told of a phrase', 15_000, async () => {
      const { total_phrases_generated, current_active_clients } = await hub.get<Summary>('/api/v1/metrics');
      return (total_phrases_generated ?? 0) > 0 && current_active_clients === 5;
    });
    // The page asks every two seconds, the hub's figures move every second: soon both say the same.
    const shown = await until('the page shows what the hub says', 20_000, async () => {
      const figures = await shownOn(page);
      const wanted = expected(await hub.get<Summary>('/api/v1/metrics'));
      return JSON.stringify(figures) === JSON.stringify(wanted) && figures;
    });
    expect(shown).toHaveLength(8);
    for (const card of shown) expect(card).toMatch(/^[A-Z][\w -]+\n\d+(\.\d)?(ms|×|%|MB)?$/);
    expect(world.faults()).toEqual([]);
    await page.close();
  }, 60_000);
});
