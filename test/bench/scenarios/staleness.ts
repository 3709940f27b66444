import { Child } from '../child.js';
import { monotonicMs } from '../load/clock.js';
import type { Ages } from '../load/dashboard.js';
import { Load, LoadWatch, sleep } from '../load.js';
import { cpuDuring } from '../os-account.js';
import type { Figure, Refused, Scenario, ScenarioContext } from '../scenario.js';
import { HubServer } from '../servers.js';
import { quantileOf, spreadOf } from '../statistics.js';

const INTERVAL_MS = 250;
const MAX_P99_MS = 15;
/** For the last report to be seen. */
const ARRIVAL_MS = 1_000;

/** How old a reading is when a dashboard has it: from leaving its listener to being decoded. */
export const staleness: Scenario = {
  id: 'staleness',
  title: `Staleness: from a report leaving a listener to its change decoded by a dashboard at ${INTERVAL_MS} ms`,
  async run(context) {
    const count = context.mode === 'quick' ? 500 : 5_000;
    const hub = await HubServer.start();
    const load = new Load();
    const dashboard = new Child('load/dashboard.js');
    const name = `${count.toLocaleString('en-GB')} listeners, one report a second each`;
    try {
      await load.open({ group: 'listeners', port: hub.port, path: '/api/v1/streams/bench/listen', count });
      await dashboard.ask('open', { port: hub.port, intervalMs: INTERVAL_MS });
      return await measure({ name, count, hub, load, dashboard, context });
    } finally {
      await Promise.all([load.stop(), dashboard.stop(), hub.stop()]);
    }
  },
};

interface Parts {
  readonly name: string;
  readonly count: number;
  readonly hub: HubServer;
  readonly load: Load;
  readonly dashboard: Child;
  readonly context: ScenarioContext;
}

async function measure(parts: Parts): Promise<(Figure | Refused)[]> {
  const { name, load, dashboard, hub, count, context } = parts;
  const rounds = context.mode === 'quick' ? 3 : 7;
  const seconds = context.mode === 'quick' ? 3 : 10;
  const watch = new LoadWatch();
  const quantiles: Record<Quantile, number[]> = { p50: [], p99: [], max: [], total: [] };
  for (let round = 0; round <= rounds; round++) {
    context.progress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    const base = monotonicMs();
    await dashboard.ask('begin', { base });
    const use = await cpuDuring([hub.pid, load.pid, dashboard.pid], () =>
      load.sendStamped({ group: 'listeners', base, perSecond: count, seconds }),
    );
    await sleep(ARRIVAL_MS);
    const { totalMs, beyondMs } = await dashboard.ask<Ages>('ages');
    const sent = use.result;
    if (beyondMs.length !== sent.sent)
      return [{ name, refused: `${beyondMs.length} of ${sent.sent} reports were seen` }];
    if (round === 0) continue;
    // Two processes are the load: that which reports, and that which decodes.
    watch.note(use, Math.max(...use.cpuNs.slice(1)), [sent]);
    quantiles.p50.push(quantileOf(beyondMs, 0.5));
    quantiles.p99.push(quantileOf(beyondMs, 0.99));
    quantiles.max.push(quantileOf(beyondMs, 1));
    quantiles.total.push(quantileOf(totalMs, 0.5));
  }
  const line = (quantile: Quantile, what: string, target: number | null): Figure => ({
    name: `${name}: ${what}`,
    unit: 'ms',
    hub: spreadOf(quantiles[quantile]),
    peer: null,
    ratio: null,
    target: target === null ? null : { max: target, of: 'hub' },
    notes: watch.notes(),
  });
  return [
    line('p50', 'median beyond the wait for the tick', null),
    line('p99', '99th percentile beyond the wait', MAX_P99_MS),
    line('max', 'worst beyond the wait', null),
    line('total', 'median with the wait', null),
  ];
}

type Quantile = 'p50' | 'p99' | 'max' | 'total';
