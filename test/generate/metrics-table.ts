import { isRanked } from '@auralis/server/prometheus/listener-census';
import { MAX_NAMED_STREAMS, OTHER } from '@auralis/server/prometheus/named-streams';
import { familyOf, ROW_LABEL, seriesOf } from '@auralis/server/prometheus/naming';
import { ABBREVIATED } from '@auralis/server/prometheus/spec-lines';
import { type Bounds, COLUMNS, type Column, SCHEMAS, TABLE_NAMES, type TableName } from '@auralis/shared';

interface SpecifiedMetric {
  readonly metric: string;
  /** Where it is read, `table.column`; unit, target and threshold are those of the first. */
  readonly places: readonly string[];
  readonly source: string;
  /** In place of the bounds of its columns. */
  readonly says?: { readonly target: string; readonly alert: string };
}

const SYNTHESIS = 'events `synthesis…` of the engine';

/** Section 1 of the monitoring specification, in its order. */
export const SPECIFIED: readonly (readonly [section: string, readonly SpecifiedMetric[]])[] = [
  [
    'Synthesis',
    [
      { metric: 'Synthesis latency', places: ['engines.synthesis_latency_ms'], source: SYNTHESIS },
      { metric: 'Real-time factor', places: ['engines.real_time_factor'], source: SYNTHESIS },
      { metric: 'Synthesis failure rate', places: ['engines.synthesis_failure_rate'], source: SYNTHESIS },
      {
        metric: 'GPU memory',
        places: ['gpus.memory_used_mb', 'engines.gpu_memory_mb'],
        source: '`nvidia-smi`; what the engine says',
      },
      {
        metric: 'Audio quality (peak)',
        places: ['engines.peak_amplitude_db'],
        source: `${SYNTHESIS}; measured by the hub in PCM that it relays`,
      },
    ],
  ],
  [
    'Streaming',
    [
      {
        metric: 'Buffer depth',
        places: ['connections.buffer_depth_ms', 'engines.ring_buffer_depth_ms'],
        source: 'reports of listeners; event `buffer`',
      },
      {
        metric: 'Chunk send rate',
        places: ['streams.chunk_send_rate', 'connections.chunk_send_rate'],
        source:
          'counted as the hub sends. The alert fires when less than 0.8 s of audio a second is sent (`audio_rate`), which is 8 chunks of 100 ms',
      },
      {
        metric: 'WebSocket latency',
        places: ['connections.latency_ms', 'connections.rtt_ms'],
        source: "reports of listeners whose clock is synced; the hub's own ping",
      },
      {
        metric: 'Dropped chunks',
        places: ['streams.dropped_per_min', 'connections.dropped_per_min'],
        source: 'counted as the hub sends',
      },
      {
        metric: 'Active connections',
        places: ['hubs.active_connections', 'hubs.refused_at_capacity'],
        source: 'counted by the hub, up to `--max-clients`',
        // The bounds that its columns have are of refusals, and not of how many are here.
        says: { target: '', alert: 'any refused' },
      },
    ],
  ],
  [
    'Generation',
    [
      { metric: 'Phrase generation time', places: ['engines.phrase_generation_ms'], source: 'event `phrase`' },
      { metric: 'Phrase queue depth', places: ['engines.phrase_queue_depth'], source: 'event `queue`' },
      { metric: 'Generation failures', places: ['engines.generation_failures_per_hour'], source: 'event `phrase`' },
      { metric: 'Average notes per phrase', places: ['engines.notes_per_phrase'], source: 'event `phrase`' },
    ],
  ],
  [
    'System',
    [
      { metric: 'CPU', places: ['hosts.cpu_percent'], source: 'the host, `/proc` on Linux' },
      {
        metric: 'Memory',
        places: ['engines.process_memory_mb', 'hosts.process_memory_mb'],
        source: "event `process`; the hub's own process",
      },
      { metric: 'Disk I/O', places: ['hosts.disk_mb_s'], source: 'the host, `/proc` on Linux' },
      {
        metric: 'Network bandwidth',
        places: ['hosts.network_mbps', 'hosts.network_mbps_per_client'],
        source: 'the host, `/proc` on Linux',
      },
    ],
  ],
];

/** Description of a table's rows, and the source of its figures. */
const ABOUT: Readonly<Record<TableName, string>> = {
  hubs: 'The hub itself: one row, which it counts and measures by itself.',
  streams: 'A row for each stream, from what the hub sends and from its listeners.',
  connections:
    'A row for each listener: what the hub counts as it sends, what the listener reports (`client_metrics`, `POST …/reports`, CMCD), and what the hub makes of both. Prometheus has the worst five of a figure (with stream and listener if it is past its threshold), the number of listeners in each state, and histograms of latency and buffer depth; never a series for each listener.',
  engines: 'A row for each engine, by the name of its stream, from its events and from the audio that passes.',
  hosts: 'The host that the hub runs on, once a second.',
  gpus: 'A row for each GPU that `nvidia-smi` knows.',
  alerts:
    'A row for each alert. Prometheus has `auralis_alerts` and `auralis_alert_rows`, by rule, severity and state.',
};

