/** Plain HTTP between a server's raw requests and `fetch`: what both transports need, so that both answer alike. */
import { STATUS_CODES } from 'node:http';
import { RETRY_AFTER_S } from '@auralis/shared';

/** A request as it came, copied. Header names are lower case; one that came twice is there twice. */
export interface RawRequest {
  readonly method: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** Without the question mark; '' where there is none. */
  readonly query: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A refusal: HTTP status and what is wrong, for people. */
export interface Refusal {
  readonly refuse: number;
  readonly message: string;
}

/** Requests that carry a body; what comes with another method is not read. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const METHODS: ReadonlySet<string> = new Set([...WITH_BODY, 'GET', 'HEAD', 'OPTIONS']);
/** A name or address with a port. Anything else in `Host` could move the path (`Host: a/b?`). */
const HOST = /^[A-Za-z0-9._:[\]-]+$/;
/** A row's id has at most 200 characters, each 9 when percent-encoded. Matching a path costs up to 2 µs a segment. */
const MAX_PATH_CHARACTERS = 2_048;

export function hasBody({ method, headers }: RawRequest): boolean {
  if (!WITH_BODY.has(method)) return false;
  return headers.some(([name, value]) => name === 'transfer-encoding' || (name === 'content-length' && value !== '0'));
}

/** Headers by name; the values of one that came more than once are joined. */
export function headerMap(headers: RawRequest['headers']): Map<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = map.get(name);
    map.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return map;
}

/** Return the request as `fetch` takes it, or the response that refuses it. */
export function toRequest(
  raw: RawRequest,
  body: ReadableStream<Uint8Array> | null,
  scheme: 'http' | 'https',
): Request | Response {
  if (!METHODS.has(raw.method))
    return problem(501, `method ${JSON.stringify(raw.method.slice(0, 20))} is not known here`);
  const host = raw.headers.find(([name]) => name === 'host')?.[1] ?? '';
  if (!HOST.test(host) || !raw.path.startsWith('/')) return problem(400, 'Host or path cannot be read');
  if (raw.path.length > MAX_PATH_CHARACTERS)
    return problem(414, `the path: at most ${MAX_PATH_CHARACTERS} characters, not ${raw.path.length}`);
  try {
    const url = `${scheme}://${host}${raw.path}${raw.query === '' ? '' : `?${raw.query}`}`;
    const headers = new Headers(raw.headers as [string, string][]);
    const init = { method: raw.method, headers, ...(body === null ? {} : { body, duplex: 'half' }) };
    return new Request(url, init as RequestInit);
  } catch {
    return problem(400, 'the request cannot be read');
  }
}

/** An error answer: a problem document of RFC 9457. */
export function problem(status: number, detail: string): Response {
  const { headers, body } = problemParts(status, detail);
  return new Response(body, { status, headers });
}

/** Headers and body of a problem document. */
export function problemParts(status: number, detail: string) {
  const title = statusText(status);
  const headers: [string, string][] = [['content-type', 'application/problem+json']];
  if (status === 503 || status === 429) headers.push(['retry-after', String(RETRY_AFTER_S)]);
  return { headers, body: Buffer.from(JSON.stringify({ type: 'about:blank', title, status, detail })) };
}

export function statusText(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}
