import type { Api } from './api.js';

export interface OpenApiContext {
  readonly version: string;
  /** What the hub is called from outside, or null. */
  readonly publicUrl: string | null;
}

/** `GET /api/v1/openapi.json`: every route that was added, as OpenAPI 3.1. Written once, when it is first asked for. */
export function addOpenApiRoute(app: Api, { version, publicUrl }: OpenApiContext): void {
  let document: string | null = null;
  app.get('/api/v1/openapi.json', (c) => {
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
