import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '../api.js';

const aliveSchema = z.object({ status: z.literal('alive') });

/** `GET /healthz`: the process runs. */
export function addHealthRoutes(app: Api): void {
  const route = createRoute({
    method: 'get',
    path: '/healthz',
    tags: ['health'],
    summary: 'Is it alive?',
    responses: { 200: { description: 'It is', content: { 'application/json': { schema: aliveSchema } } } },
  });
  app.openapi(route, (c) => c.json({ status: 'alive' as const }, 200));
}
