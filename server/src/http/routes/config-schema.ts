import { type RouteConfig, z } from '@hono/zod-openapi';
import { forAnyone } from '../access.js';
import { type Api, addUncheckedRoute } from '../api.js';

export interface ConfigSchemaContext {
  /** JSON Schema of the hub's config file. */
  readonly configSchema: () => object;
}

/** `GET /api/v1/config-schema.json`, for editors, which have no token. Written once, when it is first asked for. */
export function addConfigSchemaRoute(app: Api, { configSchema }: ConfigSchemaContext): void {
  let document: string | null = null;
  const route: RouteConfig = {
    method: 'get',
    path: '/api/v1/config-schema.json',
    ...forAnyone,
    tags: ['docs'],
    summary: 'JSON Schema of the config file, for editors',
    responses: { 200: { description: 'Draft 7', content: { 'application/json': { schema: z.looseObject({}) } } } },
  };
  addUncheckedRoute(app, route, (c) => {
    document ??= JSON.stringify(configSchema());
    return c.body(document, 200, { 'content-type': 'application/json' });
  });
}
