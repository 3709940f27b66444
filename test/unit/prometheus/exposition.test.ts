import { Exposition, type Form, labelsOf } from '@auralis/server/prometheus/exposition';
import { writeSpecLines } from '@auralis/server/prometheus/spec-lines';
import { expect, test } from '@jest/globals';

function written(form: Form): string {
  const page = new Exposition(form);
  page.family({ name: 'chunks', type: 'counter', unit: null, help: 'Chunks' });
  page.sample('', 7);
  page.family({ name: 'depth_seconds', type: 'gauge', unit: 'seconds', help: 'Depth\nin \\ seconds' });
  page.sample(labelsOf({ stream: 'main' }), 0.25);
  page.sample(labelsOf({ stream: 'a "quoted"\nname \\' }), -1);
  page.sample(labelsOf({ stream: 'missing' }), Number.NaN);
  page.family({ name: 'age_seconds', type: 'histogram', unit: 'seconds', help: 'Age' });
  page.histogram(labelsOf({ stream: 'main' }), [0.5, 1], Float64Array.of(3, 0, 2), 9.5);
  page.histogram('', [0.5], Float64Array.of(0, 0), 0);
  return page.end();
}

test('the text format of Prometheus', () => {
  expect(written('text')).toBe(`# HELP chunks_total Chunks
# TYPE chunks_total counter
chunks_total 7
# HELP depth_seconds Depth\\nin \\\\ seconds
# TYPE depth_seconds gauge
depth_seconds{stream="main"} 0.25
depth_seconds{stream="a \\"quoted\\"\\nname \\\\"} -1
# HELP age_seconds Age
# TYPE age_seconds histogram
age_seconds_bucket{stream="main",le="0.5"} 3
age_seconds_bucket{stream="main",le="1.0"} 3
age_seconds_bucket{stream="main",le="+Inf"} 5
age_seconds_sum{stream="main"} 9.5
age_seconds_count{stream="main"} 5
age_seconds_bucket{le="0.5"} 0
age_seconds_bucket{le="+Inf"} 0
age_seconds_sum 0
age_seconds_count 0
`);
});

test('OpenMetrics differs in the names of counters, the units and the end', () => {
  const lines = written('openmetrics').split('\n');
  expect(lines.slice(0, 3)).toEqual(['# HELP chunks Chunks', '# TYPE chunks counter', 'chunks_total 7']);
  expect(lines.filter((line) => line.startsWith('# UNIT'))).toEqual([
    '# UNIT depth_seconds seconds',
    '# UNIT age_seconds seconds',
  ]);
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
});

const FIGURES = {
  total_phrases_generated: 41,
  total_synthesis_errors: 2,
  avg_synthesis_latency_ms: 312.5,
  avg_rtf: 24.25,
  avg_buffer_depth_ms: 280,
  current_active_clients: 12,
  avg_cpu_percent: 37.5,
  avg_memory_mb: 512.25,
  total_chunks_sent: 12_345,
  total_chunks_dropped: 3,
};

/**
 * Output of the specification's own `export_prometheus` for these figures, without its two decimals and empty lines.
 */
const SPECIFIED = `# HELP auralis_phrases_total Total phrases generated
# TYPE auralis_phrases_total counter
auralis_phrases_total 41
# HELP auralis_synthesis_errors_total Total synthesis errors
# TYPE auralis_synthesis_errors_total counter
auralis_synthesis_errors_total 2
# HELP auralis_synthesis_latency_ms Average synthesis latency in milliseconds
# TYPE auralis_synthesis_latency_ms gauge
auralis_synthesis_latency_ms 312.5
# HELP auralis_real_time_factor Synthesis real-time factor
# TYPE auralis_real_time_factor gauge
auralis_real_time_factor 24.25
# HELP auralis_buffer_depth_ms Audio buffer depth in milliseconds
# TYPE auralis_buffer_depth_ms gauge
auralis_buffer_depth_ms 280
# HELP auralis_active_clients Number of active WebSocket clients
# TYPE auralis_active_clients gauge
auralis_active_clients 12
# HELP auralis_cpu_percent CPU usage percentage
# TYPE auralis_cpu_percent gauge
auralis_cpu_percent 37.5
# HELP auralis_memory_mb Memory usage in megabytes
# TYPE auralis_memory_mb gauge
auralis_memory_mb 512.25
# HELP auralis_chunks_sent_total Total audio chunks sent
# TYPE auralis_chunks_sent_total counter
auralis_chunks_sent_total 12345
# HELP auralis_chunks_dropped_total Total audio chunks dropped
# TYPE auralis_chunks_dropped_total counter
auralis_chunks_dropped_total 3
`;

const IN_BASE_UNITS = `# HELP auralis_synthesis_latency_seconds Average synthesis latency in seconds
# TYPE auralis_synthesis_latency_seconds gauge
auralis_synthesis_latency_seconds 0.3125
# HELP auralis_buffer_depth_seconds Audio buffer depth in seconds
# TYPE auralis_buffer_depth_seconds gauge
auralis_buffer_depth_seconds 0.28
# HELP auralis_memory_bytes Memory usage in bytes
# TYPE auralis_memory_bytes gauge
auralis_memory_bytes 537133056
`;

test('the lines of the specification, to the letter, and three of them in base units after them', () => {
  const page = new Exposition('text');
  writeSpecLines(page, 'spec', FIGURES);
  expect(page.end()).toBe(SPECIFIED + IN_BASE_UNITS);
});

test('in base units alone, seven lines of the specification stay as they are', () => {
  const page = new Exposition('text');
  writeSpecLines(page, 'base', FIGURES);
  const kept = SPECIFIED.split('\n').filter((line) => !/ ?auralis_\w+_(ms|mb)\b/.test(line));
  expect(kept.filter((line) => line.startsWith('# TYPE'))).toHaveLength(7);
  expect(page.end()).toBe(kept.join('\n') + IN_BASE_UNITS);
});

test('of what nobody has reported, counters are 0 and gauges absent', () => {
  const page = new Exposition('text');
  const nothing = { total_phrases_generated: null, total_synthesis_errors: null, avg_rtf: null };
  writeSpecLines(page, 'spec', { ...FIGURES, ...nothing, avg_synthesis_latency_ms: null });
  const samples = page.end().match(/^auralis_(phrases|synthesis|real_time).*$/gm);
  expect(samples).toEqual(['auralis_phrases_total 0', 'auralis_synthesis_errors_total 0']);
});
