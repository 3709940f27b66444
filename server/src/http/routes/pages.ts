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
  // Pages name what they load relative to themselves, so that it is found behind a path prefix too.
  const page = (path: string, file: string) =>
    app.get(path, (c) => {
      const { pathname, search } = new URL(c.req.url);
      if (path === '/' && !pathname.endsWith('/')) return c.redirect(`${pathname}/${search}`, 308);
      if (path !== '/' && pathname.endsWith('/')) return c.redirect(`..${path}${search}`, 308);
      const response = files.serve(file, c.req.raw, ALWAYS_ASK);
      if (response === null) throw new Problem(404, 'the pages are not built: run pnpm build');
      return response;
    });
  page('/', 'dashboard/index.html');
  page('/listen', 'listen/index.html');
  app.get('/assets/*', (c) => files.serve(c.req.path.slice(1), c.req.raw, FOREVER) ?? c.notFound());
  app.get('/sdk/*', (c) => files.serve(c.req.path.slice(1), c.req.raw, ALWAYS_ASK) ?? c.notFound());
}
