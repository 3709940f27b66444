import type { Schema, Table, TableName } from '@auralis/shared';
import { createRoute, z } from '@hono/zod-openapi';
import type { Tables } from '../../state/tables.js';
import { forRole } from '../access.js';
import type { Api } from '../api.js';
import { Problem, problems } from '../problem.js';
import { rowSchema } from '../row-schema.js';
import { listQuery, type Row, type RowsPage, rowOf, rowsPageText } from '../rows.js';
import type { Slicer } from '../slicer.js';

export interface TablesContext {
  readonly tables: Tables;
  readonly slices: Slicer;
}

/** A list and a row of each table. */
export function addTableRoutes(app: Api, { tables, slices }: TablesContext): void {
  addTable(app, slices, tables.streams, 'Streams and how they fare');
  addTable(app, slices, tables.connections, 'Listeners: what they were sent, and what they say', ['stream', 'client']);
  addTable(app, slices, tables.engines, 'Engines: synthesis, generation, queue, buffer, process', ['stream']);
  addTable(app, slices, tables.hosts, 'Hosts: CPU, memory, disk, network');
  addTable(app, slices, tables.gpus, 'GPUs that nvidia-smi knows');
  addTable(app, slices, tables.hubs, 'The hub itself: refusals, frames, event loop, memory');
}

/** `GET /api/v1/<table>` and `GET /api/v1/<table>/{id}`. `filters`: attributes that may be asked for by name. */
export function addTable(
  app: Api,
  slices: Slicer,
  table: Table,
  summary: string,
  filters: readonly string[] = [],
): void {
  const { schema } = table;
  const row = rowSchema(schema);
  const tags = [schema.table];
  const list = createRoute({
    method: 'get',
    path: `/api/v1/${schema.table}`,
    ...forRole('viewer'),
    tags,
    summary,
    request: { query: listQuery(schema, filters) },
    responses: {
      200: { description: 'Rows', content: { 'application/json': { schema: pageSchema(row, schema) } } },
      ...problems({ 400: 'A parameter is unknown or out of range' }),
    },
  });
  app.openapi(list, async (c) => {
    const page = await slices.run(rowsPageText(table, c.req.valid('query')));
    return c.body(page, 200, { 'content-type': 'application/json' }) as never;
  });

  const one = createRoute({
    method: 'get',
    path: `/api/v1/${schema.table}/{id}`,
    ...forRole('viewer'),
    tags,
    summary: 'One of them, by its id',
    request: { params: z.object({ id: z.string().openapi({ description: 'Its `id` in the list' }) }) },
    responses: {
      200: { description: 'The row', content: { 'application/json': { schema: row } } },
      ...problems({ 404: 'There is none of this id now' }),
    },
  });
  app.openapi(one, (c) => {
    const slot = table.slotOf(c.req.valid('param').id);
    if (slot === undefined) throw new Problem(404, `there is no ${singular(schema.table)} of this id now`);
    return c.json(rowOf(table, slot), 200);
  });
}

function pageSchema(row: z.ZodType<Row>, { table }: Schema): z.ZodType<RowsPage> {
  const page = z.object({
    items: z.array(row).readonly(),
    total: z.int().openapi({ description: 'Rows that match, on all pages' }),
    next: z.int().nullable().openapi({ description: 'Offset of the next page; null on the last' }),
  });
  return page.openapi(`${table[0]?.toUpperCase()}${table.slice(1)}`);
}

function singular(table: TableName): string {
  return table.slice(0, -1);
}
