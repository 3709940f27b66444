import { statusOf } from '@auralis/server/http/health';
import type { Summary } from '@auralis/server/http/summary';
import { expect, test } from '@jest/globals';

const summaryOf = (errorRate: number | null, rtf: number | null, cpu: number | null): Summary => ({
  uptime_seconds: 60,
  total_phrases_generated: null,
  total_synthesis_errors: null,
  synthesis_error_rate: errorRate,
  total_chunks_sent: 0,
  total_chunks_dropped: 0,
  chunk_drop_rate: null,
  avg_synthesis_latency_ms: null,
  avg_rtf: rtf,
  avg_buffer_depth_ms: null,
  avg_cpu_percent: cpu,
  avg_memory_mb: null,
  current_active_clients: 0,
});

test.each<[number | null, number | null, number | null, string, string]>([
  [0, 25, 40, 'healthy', 'healthy'],
  [0.0999, 2.01, 89.9, 'healthy', 'healthy'],
  // The bounds themselves fail, as in the specification.
  [0.1, 25, 40, 'unhealthy', 'unhealthy'],
  [0, 2, 40, 'unhealthy', 'unhealthy'],
  [0, 25, 90, 'unhealthy', 'unhealthy'],
  // A hub without an engine is not sick, but is not known to be well either.
  [null, null, 40, 'healthy', 'unhealthy'],
  [null, null, null, 'unknown', 'unhealthy'],
  [null, null, 95, 'unhealthy', 'unhealthy'],
])('errors %p, real-time factor %p, CPU %p: %s, strictly %s', (errors, rtf, cpu, status, strict) => {
  const summary = summaryOf(errors, rtf, cpu);
  expect(statusOf(summary, false).status).toBe(status);
  expect(statusOf(summary, true).status).toBe(strict);
});

test('the keys of the specification, and each check with its figure, limit and state', () => {
  expect(statusOf(summaryOf(null, 1.5, 40), false)).toEqual({
    status: 'unhealthy',
    synthesis_error_rate: null,
    rtf: 1.5,
    cpu_percent: 40,
    checks: [
      { name: 'synthesis_error_rate', value: null, limit: { below: 0.1 }, state: 'unknown' },
      { name: 'avg_rtf', value: 1.5, limit: { above: 2 }, state: 'failing' },
      { name: 'avg_cpu_percent', value: 40, limit: { below: 90 }, state: 'ok' },
    ],
  });
});

test('figures have as many decimal places as their columns, and are judged as they are shown', () => {
  const { synthesis_error_rate, rtf, cpu_percent, checks } = statusOf(summaryOf(1 / 30, 200 / 9, 89.96), false);
  expect([synthesis_error_rate, rtf, cpu_percent]).toEqual([0.0333, 22.22, 90]);
  expect(checks.map(({ value }) => value)).toEqual([0.0333, 22.22, 90]);
  expect(checks.map(({ state }) => state)).toEqual(['ok', 'ok', 'failing']);
});
