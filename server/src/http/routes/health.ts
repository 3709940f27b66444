import { createRoute, z } from '@hono/zod-openapi';
import { forAnyone, forRole } from '../access.js';
import type { Api } from '../api.js';
import { healthSchema, statusOf } from '../health.js';
import { choice, named } from '../parameters.js';
import { problems } from '../problem.js';
import type { SummaryHistory } from '../summary.js';

export interface HealthContext {
  readonly summary: SummaryHistory;
  readonly now: () => number;
  readonly isDraining: () => boolean;
  /** The part of the hub that no longer works; null while everything does. */
  readonly failing: () => string | null;
}

const aliveSchema = z.object({ status: z.literal('alive') });
const failingSchema = z.object({
  status: z.literal('failing'),
  part: z.string().openapi({ description: 'The part of the hub that no longer works' }),
});
const readySchema = z.object({ status: z.enum(['ready', 'draining']) });
const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});

/** Is it alive, does it take connections, and is what it watches well? */
export function addHealthRoutes(app: Api, { summary, now, isDraining, failing }: HealthContext): void {
  const alive = createRoute({
    method: 'get',
    path: '/healthz',
    ...forAnyone,
    tags: ['status'],
    summary: 'Is it alive?',
    responses: {
      200: json('It is', aliveSchema),
      503: json('It takes no messages, or a part of it has not worked for 10 s: restart it', failingSchema),
    },
  });
  app.openapi(alive, (c) => {
    const part = failing();
    return part === null
      ? c.json({ status: 'alive' as const }, 200)
      : c.json({ status: 'failing' as const, part }, 503);
  });

  const ready = createRoute({
    method: 'get',
    path: '/readyz',
    ...forAnyone,
    tags: ['status'],
    summary: 'Does it take connections? Before it listens, nothing answers',
    responses: { 200: json('It does', readySchema), 503: json('It is shutting down', readySchema) },
  });
  app.openapi(ready, (c) =>
    isDraining() ? c.json({ status: 'draining' as const }, 503) : c.json({ status: 'ready' as const }, 200),
  );

  const health = createRoute({
    method: 'get',
    path: '/api/v1/metrics/health',
    ...forRole('viewer'),
    tags: ['metrics', 'status'],
    summary: 'Is what it watches well? The checks of the Auralis monitoring spec, each with its figure and limit',
    request: {
      query: named({ strict: choice(['0', '1'], '0', '1: what nobody has reported counts as failing') }),
    },
    responses: {
      200: json('Nothing is failing', healthSchema),
      503: json('A check is failing', healthSchema),
      ...problems({ 400: 'strict is neither 0 nor 1' }),
    },
  });
  app.openapi(health, (c) => {
    const found = statusOf(summary.summary(now()), c.req.valid('query').strict === '1');
    return found.status === 'unhealthy' ? c.json(found, 503) : c.json(found, 200);
  });
}
