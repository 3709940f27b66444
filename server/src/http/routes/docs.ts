import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Api } from '../api.js';

/** Everything comes from the hub, so that it works without the internet. No badge of a validator elsewhere, either. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>API · Auralis</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="./docs/swagger-ui.css">
    <style>body { margin: 0 } .swagger-ui .topbar { display: none }</style>
  </head>
  <body>
    <div id="docs"></div>
    <noscript>The reference needs JavaScript. The document: <a href="./api/v1/openapi.json">openapi.json</a>.</noscript>
    <script src="./docs/swagger-ui-bundle.js"></script>
    <script>
      SwaggerUIBundle({
        url: './api/v1/openapi.json',
        dom_id: '#docs',
        deepLinking: true,
        defaultModelsExpandDepth: 0,
        displayRequestDuration: true,
        docExpansion: 'list',
        tagsSorter: 'alpha',
        validatorUrl: null,
      });
    </script>
  </body>
</html>
`;

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** `GET /docs`: the reference, rendered by Swagger UI. Its 1.9 MB are read when they are asked for, and not kept. */
export function addDocsRoutes(app: Api): void {
  const { resolve } = createRequire(import.meta.url);
  const { version } = createRequire(import.meta.url)('swagger-ui-dist/package.json') as { version: string };
  const root = dirname(resolve('swagger-ui-dist/package.json'));
  const etag = `"${version}"`;
  app.get('/docs', (c) => {
    const { pathname } = new URL(c.req.url);
    if (pathname.endsWith('/')) return c.redirect('../docs', 308);
    return c.html(PAGE, 200, { 'cache-control': 'no-cache' });
  });
  app.get('/docs/:file', async (c) => {
    const file = c.req.param('file');
    const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
    if (type === undefined) return c.notFound();
    const headers = { 'content-type': type, 'cache-control': 'no-cache', etag };
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
    return c.body(new Uint8Array(await readFile(join(root, file))), 200, headers);
  });
}
