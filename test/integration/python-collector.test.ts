import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { NO_HOST_RULES } from '../harness/alerts.js';
import { HubProcess, ROOT } from '../harness/hub.js';
import { describeWith } from '../harness/program.js';

const PYTHON = 'python3';
const RECENT = ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'];

type Row = Record<string, number | string | null>;

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
  readonly ms: number;
}

/** Runs Python with the example's modules; what it printed. */
async function python(args: readonly string[], hubUrl: string): Promise<Ended> {
  const startedAt = performance.now();
  const child = spawn(PYTHON, args, {
    env: {
      ...process.env,
      PYTHONPATH: `${ROOT}examples/python`,
      PYTHONDONTWRITEBYTECODE: '1',
      AURALIS_HUB_URL: hubUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output, errors, ms: performance.now() - startedAt };
}

const inline = (script: string, hubUrl: string) => python(['-c', script], hubUrl);

describeWith(PYTHON, 'the spec’s collector in Python', collector, RECENT);

function collector(): void {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--config', NO_HOST_RULES]);
  });
  afterAll(async () => {
    await hub.stop();
  });

  test('what an engine records is what the hub shows, sent before it ends', async () => {
    const { code, output, errors } = await python([`${ROOT}test/harness/python-engine.py`], hub.url);
    expect([code, errors]).toEqual([0, expect.stringContaining('Synthesis end recorded without start')]);
    const told = JSON.parse(output) as {
      successes: number;
      failures: number;
      latencyMs: number;
      realTimeFactor: number;
      stats: Row;
      prometheus: string;
      hub: number;
    };
    expect([told.successes, told.failures, told.hub]).toEqual([6, 1, 0]);
    const row = await hub.get<Row>('/api/v1/engines/main');
    expect(row).toMatchObject({
      phrases_generated: 6,
      synthesis_errors: 1,
      syntheses_pending: 0,
      syntheses_unpaired: 0,
      chunks_sent: 1234,
      chunks_dropped: 7,
      active_clients: 5,
      ring_buffer_depth_ms: 310,
      phrase_queue_depth: 1,
      phrase_queue_underruns: 1,
      events_refused: 0,
    });
    expect(row.synthesis_latency_ms).toBeCloseTo(told.latencyMs, 0);
    expect(row.real_time_factor).toBeCloseTo(told.realTimeFactor, 1);
    expect(row.process_memory_mb as number).toBeGreaterThan(1);
    const summary = await hub.get<Row>('/api/v1/metrics');
    expect(summary).toMatchObject({
      total_phrases_generated: 6,
      total_synthesis_errors: 1,
      total_chunks_sent: 1234,
      total_chunks_dropped: 7,
      current_active_clients: 5,
    });
    // The collector's own summary is the same.
    for (const key of [
      'total_phrases_generated',
      'total_synthesis_errors',
      'total_chunks_sent',
      'total_chunks_dropped',
      'current_active_clients',
    ]) {
      expect([key, told.stats[key]]).toEqual([key, summary[key]]);
    }
    expect(told.stats.synthesis_error_rate).toBeCloseTo(1 / 7, 6);
    expect(told.stats.chunk_drop_rate).toBeCloseTo(7 / 1241, 6);
    expect(told.stats.avg_synthesis_latency_ms).toBeCloseTo(told.latencyMs, 6);
    expect(told.prometheus).toContain('\nauralis_chunks_sent_total 1234\n');
    expect(told.prometheus.endsWith('auralis_chunks_dropped_total 7\n')).toBe(true);
    const { items } = await hub.get<{ items: Row[] }>('/api/v1/alerts');
    expect(items.map(({ severity, title, stream, state }) => [severity, title, stream, state]).sort()).toEqual([
      ['critical', 'GPU memory', 'main', 'resolved'],
      ['error', 'High Synthesis Error Rate', 'main', 'firing'],
      ['info', 'x'.repeat(200), 'main', 'firing'],
      ['warning', 'Slow disk', 'main', 'resolved'],
    ]);
  }, 30_000);

  test('without a hub it records all the same, waits for nobody, and ends within its two seconds', async () => {
    const script = `
import time
from auralis.monitoring.metrics import metrics_collector
from auralis.monitoring.hub import default_hub
slowest = 0
for _ in range(12_000):
    started = time.perf_counter()
    metrics_collector.record_synthesis_start()
    metrics_collector.record_synthesis_end()
    slowest = max(slowest, time.perf_counter() - started)
print(metrics_collector.total_phrases_generated, default_hub().dropped, slowest < 1)
`;
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const { code, output, errors } = await inline(script, `http://127.0.0.1:${port}`);
    // 10,000 of 24,000 events wait; a thousand may be on their way.
    const [phrases, dropped, isQuick] = output.trim().split(' ');
    expect([code, phrases, isQuick]).toEqual([0, '12000', 'True']);
    expect(errors.split('\n')).toEqual([expect.stringContaining(`no hub at http://127.0.0.1:${port}: `), '']);
    expect(Number(dropped)).toBeGreaterThanOrEqual(13_000);
    expect(Number(dropped)).toBeLessThanOrEqual(14_000);
  }, 30_000);

  test('a hub that was away gets what waited, once it is back', async () => {
    let fails = 2;
    const bodies: { type: string; id: string }[][] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (fails-- > 0) response.writeHead(503).end();
        else {
          bodies.push(JSON.parse(body));
          response.writeHead(202, { 'content-type': 'application/json' }).end('{"accepted":1,"refused":0,"errors":[]}');
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const script = `
from fractions import Fraction
from auralis.monitoring.hub import Hub
hub = Hub(interval_s=0.05)
for number in range(5):
    hub.event({"type": "queue", "depth": number})
hub.latest({"type": "buffer", "depthMs": 1})
hub.latest({"type": "buffer", "depthMs": float("nan")})
hub.latest({"type": "clients", "active": Fraction(4, 2)})
hub.latest({"type": "other", "of": object})
print(hub.flush(5), hub.dropped, hub.refused)
`;
    const { output, errors } = await inline(script, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await new Promise((resolve) => server.close(resolve));
    const waits = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ answered 503; events wait\n$/);
    expect([output.trim(), errors]).toEqual(['True 0 0', waits]);
    expect(bodies.flat()).toEqual([
      ...[0, 1, 2, 3, 4].map((depth) => ({ type: 'queue', depth })),
      { type: 'buffer', depthMs: null },
      { type: 'clients', active: 2 },
      { type: 'other', of: "<class 'object'>" },
    ]);
  }, 30_000);

  test.each([
    ['AURALIS_HUB_URL', 'nowhere', "AURALIS_HUB_URL: a URL like http://127.0.0.1:8000, not 'nowhere'"],
    ['AURALIS_STREAM', 'my stream', "AURALIS_STREAM: 1 to 64 of A-Z a-z 0-9 . _ -, not 'my stream'"],
  ])('goes on with a wrong %s, says so once and counts', async (name, value, problem) => {
    const script = `
import os
os.environ[${JSON.stringify(name)}] = ${JSON.stringify(value)}
from auralis.monitoring.hub import default_hub
from auralis.monitoring.metrics import metrics_collector
for _ in range(3):
    metrics_collector.record_synthesis_start()
print(default_hub().dropped)
`;
    const { code, output, errors } = await inline(script, hub.url);
    expect([code, output.trim(), errors.trim()]).toEqual([0, '3', `nothing is sent. ${problem}`]);
  });

  test('says once what refuses it, and counts: a server that is no hub', async () => {
    const server = createServer((_, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const script = `
from auralis.monitoring.hub import Hub
hub = Hub(interval_s=0.02)
for number in range(3):
    hub.event({"type": "queue", "depth": number})
    hub.flush(5)
print(hub.refused)
`;
    const { output, errors } = await inline(script, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await new Promise((resolve) => server.close(resolve));
    expect([output.trim(), errors]).toEqual([
      '3',
      expect.stringMatching(/^[^\n]*is no hub: it answered 200 without JSON\n$/),
    ]);
  });

  test('has the spec’s names and signatures', async () => {
    const script = `
import inspect
from auralis.monitoring import alerts, metrics
for owner, name in [(metrics.MetricsCollector, n) for n in ("__init__", "record_synthesis_start", "record_synthesis_end",
        "record_chunk_sent", "record_chunk_dropped", "take_snapshot", "get_summary_stats", "export_prometheus")] + [
        (alerts.AlertManager, "__init__"), (alerts.AlertManager, "send_alert")]:
    print(owner.__name__, name, [p.name for p in inspect.signature(getattr(owner, name)).parameters.values()
                                 if p.kind is p.POSITIONAL_OR_KEYWORD][1:])
print([f.name for f in metrics.MetricsSnapshot.__dataclass_fields__.values()])
print([s.value for s in alerts.AlertSeverity], metrics.metrics_collector.history.maxlen)
`;
    const { output, errors } = await inline(script, hub.url);
    expect(errors).toBe('');
    expect(output.trim().split('\n')).toEqual([
      "MetricsCollector __init__ ['history_size']",
      'MetricsCollector record_synthesis_start []',
      "MetricsCollector record_synthesis_end ['success', 'phrase_duration_sec']",
      'MetricsCollector record_chunk_sent []',
      'MetricsCollector record_chunk_dropped []',
      "MetricsCollector take_snapshot ['buffer_depth_ms', 'active_clients', 'phrase_queue_depth']",
      'MetricsCollector get_summary_stats []',
      'MetricsCollector export_prometheus []',
      "AlertManager __init__ ['webhook_url']",
      "AlertManager send_alert ['severity', 'title', 'message']",
      "['timestamp', 'synthesis_latency_ms', 'real_time_factor', 'buffer_depth_ms', 'active_clients', 'phrase_queue_depth', 'cpu_percent', 'memory_mb', 'chunks_sent', 'chunks_dropped']",
      "['info', 'warning', 'error', 'critical'] 1000",
    ]);
  });
}
