import type { TableName } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { type Cells, World } from './world.js';

/**
 * Thresholds by reading and scope, row by row, from the specification's table and not from the code's own rules.
 * `step`: one unit of the column's scale.
 */
interface Row {
  readonly metric: string;
  readonly table: TableName;
  readonly column: string;
  readonly fires: '>' | '<';
  readonly at: number;
  readonly step: number;
  readonly severity: 'warning' | 'error';
  readonly rule: string;
  /** Cells of the same row that a rule needs to fire; and cells that keep it from firing. */
  readonly while?: Cells;
  readonly notWhile?: Cells;
}

const ROWS: readonly Row[] = [
  row('Synthesis latency', 'engines.synthesis_latency_ms > 2000', 0.1, 'warning', 'synthesis-slow'),
  row('Real-time factor', 'engines.real_time_factor < 5', 0.01, 'warning', 'real-time-factor-low'),
  row('Synthesis failure rate', 'engines.synthesis_failure_rate > 0.05', 0.0001, 'error', 'synthesis-failures', {
    while: { synthesis_attempts_5min: 10 },
    notWhile: { synthesis_attempts_5min: 9 },
  }),
  row('GPU memory', 'gpus.memory_used_mb > 6144', 1, 'error', 'gpu-memory'),
  row("GPU memory, the engine's own", 'engines.gpu_memory_mb > 6144', 1, 'error', 'engine-gpu-memory'),
  row('Audio quality', 'engines.peak_amplitude_db > 0', 0.1, 'warning', 'clipping'),
  row('Buffer depth, low', 'connections.buffer_depth_ms < 50', 1, 'warning', 'listener-buffer-low', {
    while: { playback_state: 'playing' },
    notWhile: { playback_state: 'starting' },
  }),
  row('Buffer depth, high', 'connections.buffer_depth_ms > 1000', 1, 'warning', 'listener-buffer-high', {
    while: { playback_state: 'playing' },
    notWhile: { playback_state: 'paused' },
  }),
  row('Ring buffer, low', 'engines.ring_buffer_depth_ms < 50', 1, 'error', 'ring-buffer-low'),
  row('Ring buffer, high', 'engines.ring_buffer_depth_ms > 1000', 1, 'error', 'ring-buffer-high'),
  // Chunks of any length make the rate, which is 8 a second for the spec's chunks of 100 ms.
  row('Chunk send rate, stream', 'streams.audio_rate < 0.8', 0.01, 'error', 'stream-chunk-rate', {
    while: { publishing: 'yes' },
    notWhile: { publishing: 'no' },
  }),
  row('Chunk send rate, connection', 'connections.audio_rate < 0.8', 0.01, 'warning', 'listener-chunk-rate'),
  row('WebSocket latency, synced', 'connections.latency_ms > 500', 0.1, 'warning', 'listener-latency', {
    notWhile: { clock: 'unsynced', trust: 'unsynced' },
  }),
  row('WebSocket latency, else the round trip', 'connections.rtt_ms > 500', 0.1, 'warning', 'listener-round-trip', {
    while: { clock: 'unsynced', trust: 'unsynced' },
    notWhile: { clock: 'synced', trust: 'trusted' },
  }),
  row('Dropped chunks, connection', 'connections.dropped_per_min > 10', 1, 'warning', 'listener-drops'),
  row('Dropped chunks, stream', 'streams.dropped_per_min > 10', 1, 'error', 'stream-drops'),
  row('Active connections', 'hubs.capacity_percent > 95', 0.1, 'warning', 'hub-nearly-full'),
  row('Phrase generation time', 'engines.phrase_generation_ms > 5000', 1, 'warning', 'phrase-slow'),
  row('Phrase queue depth', 'engines.phrase_queue_depth < 1', 1, 'error', 'phrase-queue-empty'),
  row('Generation failures', 'engines.generation_failures_per_hour > 5', 1, 'error', 'generation-failures'),
  row('CPU', 'hosts.cpu_percent > 90', 0.1, 'warning', 'host-cpu'),
  row('Memory, engine', 'engines.process_memory_mb > 4096', 1, 'error', 'engine-memory'),
  row('Memory, hub', 'hosts.process_memory_mb > 4096', 0.1, 'error', 'hub-memory'),
  row('Disk I/O', 'hosts.disk_mb_s > 100', 0.01, 'warning', 'host-disk'),
  row('Network', 'hosts.network_mbps > 50', 0.01, 'warning', 'host-network'),
];

/** `fires`: `table.column > level`. */
function row(
  metric: string,
  fires: string,
  step: number,
  severity: Row['severity'],
  rule: string,
  also: Pick<Row, 'while' | 'notWhile'> = {},
): Row {
  const [place = '', sign, at] = fires.split(' ');
  const [table, column = ''] = place.split('.');
  return {
    metric,
    table: table as TableName,
    column,
    fires: sign as Row['fires'],
    at: Number(at),
    step,
    severity,
    rule,
    ...also,
  };
}

