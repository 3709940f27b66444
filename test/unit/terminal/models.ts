import type { ScreenModel } from '@auralis/client/terminal/screen';
import { initialState, type TopState } from '@auralis/client/terminal/top-state';
import type { Rows, ViewRow } from '@auralis/client/terminal/view-row';
import { COLUMNS, SCHEMAS } from '@auralis/shared';

type Values = Readonly<Record<string, number | null>>;

export const CATALOGUE = COLUMNS.map(({ index: _, ...entry }) => entry);
/** 2026-01-01 12:00:00 UTC. */
export const NOW_MS = 1_767_268_800_000;

export function connection(key: string, client: string, stream: string, values: Values = {}): ViewRow {
  return { key, attributes: { stream, client, address: '192.0.2.1', reason: '' }, values };
}

/** A subscription's rows of connections. `columns`: the names of those that it has. */
export function rowsOf(rows: readonly ViewRow[], columns: readonly string[]): Rows {
  return {
    columns: CATALOGUE.filter(({ table, name }) => table === 'connections' && columns.includes(name)),
    attributes: SCHEMAS.connections.attributes,
    rows: new Map(
      rows.map(({ key, attributes, values }) => [
        key,
        {
          key,
          source: 'hub@1',
          attribute: (name) => attributes[name] ?? '',
          get: (column) => values[column] ?? null,
        },
      ]),
    ),
  };
}

export const stream = (key: string, values: Values = {}): ViewRow => ({ key, attributes: {}, values });

/** A firing alert; `state`: 0 pending, 1 firing, 2 resolved. `since`: seconds since 1970. */
export const alert = (
  severity: string,
  title: string,
  since: number,
  { state = 1, silenced = 0, blame = '', message = '', rule = '', stream = '' } = {},
): ViewRow => ({
  key: title,
  attributes: { severity, title, blame, message, rule, stream },
  values: { state, since, silenced },
});

/** A listener that is ok, one above target, one critical, and one that is unknown. */
const CONNECTIONS = [
  connection('id-carol', 'carol', 'main', {
    latency_ms: 812.3,
    rtt_ms: 640,
    buffer_depth_ms: 20,
    dropped_per_min: 14,
    status: 2,
    state: 0,
  }),
  connection('id-bob', 'bob', 'main', { latency_ms: 130, rtt_ms: 40, buffer_depth_ms: 120, dropped_per_min: 0 }),
  connection('id-alice', 'alice', 'side', { latency_ms: 12.5, rtt_ms: 8.1, buffer_depth_ms: 300, state: 0 }),
  connection('id-nobody', '', 'side'),
];

const STREAMS = [
  stream('main', { active_connections: 2, publishing: 1, chunk_send_rate: 10, dropped_per_min: 14 }),
  stream('side', { active_connections: 2, publishing: 0, chunk_send_rate: null, dropped_per_min: 0 }),
];

export function model(changes: Partial<ScreenModel> = {}, choices: Partial<TopState> = {}): ScreenModel {
  return {
    url: 'http://127.0.0.1:8000',
    hub: { id: 'hub-1', version: '0.1.0' },
    status: { kind: 'live' },
    nowMs: NOW_MS,
    hubRow: stream('hub-1', { active_connections: 4, dashboards: 1, process_memory_mb: 84.2 }),
    streams: STREAMS,
    alerts: [],
    connections: { rows: CONNECTIONS, total: 4 },
    isStale: false,
    notice: null,
    catalogue: CATALOGUE,
    ...changes,
    state: { ...initialState('latency_ms', null, ''), ...choices },
  };
}
