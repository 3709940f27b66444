import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_IN_RULES } from '@auralis/server/alerts/built-in-rules';
import { COLUMNS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { SPECIFIED } from '../../generate/metrics-table.js';
import { committed, OUTPUTS, pathOf } from '../../generate/outputs.js';
import { ROOT } from '../../harness/hub.js';
import { describeWith, runProgram } from '../../harness/program.js';

test.each(OUTPUTS.map((output) => [output.path, output] as const))(
  '%s is what `pnpm generate` gives',
  (path, output) => {
    expect(committed(path)).toBe(output.text());
  },
);

test('the README has the eighteen metrics of the specification, docs/metrics.md every column', () => {
  expect(SPECIFIED.flatMap(([, metrics]) => metrics)).toHaveLength(18);
  const tables = committed('docs/metrics.md').split('\n## ').slice(1);
  const rows = tables.flatMap((table) => table.split('\n')).filter((line) => line.startsWith('| `'));
  expect(rows.map((row) => row.split('`')[1])).toEqual(COLUMNS.map(({ name }) => name));
});

test('every built-in rule has one in Prometheus, but for those that it names as missing', () => {
  const text = committed('deploy/prometheus-rules.yml');
  const missing = /^# Not here, .*: (.*)\.$/m.exec(text)?.[1]?.split(', ') ?? [];
  expect(text.match(/alert: /g)).toHaveLength(1 + BUILT_IN_RULES.length - missing.length);
});

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly panels?: readonly Panel[];
}

function labelsOf(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;
}

function expressionsOf({ panels = [], targets = [] }: Pick<Panel, 'panels' | 'targets'>): string[] {
  return [...targets.map(({ expr }) => expr), ...panels.flatMap(expressionsOf)];
}