const KEYS: Readonly<Record<string, string>> = { hubs: 'hub', engines: 'main', streams: 'main', connections: 'anna' };

/** A hub on which all is well, and what writes the row's reading into it. */
function wellFor(row: Row, extra: Cells = {}) {
  const world = new World();
  world.stream();
  if (row.table === 'connections') world.listener('anna');
  const key = KEYS[row.table] ?? 'here';
  const set = (value: number, cells: Cells = {}) =>
    world.set(row.table, key, { ...row.while, ...extra, ...cells, [row.column]: value });
  return { world, set };
}

const past = ({ fires, at, step }: Row) => (fires === '>' ? at + step : at - step);
/** Half way inside: well by any measure. */
const well = ({ fires, at, step }: Row) => (fires === '>' ? at - Math.max(step, at / 2) : at + Math.max(step, at / 2));

describe.each(ROWS)('$metric: $table.$column', (row) => {
  test('does not fire at the figure itself', () => {
    const { world, set } = wellFor(row);
    set(row.at);
    world.pass(300);
    expect(world.firing()).toEqual([]);
  });

  test('fires one step past it, with the severity of the table, and clears when it is well again', () => {
    const { world, set } = wellFor(row);
    set(row.at);
    world.pass(60);
    set(past(row));
    world.pass(15);
    expect(world.alerts().map(({ rule, severity, count }) => [rule, severity, count])).toEqual([
      [row.rule, row.severity, 1],
    ]);
    set(well(row));
    world.pass(60);
    expect(world.firing()).toEqual([]);
    expect(world.store.transitions.map(({ state, alert }) => [state, alert.rule])).toEqual([
      ['firing', row.rule],
      ['resolved', row.rule],
    ]);
  });

  test('does not fire for what is missing', () => {
    const { world, set } = wellFor(row);
    set(Number.NaN);
    world.pass(60);
    // A listener without a rate has no engine.
    expect(world.firing()).toEqual([]);
  });

  if (row.notWhile !== undefined) {
    test('does not fire otherwise', () => {
      const { world, set } = wellFor(row, row.notWhile);
      set(past(row));
      world.pass(120);
      expect(world.firing()).toEqual([]);
    });
  }
});

describe('Active connections', () => {
  test('one refusal is an error, until there was none for a minute', () => {
    const world = new World();
    world.set('hubs', 'hub', { refused_at_capacity: 7 });
    world.pass(120);
    // Refusals before the first evaluation do not count.
    expect(world.firing()).toEqual([]);
    world.set('hubs', 'hub', { refused_at_capacity: 8 });
    world.pass(1);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule: 'hub-refusals', severity: 'error', value: 1 })]);
    world.pass(58);
    expect(world.firing()).toEqual(['hub-refusals']);
    world.pass(5);
    expect(world.firing()).toEqual([]);
  });
});

describe('readings of engines count only while they publish', () => {
  test.each(['ring_buffer_depth_ms', 'phrase_queue_depth'])('%s', (column) => {
    const world = new World();
    world.stream('main', { publishing: 'no' });
    world.set('engines', 'main', { [column]: 0 }, ['main']);
    world.pass(60);
    expect(world.firing()).toEqual([]);
    world.stream();
    world.pass(10);
    expect(world.firing()).toHaveLength(1);
  });
});

test('an empty phrase queue fires after one second, and not before', () => {
  const world = new World();
  world.stream();
  world.set('engines', 'main', { phrase_queue_depth: 0 });
  world.pass(1);
  expect(world.firing()).toEqual([]);
  world.pass(1);
  expect(world.firing()).toEqual(['phrase-queue-empty']);
});

describe('what stands in for another reading', () => {
  test("the engine's word of GPU memory, only without a GPU tool", () => {
    const world = new World();
    world.stream();
    world.set('engines', 'main', { gpu_memory_mb: 7000 });
    world.set('gpus', '0', { memory_used_mb: 100 });
    world.pass(60);
    expect(world.firing()).toEqual([]);
    world.set('gpus', '0', { memory_used_mb: Number.NaN });
    world.pass(10);
    expect(world.firing()).toEqual(['engine-gpu-memory']);
  });

  test("the hub's memory, only where no engine reports its own", () => {
    const world = new World();
    world.stream();
    world.set('hosts', 'here', { process_memory_mb: 5000 });
    world.set('engines', 'main', { process_memory_mb: 500 });
    world.pass(60);
    expect(world.firing()).toEqual([]);
    world.set('engines', 'main', { process_memory_mb: Number.NaN });
    world.pass(10);
    expect(world.firing()).toEqual(['hub-memory']);
  });
});
