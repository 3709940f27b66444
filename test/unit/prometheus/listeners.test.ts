import { Exposition } from '@auralis/server/prometheus/exposition';
import { ListenerCensus } from '@auralis/server/prometheus/listener-census';
import { ListenerHistograms } from '@auralis/server/prometheus/listener-histograms';
import { OTHER } from '@auralis/server/prometheus/named-streams';
import { CONNECTION, createTables, type Tables } from '@auralis/server/state/tables';
import { toTheEnd } from '@auralis/server/time/time-slicer';
import { SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { samplesOf } from './samples.js';

type Cells = Partial<Record<keyof typeof CONNECTION, number | string>>;

/** A table with a listener for each of these; enumerations by label. Defaults: open, synced and trusted. */
function tablesOf(listeners: readonly (Cells & { stream?: string })[]) {
  const tables = createTables();
  for (const [at, { stream, ...cells }] of listeners.entries()) {
    const slot = tables.connections.open(`c${at}`, [stream ?? 'main']);
    const all: Cells = { state: 'open', clock: 'synced', trust: 'trusted', playback_state: 'playing', ...cells };
    for (const [name, value] of Object.entries(all)) {
      const index = CONNECTION[name as keyof typeof CONNECTION];
      const labels = SCHEMAS.connections.columns[index]?.labels;
      tables.connections.set(slot, index, typeof value === 'string' ? (labels?.indexOf(value) ?? -1) : value);
    }
  }
  return tables;
}

const writeCensus = (page: Exposition, { connections }: Tables) => {
  const census = new ListenerCensus(connections);
  toTheEnd(census.observe());
  census.write(page);
};

const census = (listeners: readonly Cells[]) => {
  const page = new Exposition('text');
  writeCensus(page, tablesOf(listeners));
  return samplesOf(page.end());
};
/** Figures of an end by rank, whoever they are of. */
const ranked = (found: Map<string, number>, name: string, end: string) =>
  [1, 2, 3, 4, 5].flatMap((rank) =>
    [...found]
      .filter(([key]) => key.startsWith(`auralis_worst_listener_${name}{end="${end}",rank="${rank}"`))
      .map(([, value]) => value),
  );

describe('the worst', () => {
  test('are the five worst, the very worst first, whatever their order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }), (depths) => {
        const found = census(depths.map((depth) => ({ buffer_depth_ms: depth, rtt_ms: depth })));
        const rising = depths.toSorted((a, b) => a - b).map((depth) => depth / 1000);
        expect(ranked(found, 'buffer_depth_seconds', 'lowest')).toEqual(rising.slice(0, 5));
        expect(ranked(found, 'buffer_depth_seconds', 'highest')).toEqual(rising.toReversed().slice(0, 5));
        expect(ranked(found, 'rtt_seconds', 'highest')).toEqual(rising.toReversed().slice(0, 5));
        expect(ranked(found, 'rtt_seconds', 'lowest')).toEqual([]);
      }),
    );
  });

  test('are named once they are past the threshold, so that those who are well begin no series', () => {
    const found = census([{ rtt_ms: 501, stream: 'side' } as Cells, { rtt_ms: 500 }]);
    const series = [...found.keys()].filter((key) => key.startsWith('auralis_worst_listener_rtt_seconds'));
    expect(series).toEqual([
      'auralis_worst_listener_rtt_seconds{end="highest",rank="1",stream="side",listener="c0"}',
      'auralis_worst_listener_rtt_seconds{end="highest",rank="2"}',
    ]);
  });

  test('of high buffers leave players of segments aside, which keep half a minute', () => {
    const tables = tablesOf([{ buffer_depth_ms: 1_500 }]);
    const { connections } = tables;
    for (let at = 0; at < 5; at++) {
      const slot = connections.open(`main~${at}`, ['main']);
      connections.set(slot, CONNECTION.state, 0);
      connections.set(slot, CONNECTION.playback_state, connections.get(0, CONNECTION.playback_state));
      connections.set(slot, CONNECTION.buffer_depth_ms, 34_000);
    }
    const page = new Exposition('text');
    writeCensus(page, tables);
    expect(ranked(samplesOf(page.end()), 'buffer_depth_seconds', 'highest')).toEqual([1.5]);
  });

  test('are none that cannot be believed, do not play, or have gone', () => {
    const found = census([
      { latency_ms: 80, buffer_depth_ms: 300 },
      { latency_ms: 15_000, clock: 'unsynced', trust: 'unsynced', buffer_depth_ms: 290 },
      { latency_ms: 9_000, state: 'closed', buffer_depth_ms: 1 },
      { latency_ms: 9_000, state: 'stale', trust: 'stale', buffer_depth_ms: 2 },
      { buffer_depth_ms: 3, trust: 'contradicting' },
      { buffer_depth_ms: 4, trust: 'hidden' },
      { buffer_depth_ms: 5, playback_state: 'paused' },
      { buffer_depth_ms: 6, playback_state: 'stalled' },
    ]);
    expect(ranked(found, 'latency_seconds', 'highest')).toEqual([0.08]);
    expect(ranked(found, 'buffer_depth_seconds', 'lowest')).toEqual([0.006, 0.29, 0.3]);
  });
});

