import { PrometheusPage } from '@auralis/server/prometheus/page';
import { createTables } from '@auralis/server/state/tables';
import { toTheEnd } from '@auralis/server/time/time-slicer';
import { SCHEMAS } from '@auralis/shared';
import { readTable } from '../hub-probe.js';
import { textFrame } from '../load/frames.js';
import { Load, sleep } from '../load.js';
import { loopNs } from '../os-account.js';
import { reportsOf } from '../reports.js';
import { type Figure, figureOr, type Refused, RefusedError, type Scenario, type ScenarioContext } from '../scenario.js';
import { HubServer } from '../servers.js';
import { spreadOf } from '../statistics.js';

/** Multiples of STREAMS. */
const COUNTS = { quick: [6_000], full: [6_000, 15_000] } as const;
/** More than have lines of their own. */
const STREAMS = 60;
const ADDRESSES = 4;
const SCRAPES = 20;
const BETWEEN_MS = 100;
const TARGET_MS = 20;
const FORMS = [
  ['text', { accept: 'text/plain' }],
  ['OpenMetrics, compressed', { accept: 'application/openmetrics-text', 'accept-encoding': 'gzip' }],
] as const;

/** How long one scrape by Prometheus keeps the hub from everything else. */
export const scrape: Scenario = {
  id: 'scrape',
  title: `Scrape: time of the event loop for one page for Prometheus, listeners in ${STREAMS} streams with an engine each`,
  async run(context) {
    const lines: (Figure | Refused)[] = [];
    for (const count of COUNTS[context.mode]) {
      const named = (form: string) => `${count.toLocaleString('en-GB')} listeners, ${form}`;
      const measured = await withHub(count, context, (hub) => measure(hub, context, named));
      lines.push(...measured);
      lines.push(await figureOr(named('what is added up each second'), async () => observing(count)));
    }
    return lines;
  },
};

/** A hub whose listeners have all reported once, and whose engines have said all that they can. */
async function withHub<Result>(
  count: number,
  { progress }: ScenarioContext,
  work: (hub: HubServer) => Promise<Result>,
): Promise<Result> {
  const hub = await HubServer.start(['--max-clients', '20000', '--reporter-interval-s', '0']);
  const load = new Load();
  try {
    const reports = reportsOf('full').map((report) => textFrame(JSON.stringify(report)));
    for (let stream = 0; stream < STREAMS; stream++) {
      progress(`opening ${count.toLocaleString('en-GB')} listeners: stream ${stream + 1} of ${STREAMS}`);
      const path = `/api/v1/streams/scraped-${stream}`;
      await fetch(`http://127.0.0.1:${hub.port}${path}/events`, {
        method: 'POST',
        body: JSON.stringify(EVENTS),
        headers: { 'content-type': 'application/json' },
      });
      await load.open({
        group: `stream-${stream}`,
        port: hub.port,
        path: `${path}/listen`,
        count: count / STREAMS,
        addresses: ADDRESSES,
        hello: reports[stream % reports.length] as Buffer,
      });
    }
    await sleep(3_000);
    const { rows } = await readTable(hub.port, 'connections', ['reports']);
    if (rows.size !== count) throw new RefusedError(`the hub has ${rows.size} rows for ${count} listeners`);
    return await work(hub);
  } finally {
    await Promise.all([load.stop(), hub.stop()]);
  }
}

async function measure(
  hub: HubServer,
  { mode, progress }: ScenarioContext,
  named: (form: string) => string,
): Promise<Figure[]> {
  const rounds = mode === 'quick' ? 2 : 5;
  const figures: Figure[] = [];
  for (const [form, headers] of FORMS) {
    const ms: number[] = [];
    let bytes = 0;
    for (let round = 0; round <= rounds; round++) {
      progress(`${named(form)}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
      const idle = await loopDuring(hub, async () => {});
      const busy = await loopDuring(hub, async () => {
        const response = await fetch(`http://127.0.0.1:${hub.port}/metrics`, { headers });
        bytes = (await response.text()).length;
      });
      if (round > 0) ms.push((busy - idle) / SCRAPES / 1e6);
    }
    figures.push({
      name: named(form),
      unit: 'ms',
      hub: spreadOf(ms),
      peer: null,
      ratio: null,
      target: { max: TARGET_MS, of: 'hub' },
      notes: [`a page of ${Math.round(bytes / 1000)} KB`],
    });
  }
  return figures;
}

/** Measure the hub's event loop while `work` is done so many times, at so many ms from each other. */
async function loopDuring(hub: HubServer, work: () => Promise<void>): Promise<number> {
  const before = loopNs(hub.pid);
  for (let count = 0; count < SCRAPES; count++) {
    const due = sleep(BETWEEN_MS);
    await work();
    await due;
  }
  return loopNs(hub.pid) - before;
}

/** Measure the work of a second, in this process, whether there are scrapes or not. */
function observing(count: number): Figure {
  const tables = createTables();
  for (let stream = 0; stream < STREAMS; stream++) {
    const slot = tables.streams.open(`scraped-${stream}`);
    for (const { index } of SCHEMAS.streams.columns) tables.streams.set(slot, index, stream);
    const engine = tables.engines.open(`scraped-${stream}`, [`scraped-${stream}`]);
    for (const { index } of SCHEMAS.engines.columns) tables.engines.set(engine, index, stream);
  }
  const { index } = SCHEMAS.connections;
  for (let listener = 0; listener < count; listener++) {
    const slot = tables.connections.open(`listener-${listener}`, [`scraped-${listener % STREAMS}`]);
    tables.connections.set(slot, index.state, 0);
    tables.connections.set(slot, index.clock, 1);
    tables.connections.set(slot, index.trust, 0);
    tables.connections.set(slot, index.latency_ms, listener % 600);
    tables.connections.set(slot, index.buffer_depth_ms, listener % 1200);
  }
  const page = new PrometheusPage(tables);
  const ms: number[] = [];
  for (let round = 0; round < 60; round++) {
    const begun = performance.now();
    toTheEnd(page.observe());
    // The first rounds pay for code that is compiled.
    if (round >= 30) ms.push(performance.now() - begun);
  }
  return {
    name: `${count.toLocaleString('en-GB')} listeners, what is added up each second`,
    unit: 'ms',
    hub: spreadOf(ms),
    peer: null,
    ratio: null,
    target: null,
    notes: [],
  };
}

const EVENTS = [
  { type: 'synthesis', latencyMs: 300, success: true, phraseDurationSec: 20, peakAmplitudeDb: -3, gpuMemoryMb: 900 },
  { type: 'phrase', generationMs: 700, notes: 11, success: true },
  { type: 'queue', depth: 2 },
  { type: 'buffer', depthMs: 300 },
  { type: 'process', cpuPercent: 12, memoryMb: 300 },
  { type: 'chunks', sent: 10, dropped: 0 },
  { type: 'clients', active: 1 },
];
