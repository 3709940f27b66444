import type { Api } from '../api.js';
import { Problem } from '../problem.js';
import type { StaticFiles } from '../static.js';

export interface PagesContext {
  readonly files: StaticFiles;
}

/** Hashed names never change their content; pages and SDKs are asked for again each time. */
const FOREVER = 'public, max-age=31536000, immutable';
const ALWAYS_ASK = 'no-cache';

/** The pages, what they are made of, and the SDKs. */
export function addPageRoutes(app: Api, { files }: PagesContext): void {
  const page = (path: string, file: string) =>
    app.get(path, (c) => {
      const response = files.serve(file, c.req.raw, ALWAYS_ASK);
      if (response === null) throw new Problem(404, 'the pages are not built: run pnpm build');
      return response;
    });
  page('/', 'dashboard/index.html');
  page('/listen', 'listen/index.html');
  app.get('/assets/*', (c) => files.serve(c.req.path.slice(1), c.req.raw, FOREVER) ?? c.notFound());
  app.get('/sdk/*', async (c) => {
    const response = files.serve(c.req.path.slice(1), c.req.raw, ALWAYS_ASK) ?? (await c.notFound());
    // The one thing that any page may read: a page of another origin has to load the SDK from here.
    response.headers.set('access-control-allow-origin', '*');
    return response;
  });
}
