import { MAX_NAMED_STREAMS, OTHER } from '@auralis/server/prometheus/named-streams';
import { PrometheusPage } from '@auralis/server/prometheus/page';
import { createTables, ENGINE, STREAM } from '@auralis/server/state/tables';
import { toTheEnd } from '@auralis/server/time/time-slicer';
import { SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { samplesOf } from './samples.js';

const FIGURES = {
  total_phrases_generated: null,
  total_synthesis_errors: null,
  avg_synthesis_latency_ms: null,
  avg_rtf: null,
  avg_buffer_depth_ms: null,
  current_active_clients: 0,
  avg_cpu_percent: null,
  avg_memory_mb: null,
  total_chunks_sent: 0,
  total_chunks_dropped: 0,
};

function world() {
  const tables = createTables();
  const page = new PrometheusPage(tables);
  const write = () => page.write('text', 'base', FIGURES);
  const stream = (name: string, listeners: number, publishing = 0) => {
    const slot = tables.streams.open(name);
    tables.streams.set(slot, STREAM.active_connections, listeners);
    tables.streams.set(slot, STREAM.publishing, publishing);
    tables.streams.set(slot, STREAM.chunks_sent, 0);
    return slot;
  };
  return { tables, page, write, samples: () => samplesOf(write()), stream };
}

test('every reading of a row is there, in base units; what is missing is not', () => {
  const { tables, page, samples, stream } = world();
  const slot = stream('main', 3, 1);
  tables.streams.set(slot, STREAM.latency_p95_ms, 123.4);
  const gpu = tables.gpus.open('GPU-1', ['Tesla T4', 'GPU-1']);
  tables.gpus.set(gpu, SCHEMAS.gpus.index.memory_used_mb, 4327);
  toTheEnd(page.observe());
  const found = samples();
  expect(found.get('auralis_stream_latency_p95_seconds{stream="main"}')).toBe(0.1234);
  expect(found.get('auralis_stream_publishing{stream="main"}')).toBe(1);
  expect(found.has('auralis_stream_latency_p50_seconds{stream="main"}')).toBe(false);
  expect(found.get('auralis_gpu_memory_used_bytes{gpu="GPU-1"}')).toBe(4327 * 2 ** 20);
  expect(found.get('auralis_gpu_info{gpu="GPU-1",name="Tesla T4",uuid="GPU-1"}')).toBe(1);
  expect([...found.keys()].filter((series) => series.includes(OTHER))).toEqual([]);
});

describe('a flood of streams', () => {
  const flooded = (streams: number) => {
    const all = world();
    const { tables } = all;
    for (let at = 0; at < streams; at++) {
      const slot = all.stream(`flood-${String(at).padStart(3, '0')}`, at % 40);
      const engine = tables.engines.open(tables.streams.keyOf(slot), [tables.streams.keyOf(slot)]);
      for (const column of SCHEMAS.streams.columns) tables.streams.add(slot, column.index, 1);
      tables.streams.set(slot, STREAM.publishing, 0);
      for (const column of SCHEMAS.engines.columns) tables.engines.set(engine, column.index, 1);
      const row = tables.connections.open(`c${at}`, [tables.streams.keyOf(slot)]);
      for (const column of SCHEMAS.connections.columns) tables.connections.set(row, column.index, 0);
      tables.connections.set(row, SCHEMAS.connections.index.clock, 1);
    }
    toTheEnd(all.page.observe());
    return all;
  };

  test('does not make the page longer', () => {
    const [some, many] = [flooded(MAX_NAMED_STREAMS + 1), flooded(1000)];
    expect([...many.samples().keys()].length).toBe([...some.samples().keys()].length);
    expect(many.write().length).toBeLessThan(some.write().length * 1.05);
  });

  test('leaves lines to those with an engine first, then to those with the most listeners', () => {
    const all = flooded(1000);
    all.stream('published', 0, 1);
    all.stream('full', 5000);
    toTheEnd(all.page.observe());
    const series = [...all.samples()].filter(([name]) => name.startsWith('auralis_stream_active_connections{'));
    const names = series.map(([name]) => /stream="([^"]*)"/.exec(name)?.[1]);
    expect(names).toHaveLength(MAX_NAMED_STREAMS + 1);
    expect(names).toEqual(expect.arrayContaining(['published', 'full', OTHER]));
    const listeners = series.map(([, count]) => count);
    const inAll = [...all.tables.streams.slots()].map((slot) =>
      all.tables.streams.get(slot, STREAM.active_connections),
    );
    const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
    expect(sum(listeners)).toBe(sum(inAll));
    // 25 of the thousand have 40 listeners each; the least of those that are named have no fewer than 39.
    const named = series.filter(([name]) => !name.includes(OTHER) && !name.includes('published'));
    expect(Math.min(...named.map(([, count]) => count))).toBe(39);
  });

  test('sums no figure that has a threshold, and no mean', () => {
    const series = [...flooded(100).samples().keys()].filter((name) => name.includes(`stream="${OTHER}"`));
    const names = new Set(series.map((name) => name.split('{')[0]));
    for (const sums of ['stream_listeners_critical', 'engine_active_clients', 'engine_events_total']) {
      expect(names).toContain(`auralis_${sums}`);
    }
    for (const name of ['stream_latency_p95_seconds', 'stream_dropped_per_min', 'engine_notes_per_phrase']) {
      expect(names).not.toContain(`auralis_${name}`);
    }
  });
});