describeWith('promtool', 'deploy/, by promtool', () => {
  const inFolder = (files: Record<string, string>, run: (folder: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), 'auralis-deploy-'));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      run(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('rules and scrape config are sound', () => {
    expect(runProgram('promtool', ['check', 'rules', pathOf('deploy/prometheus-rules.yml')])).toMatchObject({
      status: 0,
    });
    expect(runProgram('promtool', ['check', 'config', pathOf('deploy/prometheus.yml')])).toMatchObject({ status: 0 });
  });

  test('every query of the dashboard is PromQL', () => {
    const dashboard = JSON.parse(committed('deploy/grafana-dashboard.json')) as Panel;
    const queries = expressionsOf(dashboard);
    expect(queries.length).toBeGreaterThan(100);
    const rules = queries.map((expr, at) => ({
      record: `query:${at}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*'),
    }));
    inFolder({ 'rules.yml': stringify({ groups: [{ name: 'dashboard', rules }] }) }, (folder) => {
      expect(runProgram('promtool', ['check', 'rules', join(folder, 'rules.yml')])).toMatchObject({ status: 0 });
    });
  });

  test('the rules fire when they should, and not otherwise', () => {
    const on = '{job="auralis-hub",instance="hub"';
    const firing = (alertname: string, labels: Record<string, string>) => ({
      labels: labelsOf('ALERTS', { alertname, alertstate: 'firing', job: 'auralis-hub', instance: 'hub', ...labels }),
      value: 1,
    });
    const tests = {
      rule_files: [`${ROOT}deploy/prometheus-rules.yml`],
      evaluation_interval: '10s',
      tests: [
        {
          interval: '10s',
          input_series: [
            // A slow stream, one that nobody publishes to, and one whose engine has gone while it had listeners.
            { series: `auralis_stream_audio_rate${on},stream="slow"}`, values: '0.79x18' },
            { series: `auralis_stream_publishing${on},stream="slow"}`, values: '1x18' },
            { series: `auralis_stream_audio_rate${on},stream="idle"}`, values: '0x18' },
            { series: `auralis_stream_publishing${on},stream="idle"}`, values: '0x18' },
            { series: `auralis_stream_active_connections${on},stream="gone"}`, values: '500x18' },
            {
              series: `auralis_stream_engine_offline_since_timestamp_seconds${on},stream="gone"}`,
              values: '1700000000x18',
            },
            { series: `auralis_hub_refused_at_capacity_total${on},hub="a"}`, values: '0x15 1x3' },
            { series: `auralis_hub_errors_total${on},hub="a"}`, values: '3x18' },
            { series: `auralis_gpu_memory_used_bytes${on},gpu="g"}`, values: '6442450944x18' },
            { series: `auralis_engine_gpu_memory_bytes${on},stream="slow"}`, values: '7000000000x18' },
            // Listeners past the threshold have names and change ranks; listeners that are ok have none.
            ...[
              { rank: '1', values: '0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501' },
              { rank: '2', values: '_ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _ 0.501 _' },
            ].map(({ rank, values }) => ({
              series: `auralis_worst_listener_latency_seconds${on},end="highest",rank="${rank}",stream="slow",listener="anna"}`,
              values: values.replaceAll('_', 'stale'),
            })),
            { series: `auralis_worst_listener_latency_seconds${on},end="highest",rank="3"}`, values: '0.5x18' },
            // A stream that starves is told once, not for each of its listeners.
            {
              series: `auralis_worst_listener_buffer_depth_seconds${on},end="lowest",rank="1",stream="slow",listener="anna"}`,
              values: '0.01x18',
            },
            {
              series: `auralis_worst_listener_buffer_depth_seconds${on},end="highest",rank="1",stream="tv",listener="tv~hls"}`,
              values: '34x18',
            },
            { series: `up${on}}`, values: '0x18' },
          ],
          alert_rule_test: [
            {
              alertname: 'AuralisListenerLatency',
              eval_time: '3m',
              exp_alerts: [
                {
                  exp_labels: {
                    job: 'auralis-hub',
                    instance: 'hub',
                    severity: 'warning',
                    stream: 'slow',
                    listener: 'anna',
                  },
                  exp_annotations: {
                    summary: 'Listener latency high',
                    description:
                      'Mean age of a chunk on arrival, as the listener says (avgLatencyMs) (anna of stream slow): 501ms',
                  },
                },
              ],
            },
          ],
          promql_expr_test: [
            {
              expr: 'ALERTS{alertstate="firing"}',
              eval_time: '3m',
              // No other: not at a threshold, and not by the engine's own word beside a GPU that is read.
              exp_samples: [
                firing('AuralisStreamChunkRate', { severity: 'error', stream: 'slow' }),
                firing('AuralisEngineOffline', { severity: 'critical', stream: 'gone' }),
                firing('AuralisHubRefusals', { severity: 'error', hub: 'a' }),
                firing('AuralisListenerLatency', { severity: 'warning', stream: 'slow', listener: 'anna' }),
                firing('AuralisHubDown', { severity: 'critical' }),
              ],
            },
          ],
        },
      ],
    };
    inFolder({ 'tests.yml': stringify(tests) }, (folder) => {
      const { status, said } = runProgram('promtool', ['test', 'rules', join(folder, 'tests.yml')]);
      expect([status, said]).toEqual([0, expect.stringContaining('SUCCESS')]);
    });
  });
});

describeWith('amtool', 'deploy/, by amtool', () => {
  test('the example for Alertmanager is sound', () => {
    expect(runProgram('amtool', ['check-config', pathOf('deploy/alertmanager.yml')])).toMatchObject({ status: 0 });
  });
});

describe('the dashboard', () => {
  test('has a panel for every column of the tables that Prometheus has by row', () => {
    const dashboard = JSON.parse(committed('deploy/grafana-dashboard.json')) as Panel;
    const titles = new Set(
      (dashboard.panels ?? []).flatMap(({ panels = [] }) => panels.map(({ title }) => title.split(',')[0])),
    );
    for (const { table, name, unit } of COLUMNS) {
      if (table !== 'connections' && table !== 'alerts' && unit !== 'epoch_s')
        expect(titles).toContain(`${table}.${name}`);
    }
  });
});
