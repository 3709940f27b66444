import { boundIn, familyOf, ROW_LABEL, seriesOf, TABLE_FAMILIES } from '@auralis/server/prometheus/naming';
import { SPEC_LINES } from '@auralis/server/prometheus/spec-lines';
import { COLUMNS, SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';

const columnOf = (place: string) => {
  const found = COLUMNS.find(({ table, name }) => `${table}.${name}` === place);
  if (found === undefined) throw new Error(`no column ${place}`);
  return found;
};

test.each<[place: string, series: string, one: number]>([
  ['streams.latency_p95_ms', 'auralis_stream_latency_p95_seconds', 0.001],
  ['streams.chunks_sent', 'auralis_stream_chunks_sent_total', 1],
  ['hubs.bytes_sent', 'auralis_hub_sent_bytes_total', 1],
  ['hubs.started_at', 'auralis_hub_started_timestamp_seconds', 1],
  ['hubs.gc_pause_ms', 'auralis_hub_gc_pause_seconds', 0.001],
  ['engines.synthesis_failure_rate', 'auralis_engine_synthesis_failure_ratio', 1],
  ['streams.rebuffering_ratio', 'auralis_stream_rebuffering_ratio', 1],
  ['engines.real_time_factor', 'auralis_engine_real_time_factor', 1],
  ['engines.peak_amplitude_db', 'auralis_engine_peak_amplitude_decibels', 1],
  ['engines.generation_failures_per_hour', 'auralis_engine_generation_failures_per_hour', 1],
  ['hosts.cpu_percent', 'auralis_host_cpu_ratio', 0.01],
  ['hosts.disk_mb_s', 'auralis_host_disk_bytes_per_second', 1e6],
  ['hosts.network_mbps', 'auralis_host_network_bytes_per_second', 125_000],
  ['hosts.network_mbps_per_client', 'auralis_host_network_per_client_bytes_per_second', 125_000],
  ['hosts.process_memory_mb', 'auralis_host_process_memory_bytes', 1_048_576],
  ['gpus.temperature_c', 'auralis_gpu_temperature_celsius', 1],
  ['gpus.power_w', 'auralis_gpu_power_watts', 1],
  ['gpus.clock_mhz', 'auralis_gpu_clock_hertz', 1e6],
  ['connections.latency_ms', 'auralis_worst_listener_latency_seconds', 0.001],
])('%s is %s', (place, series, one) => {
  const family = familyOf(columnOf(place));
  expect(seriesOf(family)).toBe(series);
  expect(boundIn(family, 1)).toBe(one);
});

describe('every column', () => {
  const families = COLUMNS.map(familyOf);

  test('has a family of its own, beside those of the specification', () => {
    const specified = SPEC_LINES.flatMap(({ family, base }) => (base === undefined ? [family] : [family, base.family]));
    const names = [...families, ...specified].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('is named in base units', () => {
    for (const { name, unit } of families) {
      expect(name).toMatch(/^auralis_[a-z][a-z0-9_]*$/);
      expect(name).not.toMatch(/_(ms|mb|mbps|mhz|db|percent)(_|$)|_at$/);
      if (unit !== null) expect(name).toMatch(new RegExp(`(?<!_${unit})_${unit}$`));
    }
  });

  test('has a help that needs no escape, and says what the numbers of an enumeration mean', () => {
    for (const { help } of families) expect(help).not.toMatch(/["\\\n]/);
    expect(familyOf(columnOf('streams.publishing')).help).toBe('Is an engine connected? (0 no, 1 yes)');
  });

  test('of every table but listeners and alerts is on the page', () => {
    for (const table of Object.keys(ROW_LABEL) as (keyof typeof ROW_LABEL)[]) {
      expect(TABLE_FAMILIES[table].map(({ column }) => column)).toEqual(SCHEMAS[table].columns);
    }
    expect(Object.keys(SCHEMAS).filter((table) => !(table in ROW_LABEL))).toEqual(['connections', 'alerts']);
  });
});
