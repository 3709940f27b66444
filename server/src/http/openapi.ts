import { withoutTrailingSlashes } from '@auralis/shared';
import { type RouteConfig, z } from '@hono/zod-openapi';
import { BEARER, forAnyone } from './access.js';
import { type Api, addUncheckedRoute } from './api.js';

export interface OpenApiContext {
  readonly version: string;
  /** The hub's address from outside, or null. */
  readonly publicUrl: string | null;
}

const DESCRIPTION = `Telemetry of audio that is streamed over WebSocket. Errors are problem documents, RFC 9457.

Where the hub was started with an auth file (\`--auth-file\`), each route is for a role, which a token has: \`listener\`, \`publisher\`,
\`viewer\`, or \`admin\`, which may do everything. Without such a file no token is asked for.`;

/**
 * `GET /api/v1/openapi.json`: every route that was added, as OpenAPI 3.1. Written once, when it is first asked for.
 */
export function addOpenApiRoute(app: Api, { version, publicUrl }: OpenApiContext): void {
  app.openAPIRegistry.registerComponent('securitySchemes', BEARER, {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of the hub’s auth file, as `auralis-hub token` makes them',
  });
  let document: string | null = null;
  const route: RouteConfig = {
    method: 'get',
    path: '/api/v1/openapi.json',
    ...forAnyone,
    tags: ['docs'],
    summary: 'This document; /docs renders it',
    responses: { 200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: z.looseObject({}) } } } },
  };
  addUncheckedRoute(app, route, (c) => {
    document ??= JSON.stringify(
      withRoles(
        app.getOpenAPI31Document({
          openapi: '3.1.0',
          info: {
            title: 'Auralis Hub',
            version,
            description: DESCRIPTION,
            license: { name: 'Apache-2.0' },
          },
          servers: [{ url: publicUrl === null ? '/' : withoutTrailingSlashes(publicUrl) }],
        }),
      ),
    );
    return c.body(document, 200, { 'content-type': 'application/json' });
  });
}

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

type Document = ReturnType<Api['getOpenAPI31Document']>;

/** Says of each route in words, too, whom it is for, and how it answers others. */
function withRoles(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of [path.get, path.post, path.delete]) {
      const role = operation?.security?.[0]?.[BEARER]?.[0];
      if (operation === undefined || role === undefined) continue;
      operation.description = [operation.description, `Role \`${role}\`.`].filter(Boolean).join(' ');
      operation.responses = {
        401: { description: 'No token came, or one that is not good (any more)', content: PROBLEM },
        403: { description: 'The token has another role, or is for other streams', content: PROBLEM },
        ...operation.responses,
      };
    }
  }
  return document;
}