/** The table of the README: the metrics of the specification. */
export function specifiedMetrics(): string {
  const rows = SPECIFIED.flatMap(([section, metrics]) =>
    metrics.map(({ metric, places, source, says }, at) => {
      const columns = places.map(columnOf);
      const [first] = columns as [Column];
      const targets = says?.target ?? distinct(columns.map(({ target, unit }) => bounds(target, unit, 'target')));
      const alerts = says?.alert ?? distinct(columns.map(({ alert, unit }) => bounds(alert, unit, 'alert')));
      const name = at === 0 ? `**${section}**` : '';
      return [name, metric, unitOf(first), targets, alerts, places.map((place) => `\`${place}\``).join(', '), source];
    }),
  );
  return table(['', 'metric', 'unit', 'target', 'alert', 'where', 'from'], rows);
}

/** The page of all metrics. */
export function allMetrics(): string {
  const sections = TABLE_NAMES.map((name) => {
    const rows = SCHEMAS[name].columns.map((column) => [
      `\`${column.name}\``,
      unitOf(column),
      bounds(column.target, column.unit, 'target'),
      bounds(column.alert, column.unit, 'alert'),
      prometheusOf(column),
      column.labels === undefined ? column.help : `${column.help} (${column.labels.join(', ')})`,
    ]);
    const header = ['column', 'unit', 'target', 'alert', 'Prometheus', 'what it is'];
    return `## \`${name}\`\n\n${ABOUT[name]}\n\n${table(header, rows)}`;
  });
  const abbreviated = ABBREVIATED.map(({ family, base }) => [`\`${family.name}\``, `\`${base.family.name}\``]);
  return `# Metrics

<!-- Generated from the catalogue, shared/src/columns/: run \`npx -y pnpm@12.21.0 generate\`. -->

Every figure of the hub, by table, as REST (\`/api/v1/<table>\`), the live protocol and alert rules name it. A target is where it
should be, both ends included; it alerts beyond the threshold. What nobody has reported is missing, and never 0. REST writes times
as ISO 8601. The [README](../README.md#what-it-measures) has the metrics of the monitoring specification.

For Prometheus, \`/metrics\` begins with the lines of the specification, and goes on with the names below, in base units; it passes
\`promtool check metrics\`. Three names of the specification do not, so they are in base units there, and as it has them only on
\`/api/v1/metrics/prometheus\`, which is the same page otherwise:

${table(['specification', 'on both pages'], abbreviated)}

Of streams ${MAX_NAMED_STREAMS} have lines of their own, those with an engine first, then those with the most listeners; of the others, counters and
numbers of listeners are added up under \`stream="${OTHER}"\`. What nobody has reported is absent.

${sections.join('\n\n')}
`;
}

function prometheusOf(column: Column): string {
  if (column.table in ROW_LABEL) return `\`${seriesOf(familyOf(column))}\``;
  if (column.table !== 'connections') return '';
  if (column.labels !== undefined) return `\`auralis_listeners_by_${column.name}\``;
  return isRanked(column) ? `\`${seriesOf(familyOf(column))}\`` : '';
}

function unitOf({ unit }: Column): string {
  if (unit === 'enum') return '';
  return unit === 'epoch_s' ? 's since 1970' : unit;
}

function bounds({ min, max }: Bounds = {}, unit: Column['unit'], what: 'target' | 'alert'): string {
  const show = (value: number) => (unit === 'ratio' ? `${value * 100} %` : value.toLocaleString('en-GB'));
  const isTarget = what === 'target';
  if (isTarget && min !== undefined && max !== undefined) return `${show(min)} to ${show(max)}`;
  const ends: string[] = [];
  if (min !== undefined) ends.push(isTarget ? `≥ ${show(min)}` : `< ${show(min)}`);
  if (max !== undefined) ends.push(isTarget ? (max === 0 ? '0' : `≤ ${show(max)}`) : `> ${show(max)}`);
  return ends.join(' or ');
}

const distinct = (texts: readonly string[]) => [...new Set(texts)].filter((text) => text !== '').join('; ');

function columnOf(place: string): Column {
  const found = COLUMNS.find((column) => `${column.table}.${column.name}` === place);
  if (found === undefined) throw new Error(`there is no column ${place}`);
  return found;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
