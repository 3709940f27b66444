/** The screen of `top`: turns a model into lines. No I/O, no clock. */
import { type CatalogueEntry, type Level, neutral, type TableName } from '@auralis/shared';
import { type AlertSummary, alertSummary } from './alert-summary.js';
import { formatDuration, formatValue, MISSING, markedValue } from './format.js';
import { footer, helpLines } from './help.js';
import type { Status } from './hub-link.js';
import type { Answer } from './query.js';
import { type Placed, placeConnections, placeStreams } from './table-layout.js';
import { cutLine, fit, type Line, type Span, type Style, widthOf, withEnd } from './text.js';
import { isDescending, type TopState } from './top-state.js';
import type { ViewRow } from './view-row.js';

export interface ScreenModel {
  /** The URL as the user gave it. */
  readonly url: string;
  /** The hub's `id` without its boot. Null before the first WELCOME. */
  readonly hub: { readonly id: string; readonly version: string } | null;
  readonly status: Status;
  /** The time by this machine's clock, in ms since 1970. */
  readonly nowMs: number;
  /** The hub's own row in `hubs`. */
  readonly hubRow: ViewRow | null;
  readonly streams: readonly ViewRow[];
  readonly alerts: readonly ViewRow[];
  readonly connections: Answer;
  /** True while the rows still answer the last connection or the query before. */
  readonly isStale: boolean;
  readonly state: TopState;
  /** The hub's refusal, or null. */
  readonly notice: string | null;
  readonly catalogue: readonly CatalogueEntry[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * How many lines each part gets. `streams` counts the rows below the head of the streams. At 0 the head is gone too.
 */
export interface Layout {
  /** The lines for alerts that fire. */
  readonly alerts: number;
  readonly streams: number;
  readonly gap: boolean;
  /** The rows of connections that fit. */
  readonly rows: number;
}

/** The lines that are always there: two of header, the title and head of the connections, and the footer. */
const FIXED_LINES = 5;
const MIN_HEIGHT_FOR_STREAMS = 9;
const MIN_HEIGHT_FOR_GAPS = 18;
/** The number of worst alerts shown, and the number shown on a small screen. */
const MOST_ALERTS = 3;

/** The shares of a screen of this many lines. */
export function layoutOf(model: ScreenModel, height: number): Layout {
  return shareOut(height, model.streams.length, alertsOf(model).lines.length);
}

/** The shares for this many streams and firing alerts. */
export function shareOut(height: number, streams: number, firing: number): Layout {
  const gap = height >= MIN_HEIGHT_FOR_GAPS;
  const most = height < MIN_HEIGHT_FOR_STREAMS ? 0 : Math.max(1, Math.floor((height - FIXED_LINES) / 4));
  const lines = Math.min(most, Math.max(1, streams));
  const alerts = Math.min(firing, gap ? MOST_ALERTS : height < MIN_HEIGHT_FOR_STREAMS ? 0 : 1);
  const used = FIXED_LINES + alerts + (lines > 0 ? lines + 1 : 0) + (gap ? 2 : 0);
  return { alerts, streams: lines, gap, rows: Math.max(1, height - used) };
}

/** The whole screen: `height` lines of at most `width` cells. */
export function render(whole: ScreenModel, { width, height }: Size): readonly Line[] {
  const layout = layoutOf(whole, height);
  const { connections } = whole;
  // Just after the terminal became smaller, more rows exist than fit.
  const model = { ...whole, connections: { ...connections, rows: connections.rows.slice(0, layout.rows) } };
  const blank: Line[] = layout.gap ? [[]] : [];
  const body = model.state.help
    ? helpLines(model.state, specsOf(model, 'connections'))
    : [
        ...(layout.streams > 0 ? streamLines(model, width, layout.streams) : []),
        ...blank,
        titleLine(model),
        ...connectionLines(model, width),
      ];
  const lines = [...headerLines(model, width, layout.alerts), ...blank, ...body].slice(0, Math.max(0, height - 1));
  while (lines.length < height - 1) lines.push([]);
  return [...lines, footer(model.state, model.notice)].map((line) => cutLine(line, width));
}

/** Everything once, for a file or a pipe. It has only as many lines as there are rows. */
export function renderOnce(model: ScreenModel, width: number): readonly Line[] {
  const streams = streamLines(model, width, Number.POSITIVE_INFINITY);
  const connections = connectionLines(model, width);
  const lines = [
    ...headerLines(model, width, Number.POSITIVE_INFINITY),
    [],
    ...streams,
    [],
    titleLine(model),
    ...connections,
  ];
  return lines.map((line) => cutLine(line, width));
}

function headerLines(model: ScreenModel, width: number, alertLines: number): Line[] {
  const { hub, hubRow, streams } = model;
  const name = hub === null ? '' : `${neutral(hub.id)} v${neutral(hub.version)}  `;
  const alerts = alertsOf(model);
  const first: Line = [{ text: 'auralis-hub ', style: 'bold' }, { text: name }, statusSpan(model), ...alerts.counts];
  const specs = specsOf(model, 'hubs');
  const own = (column: string) => {
    const spec = specs.get(column);
    return spec === undefined ? MISSING : formatValue(spec, hubRow?.values[column] ?? null, model.nowMs);
  };
  const dropped = total(streams, 'dropped_per_min');
  const figures: Span[] = [
    { text: `listeners ${own('active_connections')}` },
    { text: `  dashboards ${own('dashboards')}` },
    { text: `  memory ${own('process_memory_mb')} MB` },
    { text: `  chunks ${total(streams, 'chunk_send_rate')?.toFixed(1) ?? MISSING}/s` },
    { text: `  dropped ${dropped ?? MISSING}/min`, style: (dropped ?? 0) > 0 ? 'off-target' : undefined },
  ];
  return [withEnd(first, model.url, width), figures, ...alerts.lines.slice(0, alertLines)];
}

function alertsOf(model: ScreenModel): AlertSummary {
  return alertSummary(model.alerts, specsOf(model, 'alerts'), model.nowMs);
}

function statusSpan({ status, nowMs }: ScreenModel): Span {
  switch (status.kind) {
    case 'live':
      return { text: '● live', style: 'good' };
    case 'behind':
      return { text: `◐ behind ${Math.max(1, Math.round(status.byMs / 1000))} s`, style: 'off-target' };
    case 'connecting':
      return { text: `○ connecting${status.why === null ? '' : `: ${neutral(status.why)}`}`, style: 'off-target' };
    case 'reconnecting': {
      const since = new Date(status.sinceMs).toTimeString().slice(0, 8);
      const text = `○ reconnecting since ${since} (${formatDuration(nowMs - status.sinceMs)})`;
      return { text, style: 'alert' };
    }
    case 'ended':
      return { text: `○ ended: ${neutral(status.why)}`, style: 'alert' };
  }
}

/** The sum of a column over the rows that have it. Null when none has. */
function total(rows: readonly ViewRow[], column: string): number | null {
  let sum: number | null = null;
  for (const row of rows) {
    const value = row.values[column] ?? null;
    if (value !== null) sum = (sum ?? 0) + value;
  }
  return sum;
}

function streamLines(model: ScreenModel, width: number, lines: number): Line[] {
  const { streams, state } = model;
  const placed = placeStreams(width, specsOf(model, 'streams'));
  const columns = Number.isFinite(width) ? placed : stretched(placed, streams);
  if (streams.length === 0) return [headOf(columns), [{ text: 'no streams', style: 'dim' }]];
  const chosen = streams.find(({ key }) => key === state.stream);
  const first = streams.slice(0, lines);
  // The chosen stream is always shown, wherever the order puts it.
  const rows = chosen === undefined || first.includes(chosen) ? first : [...first.slice(0, -1), chosen];
  const label = rows.length < streams.length ? `${rows.length}/${streams.length} STREAMS` : 'STREAM';
  const head = headOf(columns.map((column, at) => (at === 0 ? { ...column, label } : column)));
  return [head, ...rows.map((row) => rowLine(row, columns, model, row === chosen))];
}

function titleLine({ connections, state, catalogue }: ScreenModel): Line {
  const { rows, total: count } = connections;
  const places = rows.length === 0 ? 'none' : `${state.offset + 1}–${state.offset + rows.length}`;
  const worse = catalogue.find(({ table, name }) => table === 'connections' && name === state.sort)?.worse;
  const isWorst = !state.isReversed && (worse === 'more' || worse === 'less');
  const order = isWorst ? 'worst' : isDescending(state) ? 'largest' : 'smallest';
  const stream = state.stream === null ? '' : `, stream ${neutral(state.stream)}`;
  const filter = state.filter === '' ? '' : `, with “${neutral(state.filter)}”`;
  const closed = state.closed ? ', closed too' : '';
  return [
    { text: 'Connections ', style: 'bold' },
    { text: `${places} of ${count}, ${order} ${state.sort} first${stream}${filter}${closed}` },
  ];
}

function connectionLines(model: ScreenModel, width: number): Line[] {
  const { state, connections } = model;
  const { rows } = connections;
  const placed = placeConnections(width, state.sort, state.stream === null, specsOf(model, 'connections'));
  const columns = Number.isFinite(width) ? placed : stretched(placed, rows);
  return [headOf(columns, state), ...rows.map((row) => rowLine(row, columns, model, false))];
}

function headOf(columns: readonly Placed[], state?: TopState): Line {
  const heads = columns.map(({ name, label, width, spec }) => {
    const arrow = name === state?.sort ? (isDescending(state) ? '▼' : '▲') : ' ';
    return spec === null ? fit(label, width) : fit(label + arrow, width, 'right');
  });
  return [{ text: heads.join(' '), style: 'bar' }];
}

/** Makes name columns as wide as their longest name: a pipe has no edge, so nothing is cut. */
function stretched(columns: readonly Placed[], rows: readonly ViewRow[]): readonly Placed[] {
  return columns.map((column) => {
    if (column.spec !== null) return column;
    const longest = rows.reduce((most, row) => Math.max(most, widthOf(nameIn(row, column.name))), 0);
    return { ...column, width: Math.max(column.label.length, longest) };
  });
}

/** An attribute, or the row's key as `id`. */
function nameIn(row: ViewRow, name: string): string {
  const text = name === 'id' ? row.key : (row.attributes[name] ?? '');
  return text === '' ? MISSING : neutral(text);
}

const LEVEL_STYLES: Readonly<Partial<Record<Level, Style>>> = { alert: 'alert', 'off-target': 'off-target' };

function rowLine(row: ViewRow, columns: readonly Placed[], model: ScreenModel, isBold: boolean): Line {
  const isOld = model.isStale || model.status.kind !== 'live';
  return columns.map(({ name, width, spec }, at): Span => {
    const space = at === 0 ? '' : ' ';
    if (spec === null) {
      const style = isOld ? 'dim' : isBold ? 'bold' : undefined;
      return { text: space + fit(nameIn(row, name), width), style };
    }
    const { text, level } = markedValue(spec, row.values[name] ?? null, model.nowMs);
    const style = isOld ? 'dim' : LEVEL_STYLES[level ?? 'ok'];
    return { text: space + fit(text, width, 'right'), style };
  });
}

function specsOf({ catalogue }: ScreenModel, table: TableName): ReadonlyMap<string, CatalogueEntry> {
  return new Map(catalogue.filter((entry) => entry.table === table).map((entry) => [entry.name, entry]));
}
