import type { CatalogueEntry, ColumnSpec } from '@auralis/shared';
import { widthOf } from './text.js';

/** A column of a table on the screen: its reading and its width in cells. */
export interface Placed {
  readonly name: string;
  readonly label: string;
  /** The width without the space before the column. */
  readonly width: number;
  /** Null for an attribute, or for the row's key as `id`. */
  readonly spec: ColumnSpec | null;
}

/** The columns of `connections`, the most useful first, with short heads. */
const CONNECTION_LABELS: readonly (readonly [name: string, label: string])[] = [
  ['latency_ms', 'LATENCY'],
  ['rtt_ms', 'RTT'],
  ['buffer_depth_ms', 'BUFFER'],
  ['dropped_per_min', 'DROP/MIN'],
  ['chunk_send_rate', 'CHUNK/S'],
  ['status', 'STATUS'],
  ['state', 'STATE'],
  ['trust', 'TRUST'],
  ['playback_state', 'PLAYER'],
  ['jitter_ms', 'JITTER'],
  ['buffer_underruns', 'UNDERRUN'],
  ['error_rate', 'ERRORS'],
  ['connected_at', 'ONLINE'],
  ['outstanding_ms', 'UNCONF'],
  ['chunks_dropped', 'DROPPED'],
  ['chunks_sent', 'SENT'],
  ['audio_rate', 'AUDIO'],
];

const STREAM_LABELS: readonly (readonly [name: string, label: string])[] = [
  ['active_connections', 'LISTENERS'],
  ['publishing', 'ENGINE'],
  ['chunk_send_rate', 'CHUNK/S'],
  ['dropped_per_min', 'DROP/MIN'],
  ['latency_p50_ms', 'LAT P50'],
  ['latency_p95_ms', 'LAT P95'],
  ['rtt_p95_ms', 'RTT P95'],
  ['buffer_depth_p5_ms', 'BUF P5'],
  ['audio_rate', 'AUDIO'],
  ['chunks_dropped', 'DROPPED'],
];

export const STREAM_COLUMNS: readonly string[] = STREAM_LABELS.map(([name]) => name);

/** The width of a number: eight cells and its mark. */
const NUMBER_WIDTH = 8;
/** The widest that a row's name gets. */
const MAX_NAME = 28;
const ID_WIDTH = 12;
const STREAM_WIDTH = 12;
/** The screen widths from which the id and the stream are shown. */
const WIDTH_FOR_ID = 100;
const WIDTH_FOR_STREAM = 60;

/** The columns to sort by, in screen order. A `sort` outside the usual ones comes first. */
export function sortableColumns(sort: string): readonly string[] {
  const usual = CONNECTION_LABELS.map(([name]) => name);
  return usual.includes(sort) ? usual : [sort, ...usual];
}

/** The columns of `connections` that fit into `width` cells. The sorted one is always among them. */
export function placeConnections(
  width: number,
  sort: string,
  withStream: boolean,
  specs: ReadonlyMap<string, CatalogueEntry>,
): readonly Placed[] {
  const names: Placed[] = [];
  if (width >= WIDTH_FOR_STREAM && withStream) names.push(text('stream', 'STREAM', STREAM_WIDTH));
  if (width >= WIDTH_FOR_ID) names.push(text('id', 'ID', ID_WIDTH));
  const room = width - minName(width) - sum(names);
  const labels = new Map(CONNECTION_LABELS);
  const candidates = sortableColumns(sort).map((name) => number(name, labels.get(name) ?? headOf(name), specs));
  const sorted = candidates.find(({ name }) => name === sort);
  const placed = fitting(candidates, room, sorted);
  return [text('client', 'CLIENT', nameWidth(width, sum(names) + sum(placed))), ...names, ...placed];
}

/** The columns of `streams` that fit into `width` cells. */
export function placeStreams(width: number, specs: ReadonlyMap<string, CatalogueEntry>): readonly Placed[] {
  const candidates = STREAM_LABELS.map(([name, label]) => number(name, label, specs));
  const placed = fitting(candidates, width - minName(width), undefined);
  return [text('id', 'STREAM', nameWidth(width, sum(placed))), ...placed];
}

const text = (name: string, label: string, width: number): Placed => ({ name, label, width, spec: null });

function number(name: string, label: string, specs: ReadonlyMap<string, CatalogueEntry>): Placed {
  const spec = unmarked(specs.get(name) ?? null);
  const labels = spec?.labels?.map((each) => each.length) ?? [];
  // The head of the sorted column carries an arrow. It needs one cell more, as the mark of a reading does.
  return { name, label, width: Math.max(NUMBER_WIDTH, widthOf(label), ...labels) + 1, spec };
}

/** Chunks may have any length, so their rate has no fixed bounds. `audio_rate` has bounds that hold for all. */
function unmarked(spec: CatalogueEntry | null): ColumnSpec | null {
  if (spec?.name !== 'chunk_send_rate') return spec;
  const { target: _target, alert: _alert, ...rest } = spec;
  return rest;
}

/** Returns as many candidates as fit, in their order. `always` gets its place first. */
function fitting(candidates: readonly Placed[], room: number, always: Placed | undefined): readonly Placed[] {
  let left = room - (always === undefined ? 0 : always.width + 1);
  return candidates.filter((candidate) => {
    if (candidate === always) return true;
    left -= candidate.width + 1;
    return left >= 0;
  });
}

/** The smallest width of a row's name: a fifth of the screen, within limits. */
const minName = (width: number) => Math.max(6, Math.min(16, Math.floor(width / 5)));

const nameWidth = (width: number, taken: number) => Math.max(minName(width), Math.min(MAX_NAME, width - taken));

/** The cells of columns, each with the space before it. */
const sum = (columns: readonly Placed[]) => columns.reduce((all, { width }) => all + width + 1, 0);

const headOf = (name: string) =>
  name
    .replace(/_(ms|mb|bytes)$/, '')
    .replaceAll('_', ' ')
    .toUpperCase();
