import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { getPathNoStrict } from 'hono/utils/url';
import type { z } from 'zod';
import type { Identity } from '../auth/identity.js';
import type { Holders } from '../limits/places.js';
import { pathBelow } from './prefix.js';
import { Problem } from './problem.js';

/** The application. A route serves, checks its request and writes the OpenAPI document from one description. */
export type Api = OpenAPIHono<{ Bindings: Asker }>;

/** The sender of a request. */
export interface Asker {
  /** As far as it is known: behind a proxy that is not trusted, the proxy's. */
  readonly address: string;
  readonly who: Identity;
  /** Names under which places are counted that a request takes. */
  readonly holders: Holders;
  /** It asks from the machine of the hub, and there is no proxy. */
  readonly isLocal: boolean;
}

/** `prefix`: what may stand in front of every path, '' for nothing. */
export function createApi(prefix = ''): Api {
  return new OpenAPIHono({
    // A path with a slash at its end is the same without.
    getPath: (request) => pathBelow(prefix, getPathNoStrict(request)),
    defaultHook: (result) => {
      if (!result.success) throw new Problem(400, sayIssues(result.error));
    },
  });
}

/** Adds a route that is only documented here: its handler reads and checks the request by itself. */
export function addUncheckedRoute(app: Api, route: RouteConfig, handler: (c: Context) => Response | Promise<Response>) {
  app.openAPIRegistry.registerPath(route);
  app.on(route.method.toUpperCase(), route.path.replaceAll(/{(\w+)}/g, ':$1'), handler);
}

/** Issues that an answer lists; the rest are counted. */
const MAX_ISSUES = 20;

/** Issues on one line: the parameter or field, and what is wrong with it. */
function sayIssues({ issues }: z.ZodError): string {
  const place = (path: readonly PropertyKey[]) => path.map(String).join('.');
  const said = issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => (path.length === 0 ? message : `${place(path)}: ${message}`));
  if (issues.length > MAX_ISSUES) said.push(`and ${issues.length - MAX_ISSUES} more`);
  return said.join('; ');
}