test('listeners are counted by every enumeration; those that have closed by their state alone', () => {
  const found = census([{ status: 'ok' }, { status: 'critical' }, { status: 'critical', state: 'closed' }]);
  expect(found.get('auralis_listeners_by_status{status="critical"}')).toBe(1);
  expect(found.get('auralis_listeners_by_status{status="warning"}')).toBe(0);
  expect(found.get('auralis_listeners_by_state{state="closed"}')).toBe(1);
  expect(found.get('auralis_listeners_by_state{state="open"}')).toBe(2);
  for (const { name, labels } of SCHEMAS.connections.columns) {
    const series = [...found.keys()].filter((key) => key.startsWith(`auralis_listeners_by_${name}{`));
    expect([name, series.length]).toEqual([name, labels?.length ?? 0]);
  }
});

describe('histograms', () => {
  const written = (histograms: ListenerHistograms) => {
    const page = new Exposition('text');
    histograms.write(page);
    return samplesOf(page.end());
  };
  const LATENCY = 'auralis_listener_latency_seconds';

  test('count a listener once a second, at what it says then', () => {
    const histograms = new ListenerHistograms();
    const tables = tablesOf([
      { latency_ms: 40, buffer_depth_ms: 300 },
      { latency_ms: 100, buffer_depth_ms: 45 },
      { latency_ms: 15_000, clock: 'unsynced' },
      { latency_ms: 30, stream: 'crowd' },
      {},
    ]);
    for (let second = 0; second < 3; second++) toTheEnd(histograms.observe(tables, new Set(['main'])));
    const found = written(histograms);
    const buckets = [0.025, 0.05, 0.075, 0.1, '10.0', '+Inf'].map((le) =>
      found.get(`${LATENCY}_bucket{stream="main",le="${le}"}`),
    );
    // A bound belongs to its bucket.
    expect(buckets).toEqual([0, 3, 3, 6, 6, 6]);
    expect(found.get(`${LATENCY}_count{stream="main"}`)).toBe(6);
    expect(found.get(`${LATENCY}_sum{stream="main"}`)).toBeCloseTo(0.42, 9);
    expect(found.get(`${LATENCY}_count{stream="${OTHER}"}`)).toBe(3);
    const depth = 'auralis_listener_buffer_depth_seconds';
    expect(found.get(`${depth}_bucket{stream="main",le="0.05"}`)).toBe(3);
    expect(found.get(`${depth}_count{stream="main"}`)).toBe(6);
  });

  test('of a stream without lines of its own are not kept', () => {
    const histograms = new ListenerHistograms();
    const tables = tablesOf([{ latency_ms: 40 }]);
    toTheEnd(histograms.observe(tables, new Set(['main'])));
    toTheEnd(histograms.observe(tables, new Set()));
    const found = written(histograms);
    expect(found.get(`${LATENCY}_count{stream="main"}`)).toBeUndefined();
    expect(found.get(`${LATENCY}_count{stream="${OTHER}"}`)).toBe(1);
  });
});

test('a census goes column by column, and the page shows the one before until it is done', () => {
  const tables = tablesOf([{ status: 'ok' }]);
  const census = new ListenerCensus(tables.connections);
  const shown = () => {
    const page = new Exposition('text');
    census.write(page);
    return samplesOf(page.end()).get('auralis_listeners_by_status{status="ok"}');
  };
  const steps = census.observe();
  let count = 0;
  while (steps.next().done !== true) {
    count++;
    expect(shown()).toBeUndefined();
  }
  const enums = SCHEMAS.connections.columns.filter(({ labels }) => labels !== undefined).length;
  expect([shown(), count > enums]).toEqual([1, true]);
});