test('a counter of the others only rises, whoever comes, goes, or gets lines of its own', () => {
  const { tables, page, samples, stream } = world();
  for (let at = 0; at < MAX_NAMED_STREAMS; at++) stream(`busy-${at}`, 10);
  const series = `auralis_stream_chunks_sent_total{stream="${OTHER}"}`;
  const [a, b] = [stream('a', 1), stream('b', 2)];
  const send = (slot: number, chunks: number) => tables.streams.add(slot, STREAM.chunks_sent, chunks);
  const others = () => {
    toTheEnd(page.observe());
    return samples().get(series);
  };
  send(a, 5);
  send(b, 7);
  expect(others()).toBe(12);
  // `b` gets lines of its own, in which all that it ever sent stands.
  tables.streams.set(b, STREAM.active_connections, 100);
  send(b, 100);
  send(a, 1);
  expect(others()).toBe(13);
  expect(samples().get('auralis_stream_chunks_sent_total{stream="b"}')).toBe(107);
  tables.streams.set(b, STREAM.active_connections, 0);
  send(b, 3);
  expect(others()).toBe(16);
  tables.streams.close(a);
  expect(others()).toBe(16);
  // Another stream in the same slot counts from 0.
  expect(stream('c', 0)).toBe(a);
  send(a, 2);
  expect(others()).toBe(18);
});

test('an engine that streams by itself is as large as it says', () => {
  const { tables, page, samples, stream } = world();
  for (let at = 0; at < MAX_NAMED_STREAMS; at++) stream(`busy-${at}`, 10);
  stream('elsewhere', 0);
  const engine = tables.engines.open('elsewhere', ['elsewhere']);
  tables.engines.set(engine, ENGINE.active_clients, 500);
  toTheEnd(page.observe());
  expect(samples().get('auralis_engine_active_clients{stream="elsewhere"}')).toBe(500);
});

test('alerts by rule, severity and state', () => {
  const { tables, samples } = world();
  const { index } = SCHEMAS.alerts;
  const alert = (key: string, rule: string, severity: string, state: number, count: number) => {
    const slot = tables.alerts.open(key, [rule, severity]);
    tables.alerts.set(slot, index.state, state);
    tables.alerts.set(slot, index.count, count);
  };
  alert('1', 'latency', 'warning', 1, 20);
  alert('2', 'latency', 'warning', 1, 480);
  alert('3', 'latency', 'warning', 2, 3);
  for (let at = 0; at < 500; at++) alert(`manual-${at}`, `rule ${at}`, 'info', 0, 1);
  const found = samples();
  expect(found.get('auralis_alerts{rule="latency",severity="warning",state="firing"}')).toBe(2);
  expect(found.get('auralis_alert_rows{rule="latency",severity="warning",state="firing"}')).toBe(500);
  expect(found.get('auralis_alerts{rule="latency",severity="warning",state="resolved"}')).toBe(1);
  const lines = [...found].filter(([series]) => series.startsWith('auralis_alerts{'));
  expect(lines.length).toBeLessThanOrEqual(201);
  expect(lines.reduce((sum, [, count]) => sum + count, 0)).toBe(503);
});
