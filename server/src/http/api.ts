import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { z } from 'zod';
import { Problem } from './problem.js';

/** What routes are added to: they serve, check what they are asked, and write the OpenAPI document, all from one description. */
export type Api = OpenAPIHono;

export function createApi(): Api {
  return new OpenAPIHono({
    strict: false,
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

/** Every issue on one line: the parameter, and what is wrong with it. */
function sayIssues({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${String(path[0])}: ${message}`)).join('; ');
}
