import { matchedRoutes } from 'hono/route';
import { type Access, decide, decideStream, type Refusal } from '../auth/decide.js';
import type { Role } from '../auth/roles.js';
import type { Api, Asker } from './api.js';
import { Problem } from './problem.js';

/** Name of the security scheme in the OpenAPI document, which has the same data as `security` of each route. */
export const BEARER = 'bearer';
const LOCAL_WITHOUT_AUTH = 'x-local-without-auth';

/** Part of a route: it is for who has this role. */
export const forRole = (role: Role) => ({ security: [{ [BEARER]: [role as string] }] });
/** Part of a route: the same; and where the hub has no auth file, it is for who asks from its own machine. */
export const forRoleOrLocal = (role: Role) => ({ ...forRole(role), [LOCAL_WITHOUT_AUTH]: true });
/** Part of a route: it needs no token. */
export const forAnyone: { security: Record<string, string[]>[] } = { security: [] };

/**
 * Not documented, and without a token: what a browser loads before it can bring one. Nothing there tells of this hub.
 */
const PAGES = ['/', '/listen', '/assets/*', '/sdk/*', '/docs', '/docs/:file'];

/**
 * Refuses who may not go where a request goes. Call what it returns when all routes are added.
 * @throws Error from there, where a route does not say whom it is for
 */
export function addAccess(app: Api): () => void {
  let accesses: ReadonlyMap<string, Access> = new Map();
  app.use(async (c, next) => {
    const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
    if (route !== undefined) {
      const access = accesses.get(`${route.method} ${route.path}`);
      if (access === undefined) throw new Error(`${route.path} was added too late`);
      assertAllowed(decide(c.env.who, access, c.env.isLocal), access.role);
    }
    await next();
  });
  return () => {
    accesses = accessesOf(app);
  };
}

/** A token may be for some streams only. `stream`: null where none is named. @throws Problem */
export function assertStream(asker: Asker, stream: string | null): void {
  assertAllowed(decideStream(asker.who, stream), null);
}

/** By method and path pattern, as Hono knows them. @throws Error where a route does not say whom it is for */
function accessesOf(app: Api): ReadonlyMap<string, Access> {
  const accesses = new Map<string, Access>();
  for (const path of PAGES) accesses.set(`GET ${path}`, { role: null, isLocalWithoutAuth: false });
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { method, path, security, [LOCAL_WITHOUT_AUTH]: isLocal } = definition.route;
    if (security === undefined) continue;
    const role = (security[0]?.[BEARER]?.[0] ?? null) as Role | null;
    const key = `${method.toUpperCase()} ${path.replaceAll(/{(\w+)}/g, ':$1')}`;
    accesses.set(key, { role, isLocalWithoutAuth: isLocal === true });
  }
  for (const { method, path } of app.routes) {
    if (method !== 'ALL' && !accesses.has(`${method} ${path}`)) {
      throw new Error(`${method} ${path} does not say whom it is for: forRole(…) or forAnyone`);
    }
  }
  return accesses;
}

function assertAllowed(refusal: Refusal | null, role: Role | null): void {
  if (refusal === null) return;
  const { status, message, error } = refusal;
  const parameters = [
    'realm="auralis"',
    ...(error === null ? [] : [`error="${error}"`]),
    ...(error === 'insufficient_scope' && role !== null ? [`scope="${role}"`] : []),
  ];
  const isAboutTokens = status === 401 || error !== null;
  throw new Problem(status, message, isAboutTokens ? { 'www-authenticate': `Bearer ${parameters.join(', ')}` } : {});
}
