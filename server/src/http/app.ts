import { RETRY_AFTER_S } from '@auralis/shared';
import { HTTPException } from 'hono/http-exception';
import type { HubCounters } from '../state/counters.js';
import { RefusedBody } from '../transport/refused-body.js';
import { addAccess } from './access.js';
import { type Api, createApi } from './api.js';
import { compress } from './compress.js';
import { addCors } from './cors.js';
import type { Guard } from './guard.js';
import { methodsOf } from './methods.js';
import { addOpenApiRoute, type OpenApiContext } from './openapi.js';
import { prefixOf } from './prefix.js';
import { Problem, problem } from './problem.js';
import { type AlertsContext, addAlertRoutes } from './routes/alerts.js';
import { addCmcdRoutes, type CmcdContext } from './routes/cmcd.js';
import { addConfigSchemaRoute, type ConfigSchemaContext } from './routes/config-schema.js';
import { addConnectionRoutes, type ConnectionsContext } from './routes/connections.js';
import { addDocsRoutes } from './routes/docs.js';
import { addEventsRoutes, type EventsContext } from './routes/events.js';
import { addHealthRoutes, type HealthContext } from './routes/health.js';
import { addHistoryRoutes, type HistoryContext } from './routes/history.js';
import { addMetricsRoutes, type MetricsContext } from './routes/metrics.js';
import { addNotifierRoutes, type NotifiersContext } from './routes/notifiers.js';
import { addPageRoutes, type PagesContext } from './routes/pages.js';
import { addPrometheusRoutes, type PrometheusContext } from './routes/prometheus.js';
import { addReportsRoutes, type ReportsContext } from './routes/reports.js';
import { addSocketRoutes, explainSocketPath } from './routes/sockets.js';
import { addTableRoutes, type TablesContext } from './routes/tables.js';

/** Everything that routes need; each file of `routes/` names its part. */
export interface HttpContext
  extends TablesContext,
    AlertsContext,
    NotifiersContext,
    MetricsContext,
    PrometheusContext,
    HistoryContext,
    HealthContext,
    EventsContext,
    ReportsContext,
    CmcdContext,
    PagesContext,
    ConnectionsContext,
    OpenApiContext,
    ConfigSchemaContext {
  readonly guard: Guard;
  readonly counters: HubCounters;
  /** A route threw what is no `Problem`. */
  readonly onError: (error: unknown) => void;
}

/**
 * Create the application for plain HTTP. A new resource is a file in `routes/` that exports `addXRoutes(app,
 * context)`, and a line here. `app.openapi(createRoute(…), handler)` checks and documents a request. A handler throws
 * `Problem` to refuse it.
 */
export function createApp(context: HttpContext): Api {
  const app = createApi(prefixOf(context.publicUrl));
  const settleAccess = addCommon(app, context);
  addHealthRoutes(app, context);
  addMetricsRoutes(app, context);
  addPrometheusRoutes(app, context);
  addTableRoutes(app, context);
  addHistoryRoutes(app, context);
  addConnectionRoutes(app, context);
  addEventsRoutes(app, context);
  addReportsRoutes(app, context);
  addCmcdRoutes(app, context);
  addAlertRoutes(app, context);
  addNotifierRoutes(app, context);
  addSocketRoutes(app);
  addOpenApiRoute(app, context);
  addConfigSchemaRoute(app, context);
  addDocsRoutes(app);
  addPageRoutes(app, context);
  settleAccess();
  return app;
}

/** Add handlers for every request. Call the returned function when all routes are added. */
function addCommon(app: Api, { guard, counters, onError }: HttpContext): () => void {
  app.use(compress());
  app.use(async ({ req }, next) => {
    if (guard.isOurHost(req.header('host') ?? null)) return next();
    const host = JSON.stringify(req.header('host') ?? '');
    return problem(421, `Host ${host} is not this hub's: start it with --public-url`);
  });
  app.use(async (c, next) => {
    await next();
    if (c.res.status >= 400 && c.res.status < 500) counters.add('requests_refused');
  });
  addCors(app, guard);
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
    if (c.res.status === 503 || c.res.status === 429) c.header('retry-after', String(RETRY_AFTER_S));
  });
  const settleAccess = addAccess(app);
  app.notFound(({ req }) => {
    explainSocketPath(req.path);
    const known = methodsOf(app, req.path);
    if (known.length > 0 && !known.includes(req.method)) {
      const allow = known.join(', ');
      throw new Problem(405, `${req.path.slice(0, 100)} knows ${allow}, not ${req.method}`, { allow });
    }
    throw new Problem(404, `there is nothing at ${req.path.slice(0, 100)}`);
  });
  app.onError((error) => {
    if (error instanceof Problem) return problem(error.status, error.message, error.headers);
    if (error instanceof RefusedBody) return problem(error.status, error.message);
    // A body that is no JSON, say.
    if (error instanceof HTTPException && error.status < 500) return problem(error.status, error.message);
    onError(error);
    return problem(500, 'a fault of the hub; its log says more');
  });
  return settleAccess;
}
