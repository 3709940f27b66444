import { createRoute } from '@hono/zod-openapi';
import type { Api } from '../api.js';
import { type SummaryHistory, summarySchema } from '../summary.js';

export interface MetricsContext {
  readonly summary: SummaryHistory;
  readonly now: () => number;
}

/** `GET /api/v1/metrics`: the spec's summary. */
export function addMetricsRoutes(app: Api, { summary, now }: MetricsContext): void {
  const route = createRoute({
    method: 'get',
    path: '/api/v1/metrics',
    tags: ['metrics'],
    summary: 'The summary of the Auralis monitoring spec',
    responses: { 200: { description: 'The summary', content: { 'application/json': { schema: summarySchema } } } },
  });
  app.openapi(route, (c) => c.json(summary.summary(now()), 200));
}
