import { type RouteConfig, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { CONTENT_TYPES, type Form } from '../../prometheus/exposition.js';
import type { PrometheusPage } from '../../prometheus/page.js';
import { ABBREVIATED, type SpecNames } from '../../prometheus/spec-lines.js';
import { forRole } from '../access.js';
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

/** The two pages differ in how they call the figures of the specification, and in nothing else. */
const PAGES: readonly { readonly path: string; readonly names: SpecNames; readonly summary: string }[] = [
  {
    path: '/metrics',
    names: 'base',
    summary: 'Everything for Prometheus, under names that pass `promtool check metrics`',
  },
  {
    path: '/api/v1/metrics/prometheus',
    names: 'spec',
    summary: `The page of \`/metrics\` and, as the Auralis monitoring spec names them, ${abbreviatedNames()}`,
  },
];

/**
 * `GET /metrics`, where Prometheus looks by itself, and `GET /api/v1/metrics/prometheus`, the specification's path.
 */
export function addPrometheusRoutes(app: Api, { prometheus, summary, now }: PrometheusContext): void {
  for (const { path, names, summary: title } of PAGES) {
    const route: RouteConfig = {
      method: 'get',
      path,
      ...forRole('viewer'),
      tags: ['metrics'],
      summary: title,
      description: "Prometheus' own text format or, where `Accept` asks for it, OpenMetrics 1.0",
      responses: {
        200: {
          description: 'The page',
          content: { 'text/plain': { schema: z.string() }, 'application/openmetrics-text': { schema: z.string() } },
        },
      },
    };
    addUncheckedRoute(app, route, (c: Context) => {
      const form = formOf(c);
      const page = prometheus.write(form, names, summary.summary(now()));
      return c.body(page, 200, { 'content-type': CONTENT_TYPES[form], 'cache-control': 'no-store' });
    });
  }
}

function abbreviatedNames(): string {
  const names = ABBREVIATED.map(({ family }) => `\`${family.name}\``);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function formOf(c: Context): Form {
  const type = accepts(c, { header: 'Accept', supports: Object.keys(MEDIA_TYPES), default: 'text/plain' });
  return MEDIA_TYPES[type] ?? 'text';
}
