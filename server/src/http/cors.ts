import type { Api } from './api.js';
import type { Guard } from './guard.js';
import { Problem } from './problem.js';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const METHODS = 'GET, HEAD, POST, DELETE';
/** A browser asks again after this long. */
const PREFLIGHT_MAX_AGE_S = 600;

/** Pages and intakes for browsers on pages of any site; `/sdk/` is another. */
const FOR_EVERY_SITE: ReadonlySet<string> = new Set(['/listen', '/api/v1/cmcd']);

/**
 * Decide which pages may ask; tokens are another matter. Pages of the hub itself and of loopback addresses, or with
 * an auth file of the origins that it lists, may read and send. Pages of any origin may load the SDKs, and send CMCD
 * as they may listen. A page opened from a file, as the spec's dashboard is, may read the summary if there is no auth
 * file. All other pages are refused if they send, and if their browser says that they are of another site.
 */
export function addCors(app: Api, guard: Guard): void {
  app.use(async (c, next) => {
    const { path, method } = c.req;
    const origin = c.req.header('origin') ?? null;
    const asked = c.req.header('access-control-request-method');
    const isPreflight = method === 'OPTIONS' && asked !== undefined;
    const allowed = allowedOrigin(path, asked ?? method, origin, c.req.header('host') ?? null, guard);
    // A page may send what needs no permission to be sent, even though it could not read the answer.
    const isRefused = origin !== null && allowed === null && !READING.has(method);
    if (isRefused) throw new Problem(403, 'pages of this origin may not send here');
    if (allowed === null && isOfOtherSite((name) => c.req.header(name)) && !FOR_EVERY_SITE.has(path)) {
      throw new Problem(403, 'pages of other sites may not use this; the auth file can allow an origin');
    }
    if (!isPreflight) await next();
    else {
      c.res = new Response(null, { status: 204 });
      c.header('access-control-allow-methods', METHODS);
      c.header('access-control-allow-headers', 'authorization, content-type');
      c.header('access-control-max-age', String(PREFLIGHT_MAX_AGE_S));
    }
    c.header('vary', 'origin', { append: true });
    if (allowed !== null) c.header('access-control-allow-origin', allowed);
  });
}

/**
 * Whether a page of another site asks, and no person follows a link. Browsers say so to HTTPS and to loopback only,
 * so this is never the only defence. It keeps pages from making the hub work: an image needs no `Origin`.
 */
function isOfOtherSite(header: (name: string) => string | undefined): boolean {
  if (header('sec-fetch-site') !== 'cross-site') return false;
  return header('sec-fetch-mode') !== 'navigate' || header('sec-fetch-dest') !== 'document';
}

/** Return the value of Access-Control-Allow-Origin; null if the page may not read, or there is none. */
function allowedOrigin(
  path: string,
  method: string,
  origin: string | null,
  host: string | null,
  guard: Guard,
): string | null {
  // Also for no origin: what a cache keeps must serve the next page, too.
  if (path.startsWith('/sdk/')) return READING.has(method) ? '*' : null;
  if (origin === null) return null;
  // Where players are. The answer is counts of what they sent themselves.
  if (path === '/api/v1/cmcd') return origin;
  const isSummary = path === '/api/v1/metrics' && READING.has(method) && !guard.hasOrigins;
  return guard.mayRead(origin, host) || (isSummary && origin === 'null') ? origin : null;
}
