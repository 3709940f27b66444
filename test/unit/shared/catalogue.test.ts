import { COLUMNS, levelOf, SCHEMAS, TABLE_NAMES, type TableName } from '@auralis/shared/catalogue';
import type { Bounds } from '@auralis/shared/column';
import { MAX_FIXED } from '@auralis/shared/limits';
import { describe, expect, test } from '@jest/globals';
import { COLUMN_IDS } from './column-ids.js';

const place = (column: { table: string; name: string }) => `${column.table}.${column.name}`;

describe('the catalogue', () => {
  test('gives each id to one column only, and each column of a table a name of its own', () => {
    expect(new Set(COLUMNS.map((column) => column.id)).size).toBe(COLUMNS.length);
    expect(new Set(COLUMNS.map(place)).size).toBe(COLUMNS.length);
  });

  test('has never renumbered a column nor taken one away', () => {
    const now = new Map(COLUMNS.map((column) => [column.id, place(column)]));
    for (const [id, name] of Object.entries(COLUMN_IDS)) expect(`${id} ${now.get(Number(id))}`).toBe(`${id} ${name}`);
    // Add a new column to `column-ids.ts` in the same change: then its id is fixed.
    expect([...now.keys()].filter((id) => !(id in COLUMN_IDS))).toEqual([]);
  });

  test('finds every column by its name and place', () => {
    for (const name of TABLE_NAMES) {
      const { columns, index, table } = SCHEMAS[name];
      expect(table).toBe(name);
      expect(Object.keys(index)).toHaveLength(columns.length);
      for (const [at, column] of columns.entries()) {
        expect([column.table, column.index]).toEqual([name, at]);
        expect((index as Record<string, number>)[column.name]).toBe(at);
      }
    }
  });

  test('describes each column soundly', () => {
    for (const column of COLUMNS) {
      const { name, scale, unit, labels, target, alert, worse, counter, help } = column;
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(help.length).toBeGreaterThan(0);
      expect(Number.isInteger(scale) && scale >= 0 && scale <= 4).toBe(true);
      expect(labels === undefined).toBe(unit !== 'enum');
      // A counter is an amount, neither a rate nor a ratio.
      if (counter) expect(['count', 'bytes', 'ms']).toContain(unit);
      if (target !== undefined || alert !== undefined) expect(worse).not.toBeNull();
      for (const bound of [target?.min, target?.max, alert?.min, alert?.max]) {
        if (bound === undefined) continue;
        // A bound that the scale cannot express could never be met exactly.
        expect(Number.isInteger(Number((bound * 10 ** scale).toFixed(6)))).toBe(true);
        expect(bound * 10 ** scale).toBeLessThan(MAX_FIXED);
      }
    }
  });

  test('has ids of one byte for the table with the most frames', () => {
    for (const column of SCHEMAS.connections.columns) expect(column.id).toBeLessThan(128);
  });
});

/**
 * Section 1 of the metrics specification, row by row: where each metric lives, its target and its alert threshold.
 */
