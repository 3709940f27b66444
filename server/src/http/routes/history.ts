import { type Column, show, TABLE_NAMES, type TableName } from '@auralis/shared';
import { createRoute, z } from '@hono/zod-openapi';
import { type History, HistoryError, HistoryUnavailableError } from '../../history/history.js';
import { forRole } from '../access.js';
import type { Api } from '../api.js';
import { named, time, wholeNumber } from '../parameters.js';
import { Problem, problems } from '../problem.js';

export interface HistoryContext {
  readonly history: History;
  /** Wall clock, ms since 1970. */
  readonly wallNow: () => number;
}

const DAY_MS = 86_400_000;
const NOT_THERE = { 503: 'History cannot be opened: the hub runs without' };

const spanShape = {
  table: z
    .enum(TABLE_NAMES as [TableName, ...TableName[]], {
      error: ({ input }) => `one of ${TABLE_NAMES.join(', ')}, not ${show(input)}`,
    })
    .openapi({ description: 'Table that is looked back at' }),
  from: time('Beginning, by default 15 minutes before `to`'),
  to: time('End, itself included, by default now'),
};
const needed = (what: string) =>
  z
    .string({ error: ({ input }) => (Array.isArray(input) ? 'given more than once' : `is needed: ${what}`) })
    .openapi({ description: what });

const pointsSchema = z
  .object({
    table: z.enum(TABLE_NAMES as [TableName, ...TableName[]]),
    row: z.string(),
    column: z.string(),
    unit: z.string().openapi({ description: 'Unit of the values, as `x-unit` has it in the rows; enum for labels' }),
    step: z.int().openapi({ description: 'Between two points (ms)' }),
    points: z
      .array(z.tuple([z.number(), z.union([z.number(), z.string()]).nullable()]))
      .openapi({ description: '[ms since 1970, what the last snapshot up to then says]; null where there is nothing' }),
  })
  .openapi('History');

/** `GET /api/v1/history`, one cell over time; `GET /api/v1/history/frames`, a whole table. */
export function addHistoryRoutes(app: Api, { history, wallNow }: HistoryContext): void {
  addPoints(app, { history, wallNow });
  addFrames(app, { history, wallNow });
}

function addPoints(app: Api, { history, wallNow }: HistoryContext): void {
  const route = createRoute({
    method: 'get',
    path: '/api/v1/history',
    ...forRole('viewer'),
    tags: ['history'],
    summary: 'A reading over time',
    description:
      'Kept by the second for an hour, by ten for a day and by the minute for 30 days; of `connections` some columns, by ten for an hour. Points lie on the multiples of the step.',
    request: {
      query: named({
        ...spanShape,
        row: needed('`id` of the row'),
        column: needed('name of the column'),
        step: wholeNumber(
          1,
          30 * DAY_MS,
          undefined,
          'Between two points (ms); by default such that there are up to 500',
        ),
      }),
    },
    responses: {
      200: { description: 'Points', content: { 'application/json': { schema: pointsSchema } } },
      ...problems({
        400: 'A parameter is unknown or out of range, or the step too fine for what is kept',
        ...NOT_THERE,
      }),
    },
  });
  app.openapi(route, async (c) => {
    const asked = c.req.valid('query');
    const { column, stepMs, points } = await answered(() => history.points(asked, wallNow()));
    const labelled = points.map(([t, value]): [number, number | string | null] => [t, label(column, value)]);
    const { table, row } = asked;
    return c.json({ table, row, column: column.name, unit: column.unit, step: stepMs, points: labelled }, 200);
  });
}

function addFrames(app: Api, { history, wallNow }: HistoryContext): void {
  const route = createRoute({
    method: 'get',
    path: '/api/v1/history/frames',
    ...forRole('viewer'),
    tags: ['history'],
    summary: 'Snapshots of a table, one after another, for replay',
    description: 'SNAPSHOT messages of the live protocol, as finely as they are kept as far back as `from`.',
    request: { query: named(spanShape) },
    responses: {
      200: {
        description: 'MessagePack values back to back; nothing where nothing was kept',
        content: { 'application/msgpack': { schema: z.string().openapi({ format: 'binary' }) } },
      },
      ...problems({ 400: 'A parameter is unknown or out of range', ...NOT_THERE }),
    },
  });
  app.openapi(route, async (c) => {
    const asked = c.req.valid('query');
    const frames = await answered(() => history.frames(asked, wallNow()));
    return c.body(streamed(frames), 200, { 'content-type': 'application/msgpack' });
  });
}

/** As fast as it is read: what waits is a frame, however long ago `from` is. */
function streamed(frames: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await frames.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}

function label({ labels }: Column, value: number | null): number | string | null {
  return value === null || labels === undefined ? value : (labels[value] ?? value);
}

/** @throws Problem */
async function answered<Answer>(ask: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HistoryError) throw new Problem(400, error.message);
    if (error instanceof HistoryUnavailableError) throw new Problem(503, error.message);
    throw error;
  }
}
