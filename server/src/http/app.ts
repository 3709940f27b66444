import { STREAM_NAME, type Table } from '@auralis/shared';
import { Hono } from 'hono';
import type { HubCounters } from '../state/counters.js';
import type { Tables } from '../state/tables.js';
import { addEventsRoute, type EventIntake } from './events.js';
import type { Guard } from './guard.js';
import { problem } from './problem.js';
import { QueryError, rowOf, rowsPage, rowsQuery } from './rows.js';
import type { StaticFiles } from './static.js';
import type { SummaryHistory } from './summary.js';

export interface HttpContext {
  readonly tables: Tables;
  readonly counters: HubCounters;
  readonly summary: SummaryHistory;
  readonly engines: EventIntake;
  readonly files: StaticFiles;
  readonly guard: Guard;
  readonly now: () => number;
  /** A route threw. */
  readonly onError: (error: unknown) => void;
}

/** Hashed names never change their content; pages and SDKs are asked for again each time. */
const FOREVER = 'public, max-age=31536000, immutable';
const ALWAYS_ASK = 'no-cache';

/** Everything that is asked by plain HTTP. */
export function createApp(context: HttpContext): Hono {
  const { tables, counters, files, guard } = context;
  const app = new Hono({ strict: false });
  app.use(async ({ req }, next) => {
    if (!guard.isOurHost(req.header('host') ?? null)) {
      return problem(
        421,
        `Host ${JSON.stringify(req.header('host') ?? '')} is not this hub's: start it with --public-url`,
      );
    }
    return next();
  });
  app.use(async (c, next) => {
    await next();
    if (c.res.status >= 400 && c.res.status < 500) counters.add('requests_refused');
  });
  app.use('/api/*', async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
    allowOrigin(c.req.path, c.req.header('origin') ?? null, c.req.header('host') ?? null, guard, (name, value) =>
      c.header(name, value),
    );
  });

  app.get('/healthz', (c) => c.json({ status: 'alive' }));
  app.get('/api/v1/metrics', (c) => c.json(context.summary.summary(context.now())));
  addTable(app, 'streams', tables.streams, []);
  addTable(app, 'connections', tables.connections, ['stream', 'client']);
  addTable(app, 'engines', tables.engines, ['stream']);
  addEventsRoute(app, context);
  addTable(app, 'hosts', tables.hosts, []);
  addTable(app, 'gpus', tables.gpus, []);
  addTable(app, 'hubs', tables.hubs, []);

  app.get('/api/v1/streams/*', (c) => socketHint(c.req.path) ?? notFound(c.req.path));

  const page = (path: string, file: string, cache: string) =>
    app.get(
      path,
      (c) => files.serve(file, c.req.raw, cache) ?? problem(404, 'the pages are not built: run pnpm build'),
    );
  page('/', 'dashboard/index.html', ALWAYS_ASK);
  page('/listen', 'listen/index.html', ALWAYS_ASK);
  app.get('/assets/*', (c) => files.serve(c.req.path.slice(1), c.req.raw, FOREVER) ?? notFound(c.req.path));
  app.get('/sdk/*', (c) => {
    const response = files.serve(c.req.path.slice(1), c.req.raw, ALWAYS_ASK) ?? notFound(c.req.path);
    // The one thing that any page may read: a page of another origin has to load the SDK from here.
    response.headers.set('access-control-allow-origin', '*');
    return response;
  });

  app.notFound((c) => notFound(c.req.path));
  app.onError((error) => {
    if (error instanceof QueryError) return problem(400, error.message);
    context.onError(error);
    return problem(500, 'a fault of the hub; its log says more');
  });
  return app;
}

function addTable(app: Hono, name: string, table: Table, filters: readonly string[]): void {
  app.get(`/api/v1/${name}`, (c) => {
    return c.json(rowsPage(table, rowsQuery(new URL(c.req.url).searchParams, table, filters)));
  });
  app.get(`/api/v1/${name}/:id`, (c) => {
    const slot = table.slotOf(c.req.param('id'));
    return slot === undefined
      ? problem(404, `there is no ${name.slice(0, -1)} of this id now`)
      : c.json(rowOf(table, slot));
  });
}

/** The spec's dashboard is a file, so its origin is `null`: it may read the summary and nothing else. */
function allowOrigin(
  path: string,
  origin: string | null,
  host: string | null,
  guard: Guard,
  set: (name: string, value: string) => void,
): void {
  set('vary', 'origin');
  if (origin === null) return;
  const isSummary = path === '/api/v1/metrics' || path === '/api/v1/metrics/';
  if (guard.mayRead(origin, host) || (isSummary && origin === 'null')) set('access-control-allow-origin', origin);
}

/** Where a WebSocket was meant: why there was none. A name with a slash has more segments than any route. */
function socketHint(path: string): Response | null {
  const [, name, kind] = /^\/api\/v1\/streams\/(.*)\/(listen|publish)$/.exec(path) ?? [];
  if (name === undefined) return null;
  if (!STREAM_NAME.test(name)) return problem(400, 'a stream name is 1 to 64 of A–Z a–z 0–9 . _ -');
  return problem(426, `${kind} is a WebSocket: connect with ws:// or wss://`);
}

function notFound(path: string): Response {
  return problem(404, `there is nothing at ${path.slice(0, 100)}`);
}
