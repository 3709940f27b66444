import {
  type Dashboard,
  DashboardCursorSync,
  FieldColorModeId,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  MappingType,
  type Panel,
  type RowPanel,
  SortOrder,
  type Threshold,
  ThresholdsMode,
  TooltipDisplayMode,
  type ValueMapping,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/schema';
import type {
  FieldConfig,
  Options,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/**
 * Grafana 10 and later read this version of the JSON model; a later Grafana brings it up to its own when it loads it.
 */
const SCHEMA_VERSION = 38;
const WIDTH = 8;
const HEIGHT = 7;
const COLUMNS_OF_GRID = 24 / WIDTH;
/** The first rows stand open, the others are folded until they are asked for. */
const OPEN_ROWS = 2;
/**
 * The variable below: a dashboard with `__inputs` instead asks when it is imported, and cannot be provisioned from a
 * file.
 */
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** A panel, before it has a place. */
export interface Draft {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  /** Colours, the lowest first; each holds from its value on. */
  readonly steps: readonly Threshold[];
  /** Labels of the numbers 0, 1, …, if they are not counts. */
  readonly labels?: readonly string[];
  readonly queries: readonly Query[];
}

export type RowDraft = readonly [title: string, drafts: readonly Draft[]];

/** A dashboard in Grafana's classic JSON model, as `@grafana/schema` types it. */
export function dashboardOf(title: string, rows: readonly RowDraft[], variables: readonly VariableModel[]): Dashboard {
  return {
    title,
    uid: title.toLowerCase().replaceAll(' ', '-'),
    tags: ['auralis'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [datasourceVariable(), ...variables] },
    panels: placed(rows),
  };
}

function placed(rows: readonly RowDraft[]): (Panel | RowPanel)[] {
  const panels: (Panel | RowPanel)[] = [];
  let id = 1;
  let y = 0;
  for (const [index, [title, drafts]] of rows.entries()) {
    const collapsed = index >= OPEN_ROWS;
    const row = { id: id++, type: 'row', title, collapsed, gridPos: { h: 1, w: 24, x: 0, y: y++ } } as const;
    const inside = drafts.map((draft, at) => panelOf(draft, id++, at, y));
    if (collapsed) panels.push({ ...row, panels: inside });
    else panels.push({ ...row, panels: [] }, ...inside);
    if (!collapsed) y += Math.ceil(drafts.length / COLUMNS_OF_GRID) * HEIGHT;
  }
  return panels;
}

function panelOf(
  { title, description, unit, steps, labels, queries }: Draft,
  id: number,
  at: number,
  top: number,
): Panel {
  const gridPos = {
    h: HEIGHT,
    w: WIDTH,
    x: (at % COLUMNS_OF_GRID) * WIDTH,
    y: top + Math.floor(at / COLUMNS_OF_GRID) * HEIGHT,
  };
  const mode = steps.length > 1 ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off;
  const custom: FieldConfig = { spanNulls: false, thresholdsStyle: { mode } };
  const options: Omit<Options, 'annotations'> = {
    legend: { showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
  };
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
        color: { mode: FieldColorModeId.PaletteClassic },
        custom: { ...custom },
        mappings: labels === undefined ? [] : [mappingOf(labels)],
        thresholds: { mode: ThresholdsMode.Absolute, steps: [...steps] },
      },
      overrides: [],
    },
    options: { ...options },
    targets: queries.map(({ expr, legend }, number) => ({
      refId: String.fromCharCode(65 + number),
      datasource: DATASOURCE,
      editorMode: 'code',
      range: true,
      expr,
      legendFormat: legend,
    })),
  };
}

function mappingOf(labels: readonly string[]): ValueMapping {
  const options = Object.fromEntries(labels.map((text, index) => [String(index), { text, index }]));
  return { type: MappingType.ValueToText, options };
}

/** Variable at the top that chooses the Prometheus. Grafana takes its first by default. */
function datasourceVariable(): VariableModel {
  return { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' };
}

/** A choice of the values that a label of a series has, any number of them or all. */
export function labelVariable(name: string, series: string): VariableModel {
  return {
    name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: `label_values(${series}, ${name})`, refId: name },
    refresh: VariableRefresh.onTimeRangeChanged,
    sort: VariableSort.alphabeticalAsc,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
  };
}
