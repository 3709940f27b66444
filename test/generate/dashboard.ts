import { RANKINGS } from '@auralis/server/prometheus/listener-census';
import { BUFFER_FAMILY, LATENCY_FAMILY } from '@auralis/server/prometheus/listener-histograms';
import { boundIn, type ColumnFamily, ROW_LABEL, seriesOf, TABLE_FAMILIES } from '@auralis/server/prometheus/naming';
import { type Column, SCHEMAS } from '@auralis/shared';
import { type Draft, dashboardOf, labelVariable, type RowDraft } from './grafana.js';
import { SPECIFIED } from './metrics-table.js';

/** Grafana's names of our units. */
const UNITS: Readonly<Record<string, string>> = {
  seconds: 's',
  bytes: 'bytes',
  bytes_per_second: 'Bps',
  ratio: 'percentunit',
  decibels: 'dB',
  celsius: 'celsius',
  watts: 'watt',
  hertz: 'hertz',
};
const UNMARKED = [{ color: 'green', value: null }];

/**
 * The dashboard for Grafana: what fires, the specification's metrics, then listeners and every column of every table.
 */
export function grafanaDashboard(): string {
  const rows: RowDraft[] = [
    ['At a glance', [alertsPanel(), listenersBy('status'), listenersBy('status_reason')]],
    [
      'Monitoring specification',
      SPECIFIED.flatMap(([, metrics]) =>
        metrics.flatMap(({ metric, places }) =>
          places.flatMap(panelOfPlace).map((draft) => ({ ...draft, title: `${metric} (${draft.title})` })),
        ),
      ),
    ],
    ['Listeners', listenerPanels()],
  ];
  for (const name of Object.keys(ROW_LABEL) as (keyof typeof ROW_LABEL)[]) {
    rows.push([`All of ${name}`, TABLE_FAMILIES[name].filter(isDrawn).map(columnPanel)]);
  }
  const dashboard = dashboardOf('Auralis Hub', rows, [
    labelVariable('instance', 'auralis_hub_info'),
    labelVariable('stream', `${seriesOf(streamOf('active_connections'))}{instance=~"$instance"}`),
  ]);
  // A line for each panel: what changed in one shows as one line.
  return `${JSON.stringify(dashboard).replaceAll('{"id":', '\n{"id":')}\n`;
}

const isDrawn = ({ column }: ColumnFamily) => column.unit !== 'epoch_s';

function streamOf(name: string): ColumnFamily {
  return TABLE_FAMILIES.streams.find(({ column }) => column.name === name) as ColumnFamily;
}

/** The panel of `table.column`: of a listener's figure, the worst. */
function panelOfPlace(place: string): Draft[] {
  const [table = '', name] = place.split('.');
  if (table === 'connections') {
    return RANKINGS.filter(({ family }) => family.column.name === name).map(rankingPanel);
  }
  const family = TABLE_FAMILIES[table as keyof typeof TABLE_FAMILIES].find(({ column }) => column.name === name);
  if (family === undefined) throw new Error(`there is no column ${place}`);
  return [columnPanel(family)];
}

function columnPanel(family: ColumnFamily): Draft {
  const { column } = family;
  const label = ROW_LABEL[column.table as keyof typeof ROW_LABEL];
  const stream = label === 'stream' ? ',stream=~"$stream"' : '';
  const series = `${seriesOf(family)}{instance=~"$instance"${stream}}`;
  const isCounter = column.counter === true;
  return {
    title: `${column.table}.${column.name}${isCounter ? ', a second' : ''}`,
    description: column.help,
    unit: isCounter ? rateUnitOf(family) : (UNITS[family.unit ?? ''] ?? 'short'),
    // A counter's threshold is for how much it rises in some time, and not for its rate.
    steps: isCounter ? UNMARKED : stepsOf(family),
    ...(column.labels === undefined ? {} : { labels: column.labels }),
    queries: [{ expr: isCounter ? `rate(${series}[$__rate_interval])` : series, legend: `{{instance}} {{${label}}}` }],
  };
}

