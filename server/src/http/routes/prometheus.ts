import { type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { CONTENT_TYPES, type Form } from '../../prometheus/exposition.js';
import type { PrometheusPage } from '../../prometheus/page.js';
import { type Api, addUncheckedRoute } from '../api.js';
import type { SummaryHistory } from '../summary.js';

export interface PrometheusContext {
  readonly prometheus: PrometheusPage;
  readonly summary: SummaryHistory;
  readonly now: () => number;
}

const MEDIA_TYPES: Readonly<Record<string, Form>> = {
  'text/plain': 'text',
  'application/openmetrics-text': 'openmetrics',
};

/** `GET /api/v1/metrics/prometheus` and, where Prometheus looks by itself, `GET /metrics`. */
export function addPrometheusRoutes(app: Api, { prometheus, summary, now }: PrometheusContext): void {
  const answer = (c: Context) => {
    const form = formOf(c);
    const page = prometheus.write(form, summary.summary(now()));
    const headers = { 'content-type': CONTENT_TYPES[form], 'cache-control': 'no-store' };
    return c.body(page, 200, headers);
  };
  for (const path of ['/api/v1/metrics/prometheus', '/metrics']) {
    const route: RouteConfig = {
      method: 'get',
      path,
      tags: ['metrics'],
      summary: 'Everything for Prometheus: its own text format or, where `Accept` asks for it, OpenMetrics 1.0',
      responses: {
        200: {
          description: 'The page',
          content: { 'text/plain': { schema: z.string() }, 'application/openmetrics-text': { schema: z.string() } },
        },
      },
    };
    addUncheckedRoute(app, route, answer);
  }
}

function formOf(c: Context): Form {
  const type = accepts(c, { header: 'Accept', supports: Object.keys(MEDIA_TYPES), default: 'text/plain' });
  return MEDIA_TYPES[type] ?? 'text';
}
