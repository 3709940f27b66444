import { type RouteConfig, z } from '@hono/zod-openapi';
import { type Api, addUncheckedRoute } from './api.js';

export interface OpenApiContext {
  readonly version: string;
  /** What the hub is called from outside, or null. */
  readonly publicUrl: string | null;
}

/** `GET /api/v1/openapi.json`: every route that was added, as OpenAPI 3.1. Written once, when it is first asked for. */
export function addOpenApiRoute(app: Api, { version, publicUrl }: OpenApiContext): void {
  let document: string | null = null;
  const route: RouteConfig = {
    method: 'get',
    path: '/api/v1/openapi.json',
    tags: ['docs'],
    summary: 'This document; /docs renders it',
    responses: { 200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: z.looseObject({}) } } } },
  };
  addUncheckedRoute(app, route, (c) => {
    document ??= JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'Auralis Hub',
          version,
          description: 'Telemetry of audio that is streamed over WebSocket. Errors are problem documents, RFC 9457.',
          license: { name: 'Apache-2.0' },
        },
        servers: [{ url: publicUrl?.replace(/\/+$/, '') ?? '/' }],
      }),
    );
    return c.body(document, 200, { 'content-type': 'application/json' });
  });
}
