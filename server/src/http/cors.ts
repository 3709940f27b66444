import type { Api } from './api.js';
import type { Guard } from './guard.js';
import { Problem } from './problem.js';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const METHODS = 'GET, HEAD, POST, DELETE';
/** A browser asks again after this long. */
const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Which pages may ask; who brings a token for what is another matter. Those of the hub itself and of loopback addresses, or
 * where there is an auth file of the origins that it lists, may read and send; those of any origin may load
 * the SDKs, and send CMCD as they may listen; and a page that was opened from a file, as the spec's dashboard is, may read
 * the summary, where there is no auth file. No other.
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

/** What the answer says in Access-Control-Allow-Origin; null: nothing, for no page or one that may not. */
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
