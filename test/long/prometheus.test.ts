import { familyOf, ROW_LABEL, seriesOf } from '@auralis/server/prometheus/naming';
import type { SimulationSummary } from '@auralis/server/simulate/summary';
import { type Column, SCHEMAS } from '@auralis/shared';
import type { Dashboard, Panel } from '@grafana/schema';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { committed } from '../generate/outputs.js';
import { HubProcess, runCommand } from '../harness/hub.js';
import { FakeNvidiaSmi } from '../harness/nvidia-smi.js';
import { describeWith } from '../harness/program.js';
import { Prometheus, type Sample } from '../harness/prometheus.js';

type Row = Readonly<Record<string, string | number | null>>;

const SECONDS = 30;
const LISTENERS = 40;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Return the number behind a label or time of REST. */
function numberOf({ labels, unit }: Column, reading: Row[string] | undefined): number {
  if (unit === 'epoch_s') return Date.parse(String(reading)) / 1000;
  return labels === undefined ? Number(reading) : labels.indexOf(String(reading));
}

describeWith('prometheus', `a real Prometheus beside a simulation of ${SECONDS} s`, () => {
  const smi = new FakeNvidiaSmi([{ play: ['t4-driver-450', 'a100-mig-driver-510'] }]);
  let hub: HubProcess;
  let prometheus: Prometheus;
  let summary: SimulationSummary;
  /** Answers while the simulation ran. */
  let during: { clients: number; published: number; latencies: number };

  beforeAll(async () => {
    hub = await HubProcess.start([], smi.env);
    prometheus = await Prometheus.start(new URL(hub.url).host);
    const simulation = runCommand([
      ...['simulate', '--url', hub.url, '--json', '--duration', String(SECONDS)],
      ...['--listeners', String(LISTENERS), '--slow', '3'],
    ]);
    await pause((SECONDS - 8) * 1000);
    during = {
      clients: await prometheus.value('auralis_active_clients'),
      published: await prometheus.value('rate(auralis_stream_chunks_published_total{stream="main"}[10s])'),
      latencies: await prometheus.value('rate(auralis_listener_latency_seconds_count{stream="main"}[10s])'),
    };
    summary = JSON.parse((await simulation).output) as SimulationSummary;
    // Wait until the last counts are scraped and the counters rest.
    await pause(3_000);
  }, 120_000);

  afterAll(async () => {
    await prometheus.stop();
    await hub.stop();
    smi.remove();
  });

  test('it scrapes OpenMetrics, with units, and loses no scrape', async () => {
    expect(await prometheus.value('min_over_time(up{job="auralis-hub"}[25s])')).toBe(1);
    const metadata = await prometheus.ask<Record<string, { type: string; unit: string }[]>>('metadata');
    // Only OpenMetrics says units.
    expect(metadata.auralis_stream_latency_p95_seconds?.[0]).toMatchObject({ type: 'gauge', unit: 'seconds' });
    expect(metadata.auralis_listener_latency_seconds?.[0]).toMatchObject({ type: 'histogram' });
    const page = await (await fetch(`${hub.url}/metrics`)).text();
    const lines = page.split('\n').filter((line) => /^\w/.test(line)).length;
    expect(Math.abs((await prometheus.value('scrape_samples_scraped')) - lines)).toBeLessThan(lines / 20);
  });

  test('counters of chunks are to the chunk what the simulation counted by itself', async () => {
    expect(summary.mismatches).toEqual([]);
    const published = summary.streams.reduce((sum, stream) => sum + stream.published, 0);
    const sum = (field: 'sent' | 'dropped') => summary.kinds.reduce((total, kind) => total + kind[field], 0);
    expect(await prometheus.value('auralis_chunks_sent_total')).toBe(sum('sent'));
    expect(await prometheus.value('auralis_chunks_dropped_total')).toBe(sum('dropped'));
    expect(await prometheus.value('auralis_stream_chunks_published_total')).toBe(published);
    expect(sum('dropped')).toBeGreaterThan(0);
  });

  test('the path of the specification has the same, under its names', async () => {
    for (const [name, inBase, by] of [
      ['auralis_synthesis_latency_ms', 'auralis_synthesis_latency_seconds', 1000],
      ['auralis_buffer_depth_ms', 'auralis_buffer_depth_seconds', 1000],
      ['auralis_memory_mb', 'auralis_memory_bytes', 2 ** -20],
    ] as const) {
      // Means that move once a second, scraped by either path at moments of its own: their latest need not be the
      // same. But what the one has shown, the other has too, unless both its scrapes missed it: every other time at
      // the worst.
      const found = await prometheus.scraped(name, SECONDS, 'spec');
      const base = await prometheus.scraped(inBase, SECONDS);
      const shown = new Set(base.map((value) => (value * by).toPrecision(9)));
      const inBoth = found.filter((value) => value > 0 && shown.has(value.toPrecision(9)));
      expect(found.length).toBeGreaterThan(SECONDS / 3);
      expect(inBoth.length).toBeGreaterThan(found.length / 3);
      expect(await prometheus.query(name)).toEqual([]);
    }
    for (const name of ['auralis_phrases_total', 'auralis_chunks_sent_total', 'auralis_stream_chunks_sent_total']) {
      expect(await prometheus.value(name, 'spec')).toBe(await prometheus.value(name));
    }
  });

  test('rates and gauges were what was going on', () => {
    expect(during.clients).toBe(LISTENERS);
    // Ten a second, and a scrape more or less in a window of ten.
    expect(during.published).toBeGreaterThan(8.5);
    expect(during.published).toBeLessThan(11.5);
    // Each listener with a synced clock, once a second.
    expect(during.latencies).toBeGreaterThan(LISTENERS * 0.5);
    expect(during.latencies).toBeLessThan(LISTENERS * 1.15);
  });

  test('every figure that stands still is the one of REST, in its unit', async () => {
    let compared = 0;
    for (const table of Object.keys(ROW_LABEL) as (keyof typeof ROW_LABEL)[]) {
      const rows = async () => (await hub.get<{ items: Row[] }>(`/api/v1/${table}`)).items;
      const looks: (readonly Row[])[] = [];
      let isWatched = true;
      const watching = (async () => {
        for (; isWatched; await pause(150)) looks.push(await rows());
      })();
      // Longer than from one scrape to the next, before and after: what Prometheus has is of this time.
      await pause(2_000);
      const found = new Map<string, readonly Sample[]>();
      for (const column of SCHEMAS[table].columns) {
        found.set(column.name, await prometheus.query(seriesOf(familyOf(column))));
      }
      await pause(2_000);
      isWatched = false;
      await watching;
      const [first = []] = looks;
      for (const column of SCHEMAS[table].columns) {
        const family = familyOf(column);
        for (const { id, [column.name]: reading } of first) {
          const isStill = looks.every((look) => look.find((row) => row.id === id)?.[column.name] === reading);
          if (!isStill) continue;
          const sample = found.get(column.name)?.find(({ metric }) => metric[ROW_LABEL[table]] === id);
          const place = `${table}.${column.name} of ${id}`;
          if (reading === null) expect([place, sample]).toEqual([place, undefined]);
          else {
            const value = numberOf(column, reading);
            const wanted = (value * 10 ** column.scale * family.multiply) / family.divide;
            expect([place, Number(sample?.value[1]).toPrecision(9)]).toEqual([place, wanted.toPrecision(9)]);
            compared++;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(50);
  }, 60_000);

  test('the rules of deploy/ are evaluated, and none fails', async () => {
    const { groups } = await prometheus.ask<{ groups: { rules: { name: string; health: string }[] }[] }>('rules');
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(30);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });

  test('every panel of the dashboard for Grafana has something to show, and every variable to choose', async () => {
    // The engine of the simulation does not stream by itself; this one does.
    for (const sent of [1200, 1210, 1220]) {
      await fetch(`${hub.url}/api/v1/streams/elsewhere/events`, {
        method: 'POST',
        body: JSON.stringify([
          { type: 'chunks', sent, dropped: 3 },
          { type: 'clients', active: 7 },
        ]),
        headers: { 'content-type': 'application/json' },
      });
      // And a listener of it cannot use half of its chunks: counting begins with the first report that has errors.
      const client = { chunksReceived: sent, chunkErrors: (sent - 1200) / 2, playbackState: 'playing' };
      await fetch(`${hub.url}/api/v1/streams/elsewhere/reports`, {
        method: 'POST',
        body: JSON.stringify({ type: 'connection_metrics', connection: 'c1', chunksSent: sent, client }),
        headers: { 'content-type': 'application/json' },
      });
      await pause(3_000);
    }
    const { panels: top = [], templating } = JSON.parse(committed('deploy/grafana-dashboard.json')) as Dashboard;
    const panels = top.flatMap((panel): Panel[] => ('panels' in panel ? panel.panels : [panel]));
    const empty: string[] = [];
    for (const { title = '', targets = [] } of panels) {
      for (const { expr } of targets) {
        // As Grafana fills it in for a Prometheus that scrapes once a second, and for all of each variable.
        const query = String(expr).replaceAll('$__rate_interval', '4s').replaceAll(/\$\w+/g, '.*');
        if ((await prometheus.series(query, 2 * SECONDS)).length === 0) empty.push(`${title}: ${query}`);
      }
    }
    expect(empty).toEqual([]);
    for (const { name, query } of templating?.list ?? []) {
      const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec(String(Object(query).query)) ?? [];
      if (series === undefined) continue;
      const match = encodeURIComponent(series.replaceAll(/\$\w+/g, '.*'));
      expect([name, await prometheus.ask(`label/${label}/values?match[]=${match}`)]).not.toEqual([name, []]);
    }
  }, 60_000);
});
