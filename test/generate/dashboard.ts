import { RANKINGS } from '@auralis/server/prometheus/listener-census';
import { BUFFER_FAMILY, LATENCY_FAMILY } from '@auralis/server/prometheus/listener-histograms';
import { boundIn, type ColumnFamily, ROW_LABEL, seriesOf, TABLE_FAMILIES } from '@auralis/server/prometheus/naming';
import { type Column, SCHEMAS } from '@auralis/shared';
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
const WIDTH = 8;
const HEIGHT = 7;
const COLUMNS_OF_GRID = 24 / WIDTH;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** A panel, before it has a place. */
interface Draft {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly steps: readonly { readonly color: string; readonly value: number | null }[];
  readonly queries: readonly Query[];
}

/** The dashboard for Grafana: what fires, the specification's metrics, then listeners and every column of every table. */
export function grafanaDashboard(): string {
  const rows: [title: string, drafts: readonly Draft[]][] = [
    ['At a glance', [alertsPanel(), listenersBy('health'), listenersBy('health_reason')]],
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
  const dashboard = {
    title: 'Auralis Hub',
    uid: 'auralis-hub',
    tags: ['auralis'],
    schemaVersion: 38,
    version: 1,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        datasourceVariable(),
        variable('instance', 'auralis_hub_info'),
        variable('stream', `${seriesOf(streamOf('active_connections'))}{instance=~"$instance"}`),
      ],
    },
    panels: placed(rows),
  };
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
    steps: isCounter ? [{ color: 'green', value: null }] : stepsOf(family),
    queries: [{ expr: isCounter ? `rate(${series}[$__rate_interval])` : series, legend: `{{instance}} {{${label}}}` }],
  };
}

/** Of how much a counter rises in a second: seconds in a second are a number. */
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
    queries: [{ expr: `${seriesOf(family)}{instance=~"$instance",end="${end}"}`, legend: '{{instance}} {{rank}}' }],
  };
}

function listenerPanels(): Draft[] {
  const quantiles = [LATENCY_FAMILY, BUFFER_FAMILY].map(
    ({ name, help }): Draft => ({
      title: name.replace('auralis_', '').replace('_seconds', ''),
      description: help,
      unit: 's',
      steps: [{ color: 'green', value: null }],
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
    steps: [{ color: 'green', value: null }],
    queries: [{ expr: `auralis_listeners_by_${name}{instance=~"$instance"}`, legend: `{{instance}} {{${name}}}` }],
  };
}

function alertsPanel(): Draft {
  return {
    title: 'Alerts that fire',
    description: 'Alerts of the hub itself, by rule and severity',
    unit: 'short',
    steps: [{ color: 'green', value: null }],
    queries: [
      {
        expr: 'sum by (instance, rule, severity) (auralis_alerts{instance=~"$instance",state="firing"})',
        legend: '{{instance}} {{rule}} {{severity}}',
      },
    ],
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

const OPEN_ROWS = 2;

/** The first rows stand open, the others are folded until they are asked for. */
function placed(rows: readonly (readonly [string, readonly Draft[]])[]): object[] {
  const panels: object[] = [];
  let id = 1;
  let y = 0;
  for (const [index, [title, drafts]] of rows.entries()) {
    const isFolded = index >= OPEN_ROWS;
    const row = { id: id++, type: 'row', title, collapsed: isFolded, gridPos: { h: 1, w: 24, x: 0, y: y++ } };
    const inside = drafts.map((draft, at) => panelOf(draft, id++, at, y));
    if (isFolded) panels.push({ ...row, panels: inside });
    else panels.push({ ...row, panels: [] }, ...inside);
    if (!isFolded) y += Math.ceil(drafts.length / COLUMNS_OF_GRID) * HEIGHT;
  }
  return panels;
}

function panelOf({ title, description, unit, steps, queries }: Draft, id: number, at: number, top: number): object {
  const gridPos = {
    h: HEIGHT,
    w: WIDTH,
    x: (at % COLUMNS_OF_GRID) * WIDTH,
    y: top + Math.floor(at / COLUMNS_OF_GRID) * HEIGHT,
  };
  const isMarked = steps.length > 1;
  return {
    id,
    type: 'timeseries',
    title,
    description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        custom: { spanNulls: false, thresholdsStyle: { mode: isMarked ? 'dashed' : 'off' } },
        thresholds: { mode: 'absolute', steps },
      },
      overrides: [],
    },
    options: {
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: queries.map(({ expr, legend }, number) => ({
      refId: String.fromCharCode(65 + number),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

function datasourceVariable(): object {
  return { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' };
}

function variable(name: string, series: string): object {
  return {
    name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: `label_values(${series}, ${name})`, refId: name },
    definition: `label_values(${series}, ${name})`,
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
  };
}
