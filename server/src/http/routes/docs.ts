import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { SWAGGER_UI_FOLDER } from '../../files.js';
import type { Api } from '../api.js';
import { type StaticFile, serveFile, staticFile } from '../static.js';

/**
 * The page needs only the hub: no internet, no badge of a validator elsewhere. Its own script and style are files,
 * because the policy of pages allows none within a page.
 */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>API · Auralis</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="./docs/swagger-ui.css">
    <link rel="stylesheet" href="./docs/docs.css">
  </head>
  <body>
    <div id="docs"></div>
    <noscript>The reference needs JavaScript. The document: <a href="./api/v1/openapi.json">openapi.json</a>.</noscript>
    <script src="./docs/swagger-ui-bundle.js"></script>
    <script src="./docs/docs.js"></script>
  </body>
</html>
`;

const STYLE = `body { margin: 0 }
.swagger-ui .topbar { display: none }
`;

const SCRIPT = `SwaggerUIBundle({
  url: './api/v1/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: 'list',
  tagsSorter: 'alpha',
  validatorUrl: null,
});
`;

const compressed = promisify(gzip);
const ALWAYS_ASK = 'no-cache';

/**
 * `GET /docs`: the reference, rendered by Swagger UI. Its 1.9 MB are read and compressed when they are first asked
 * for.
 */
export function addDocsRoutes(app: Api): void {
  const texts: ReadonlyMap<string, string> = new Map([
    ['docs.html', PAGE],
    ['docs.css', STYLE],
    ['docs.js', SCRIPT],
  ]);
  const names = [...texts.keys(), 'swagger-ui.css', 'swagger-ui-bundle.js'];
  const prepare = async (name: string): Promise<StaticFile> => {
    const text = texts.get(name);
    const bytes = new Uint8Array(
      text === undefined ? await readFile(join(SWAGGER_UI_FOLDER, name)) : Buffer.from(text),
    );
    // On a thread of zlib's own: the bundle takes 75 ms.
    return staticFile(name, bytes, new Uint8Array(await compressed(bytes)));
  };
  const prepared = new Map<string, Promise<StaticFile>>();
  const serve = async (name: string, request: Request): Promise<Response> => {
    const file = prepared.get(name) ?? prepare(name);
    prepared.set(name, file);
    return serveFile(await file, request, ALWAYS_ASK);
  };
  app.get('/docs', async (c): Promise<Response> => {
    const { pathname } = new URL(c.req.url);
    return pathname.endsWith('/') ? c.redirect('../docs', 308) : serve('docs.html', c.req.raw);
  });
  app.get('/docs/:file', (c) => {
    const file = c.req.param('file');
    return names.includes(file) ? serve(file, c.req.raw) : c.notFound();
  });
}