/** Rise of a counter in a second: seconds in a second are a number. */
function rateUnitOf({ unit }: ColumnFamily): string {
  if (unit === 'bytes') return 'Bps';
  return unit === null ? 'cps' : 'short';
}

function rankingPanel({ family, end }: (typeof RANKINGS)[number]): Draft {
  return {
    title: `connections.${family.column.name}, the five ${end}`,
    description: family.column.help,
    unit: UNITS[family.unit ?? ''] ?? 'short',
    steps: stepsOf(family),
    queries: [
      { expr: `${seriesOf(family)}{instance=~"$instance",end="${end}"}`, legend: '{{instance}} {{rank}} {{listener}}' },
    ],
  };
}

function listenerPanels(): Draft[] {
  const quantiles = [LATENCY_FAMILY, BUFFER_FAMILY].map(
    ({ name, help }): Draft => ({
      title: name.replace('auralis_', '').replace('_seconds', ''),
      description: help,
      unit: 's',
      steps: UNMARKED,
      queries: [0.05, 0.5, 0.95, 0.99].map((q) => ({
        expr: `histogram_quantile(${q}, sum by (le, stream) (rate(${name}_bucket{instance=~"$instance",stream=~"$stream"}[$__rate_interval])))`,
        legend: `{{stream}} p${q * 100}`,
      })),
    }),
  );
  const counts = SCHEMAS.connections.columns
    .filter(({ labels }) => labels !== undefined)
    .map(({ name }) => listenersBy(name));
  return [...quantiles, ...RANKINGS.map(rankingPanel), ...counts];
}

/** How many listeners are in each state of a column that has labels. */
function listenersBy(name: string): Draft {
  return {
    title: `Listeners by ${name}`,
    description: SCHEMAS.connections.columns.find((column) => column.name === name)?.help ?? '',
    unit: 'short',
    steps: UNMARKED,
    queries: [{ expr: `auralis_listeners_by_${name}{instance=~"$instance"}`, legend: `{{instance}} {{${name}}}` }],
  };
}

const FIRING = 'sum by (instance, rule, severity) (auralis_alerts{instance=~"$instance",state="firing"})';
const HUBS = 'auralis_hub_info{instance=~"$instance"}';

function alertsPanel(): Draft {
  return {
    title: 'Alerts that fire',
    description: 'Alerts of the hub itself, by rule and severity',
    unit: 'short',
    steps: UNMARKED,
    // Where nothing fires a line at 0 says so: an empty panel would look like a hub that is not scraped.
    queries: [{ expr: `${FIRING} or on (instance) 0 * ${HUBS}`, legend: '{{instance}} {{rule}} {{severity}}' }],
  };
}

/** Colours by target and threshold. */
function stepsOf(family: ColumnFamily): Draft['steps'] {
  const { target, alert }: Pick<Column, 'target' | 'alert'> = family.column;
  const at = (bound: number | undefined) => (bound === undefined ? undefined : boundIn(family, bound));
  // A colour holds from its step on, and a bound itself is within: the next reading that there can be is not.
  const beyond = (bound: number | undefined) =>
    bound === undefined ? undefined : Number(boundIn(family, bound + 10 ** -family.column.scale).toPrecision(9));
  const edges: { color: string; value: number | undefined }[] = [
    { color: 'yellow', value: at(alert?.min) },
    { color: 'green', value: at(target?.min) },
    { color: 'yellow', value: beyond(target?.max) },
    { color: 'red', value: beyond(alert?.max) },
  ];
  const known = edges.filter((edge): edge is { color: string; value: number } => edge.value !== undefined);
  const lowest = alert?.min !== undefined ? 'red' : target?.min !== undefined ? 'yellow' : 'green';
  // Two bounds at one place: the worse colour is what holds from there on.
  const distinct = known.filter(({ value }, index) => known[index + 1]?.value !== value);
  return [{ color: lowest, value: null }, ...distinct];
}