const SPECIFIED: [
  metric: string,
  table: TableName,
  column: string,
  unit: string,
  target: Bounds | null,
  alert: Bounds | null,
][] = [
  ['Synthesis Latency', 'engines', 'synthesis_latency_ms', 'ms', { max: 500 }, { max: 2000 }],
  ['Real-Time Factor', 'engines', 'real_time_factor', '×', { min: 20 }, { min: 5 }],
  ['Synthesis Failure Rate', 'engines', 'synthesis_failure_rate', 'ratio', { max: 0 }, { max: 0.05 }],
  ['GPU Memory Usage', 'gpus', 'memory_used_mb', 'MB', { max: 2 * 1024 }, { max: 6 * 1024 }],
  ['GPU Memory Usage (engine)', 'engines', 'gpu_memory_mb', 'MB', { max: 2 * 1024 }, { max: 6 * 1024 }],
  ['Audio Quality', 'engines', 'peak_amplitude_db', 'dB', { min: -6, max: 0 }, { max: 0 }],
  ['Buffer Depth', 'connections', 'buffer_depth_ms', 'ms', { min: 150, max: 500 }, { min: 50, max: 1000 }],
  ['Buffer Depth (engine)', 'engines', 'ring_buffer_depth_ms', 'ms', { min: 150, max: 500 }, { min: 50, max: 1000 }],
  ['Chunk Send Rate', 'streams', 'chunk_send_rate', '1/s', { min: 10 }, { min: 8 }],
  ['Chunk Send Rate (listener)', 'connections', 'chunk_send_rate', '1/s', { min: 10 }, { min: 8 }],
  ['WebSocket Latency', 'connections', 'latency_ms', 'ms', { max: 100 }, { max: 500 }],
  ['WebSocket Latency (ping)', 'connections', 'rtt_ms', 'ms', { max: 100 }, { max: 500 }],
  ['Dropped Chunks', 'streams', 'dropped_per_min', 'count/min', { max: 0 }, { max: 10 }],
  ['Dropped Chunks (listener)', 'connections', 'dropped_per_min', 'count/min', { max: 0 }, { max: 10 }],
  ['Active Connections', 'hubs', 'active_connections', 'count', null, null],
  ['Active Connections > max_clients', 'hubs', 'refused_at_capacity', 'count', { max: 0 }, { max: 0 }],
  ['Phrase Generation Time', 'engines', 'phrase_generation_ms', 'ms', { max: 2000 }, { max: 5000 }],
  ['Phrase Queue Depth', 'engines', 'phrase_queue_depth', 'count', { min: 1, max: 3 }, { min: 1 }],
  ['Generation Failures', 'engines', 'generation_failures_per_hour', 'count/h', { max: 0 }, { max: 5 }],
  ['Average Notes per Phrase', 'engines', 'notes_per_phrase', 'count', { min: 8, max: 16 }, null],
  ['CPU Usage', 'hosts', 'cpu_percent', '%', { max: 60 }, { max: 90 }],
  ['Memory Usage', 'engines', 'process_memory_mb', 'MB', { max: 1024 }, { max: 4096 }],
  ['Memory Usage (hub)', 'hosts', 'process_memory_mb', 'MB', { max: 1024 }, { max: 4096 }],
  ['Disk I/O', 'hosts', 'disk_mb_s', 'MB/s', { max: 10 }, { max: 100 }],
  ['Network Bandwidth, a client', 'hosts', 'network_mbps_per_client', 'Mbps', { max: 5 }, null],
  ['Network Bandwidth, in all', 'hosts', 'network_mbps', 'Mbps', null, { max: 50 }],
];

test.each(SPECIFIED)(
  '%s is %s.%s, with the unit, target and threshold specified',
  (_, table, name, unit, target, alert) => {
    const column = COLUMNS.find((candidate) => place(candidate) === `${table}.${name}`);
    expect(column?.unit).toBe(unit);
    expect(column?.target ?? null).toEqual(target);
    expect(column?.alert ?? null).toEqual(alert);
  },
);

describe('the level of a reading', () => {
  const column = { target: { min: 150, max: 500 }, alert: { min: 50, max: 1000 } };
  const levels: [number | null, string | null][] = [
    [null, null],
    [Number.NaN, null],
    [49.9, 'alert'],
    [50, 'off-target'],
    [149, 'off-target'],
    [150, 'ok'],
    [500, 'ok'],
    [501, 'off-target'],
    [1000, 'off-target'],
    [1000.1, 'alert'],
  ];
  test.each(levels)('of %p is %p', (value, level) => {
    expect(levelOf(column, value)).toBe(level);
  });

  test('without target and threshold is ok', () => {
    expect(levelOf({}, 1e9)).toBe('ok');
    expect(levelOf({ alert: { max: 0 } }, 0)).toBe('ok');
  });
});
