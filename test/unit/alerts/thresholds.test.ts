import type { TableName } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { type Cells, World } from './world.js';

/**
 * The table "which reading carries which threshold, at which scope, when", row by row, from the page and not from the
 * code's own rules. `step`: one unit of the column's scale.
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
  /** Of the same row, what must hold for it to fire; and what, instead, keeps it from firing. */
  readonly while?: Cells;
  readonly notWhile?: Cells;
}

const ROWS: readonly Row[] = [
  {
    metric: 'Synthesis latency',
    table: 'engines',
    column: 'synthesis_latency_ms',
    fires: '>',
    at: 2000,
    step: 0.1,
    severity: 'warning',
    rule: 'synthesis-slow',
  },
  {
    metric: 'Real-time factor',
    table: 'engines',
    column: 'real_time_factor',
    fires: '<',
    at: 5,
    step: 0.01,
    severity: 'warning',
    rule: 'real-time-factor-low',
  },
  {
    metric: 'Synthesis failure rate',
    table: 'engines',
    column: 'synthesis_failure_rate',
    fires: '>',
    at: 0.05,
    step: 0.0001,
    severity: 'error',
    rule: 'synthesis-failures',
    while: { synthesis_attempts_5min: 10 },
    notWhile: { synthesis_attempts_5min: 9 },
  },
  {
    metric: 'GPU memory',
    table: 'gpus',
    column: 'memory_used_mb',
    fires: '>',
    at: 6144,
    step: 1,
    severity: 'error',
    rule: 'gpu-memory',
  },
  {
    metric: "GPU memory, the engine's own",
    table: 'engines',
    column: 'gpu_memory_mb',
    fires: '>',
    at: 6144,
    step: 1,
    severity: 'error',
    rule: 'engine-gpu-memory',
  },
  {
    metric: 'Audio quality',
    table: 'engines',
    column: 'peak_amplitude_db',
    fires: '>',
    at: 0,
    step: 0.1,
    severity: 'warning',
    rule: 'clipping',
  },
  {
    metric: 'Buffer depth, low',
    table: 'connections',
    column: 'buffer_depth_ms',
    fires: '<',
    at: 50,
    step: 1,
    severity: 'warning',
    rule: 'listener-buffer-low',
    while: { playback_state: 'playing' },
    notWhile: { playback_state: 'starting' },
  },
  {
    metric: 'Buffer depth, high',
    table: 'connections',
    column: 'buffer_depth_ms',
    fires: '>',
    at: 1000,
    step: 1,
    severity: 'warning',
    rule: 'listener-buffer-high',
    while: { playback_state: 'playing' },
    notWhile: { playback_state: 'paused' },
  },
  {
    metric: 'Ring buffer, low',
    table: 'engines',
    column: 'ring_buffer_depth_ms',
    fires: '<',
    at: 50,
    step: 1,
    severity: 'error',
    rule: 'ring-buffer-low',
  },
  {
    metric: 'Ring buffer, high',
    table: 'engines',
    column: 'ring_buffer_depth_ms',
    fires: '>',
    at: 1000,
    step: 1,
    severity: 'error',
    rule: 'ring-buffer-high',
  },
  {
    metric: 'Chunk send rate, stream',
    table: 'streams',
    column: 'chunk_send_rate',
    fires: '<',
    at: 8,
    step: 0.1,
    severity: 'error',
    rule: 'stream-chunk-rate',
    while: { publishing: 'yes' },
    notWhile: { publishing: 'no' },
  },
  {
    metric: 'Chunk send rate, connection',
    table: 'connections',
    column: 'chunk_send_rate',
    fires: '<',
    at: 8,
    step: 0.1,
    severity: 'warning',
    rule: 'listener-chunk-rate',
  },
  {
    metric: 'WebSocket latency, synced',
    table: 'connections',
    column: 'latency_ms',
    fires: '>',
    at: 500,
    step: 0.1,
    severity: 'warning',
    rule: 'listener-latency',
    notWhile: { clock: 'unsynced', trust: 'unsynced' },
  },
  {
    metric: 'WebSocket latency, else the round trip',
    table: 'connections',
    column: 'rtt_ms',
    fires: '>',
    at: 500,
    step: 0.1,
    severity: 'warning',
    rule: 'listener-round-trip',
    while: { clock: 'unsynced', trust: 'unsynced' },
    notWhile: { clock: 'synced', trust: 'live' },
  },
  {
    metric: 'Dropped chunks, connection',
    table: 'connections',
    column: 'dropped_per_min',
    fires: '>',
    at: 10,
    step: 1,
    severity: 'warning',
    rule: 'listener-drops',
  },
  {
    metric: 'Dropped chunks, stream',
    table: 'streams',
    column: 'dropped_per_min',
    fires: '>',
    at: 10,
    step: 1,
    severity: 'error',
    rule: 'stream-drops',
  },
  {
    metric: 'Active connections',
    table: 'hubs',
    column: 'capacity_percent',
    fires: '>',
    at: 95,
    step: 0.1,
    severity: 'warning',
    rule: 'hub-nearly-full',
  },
  {
    metric: 'Phrase generation time',
    table: 'engines',
    column: 'phrase_generation_ms',
    fires: '>',
    at: 5000,
    step: 1,
    severity: 'warning',
    rule: 'phrase-slow',
  },
  {
    metric: 'Phrase queue depth',
    table: 'engines',
    column: 'phrase_queue_depth',
    fires: '<',
    at: 1,
    step: 1,
    severity: 'error',
    rule: 'phrase-queue-empty',
  },
  {
    metric: 'Generation failures',
    table: 'engines',
    column: 'generation_failures_per_hour',
    fires: '>',
    at: 5,
    step: 1,
    severity: 'error',
    rule: 'generation-failures',
  },
  {
    metric: 'CPU',
    table: 'hosts',
    column: 'cpu_percent',
    fires: '>',
    at: 90,
    step: 0.1,
    severity: 'warning',
    rule: 'host-cpu',
  },
  {
    metric: 'Memory, engine',
    table: 'engines',
    column: 'process_memory_mb',
    fires: '>',
    at: 4096,
    step: 1,
    severity: 'error',
    rule: 'engine-memory',
  },
  {
    metric: 'Memory, hub',
    table: 'hosts',
    column: 'process_memory_mb',
    fires: '>',
    at: 4096,
    step: 0.1,
    severity: 'error',
    rule: 'hub-memory',
  },
  {
    metric: 'Disk I/O',
    table: 'hosts',
    column: 'disk_mb_s',
    fires: '>',
    at: 100,
    step: 0.01,
    severity: 'warning',
    rule: 'host-disk',
  },
  {
    metric: 'Network',
    table: 'hosts',
    column: 'network_mbps',
    fires: '>',
    at: 50,
    step: 0.01,
    severity: 'warning',
    rule: 'host-network',
  },
];

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
    // Of a listener that is to be sent chunks and has no rate, there is no engine to speak of.
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
    // What was refused before anybody looked is no news.
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
