import type { Table } from '@auralis/shared';
import { createRoute, z } from '@hono/zod-openapi';
import type { Tables } from '../../state/tables.js';
import { forRole } from '../access.js';
import type { Api } from '../api.js';
import { compactSchema } from '../row-schema.js';
import { type Row, rowsPage } from '../rows.js';
import { type SummaryHistory, summarySchema } from '../summary.js';

export interface MetricsContext {
  readonly tables: Tables;
  readonly summary: SummaryHistory;
  readonly now: () => number;
}

/** The summary is polled each second by many, so it stays small: there may be a thousand streams. */
const MAX_ROWS = 100;

/** Columns of the rows in the summary. The lists have the rest. */
const COMPACT = {
  streams: [
    'active_connections',
    'publishing',
    'chunk_send_rate',
    'audio_rate',
    'dropped_per_min',
    'latency_p50_ms',
    'latency_p95_ms',
    'buffer_depth_p50_ms',
    'listeners_warning',
    'listeners_critical',
  ],
  hosts: ['cpu_percent', 'memory_used_mb', 'memory_total_mb', 'disk_mb_s', 'network_mbps'],
  gpus: ['name', 'memory_used_mb', 'memory_total_mb', 'utilization_percent', 'temperature_c', 'power_w'],
} as const;

/** `GET /api/v1/metrics`: the spec's summary, and streams, hosts and GPUs in short. */
export function addMetricsRoutes(app: Api, { tables, summary, now }: MetricsContext): void {
  const { streams, hosts, gpus } = tables;
  const list = (table: Table, names: readonly string[], description: string) =>
    z.array(compactSchema(table.schema, names)).readonly().openapi({ description });
  const metricsSchema = z
    .object({
      ...summarySchema.shape,
      streams: list(streams, COMPACT.streams, `Streams in short: the ${MAX_ROWS} with the most listeners`),
      hosts: list(hosts, COMPACT.hosts, 'Hosts in short'),
      gpus: list(gpus, COMPACT.gpus, 'GPUs in short'),
    })
    .openapi('Metrics');
  const route = createRoute({
    method: 'get',
    path: '/api/v1/metrics',
    ...forRole('viewer'),
    tags: ['metrics'],
    summary: 'The summary of the Auralis monitoring spec; null where nothing was reported',
    responses: { 200: { description: 'The summary', content: { 'application/json': { schema: metricsSchema } } } },
  });
  app.openapi(route, (c) => {
    const answer = {
      ...summary.summary(now()),
      streams: inShort(streams, COMPACT.streams, 'active_connections'),
      hosts: inShort(hosts, COMPACT.hosts, null),
      gpus: inShort(gpus, COMPACT.gpus, null),
    };
    return c.json(answer, 200);
  });
}

/** `sort`: the column whose largest come first, where there are too many. */
function inShort(table: Table, names: readonly string[], sort: string | null): readonly Row[] {
  const column = table.schema.columns.find(({ name }) => name === sort) ?? null;
  const { items } = rowsPage(table, { limit: MAX_ROWS, offset: 0, sort: column, order: 'desc', where: [] });
  return items.map((row) => Object.fromEntries(['id', ...names].map((name) => [name, row[name] ?? null])));
}
