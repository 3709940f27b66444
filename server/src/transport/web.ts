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

/** Where a response goes. One of `whole` or `begin … end` is called, once. */
export interface ResponseSink {
  /** All of it. `body: null`: none, and `contentLength` is what is said of it, if anything. Must not wait. */
  whole(head: ResponseHead, body: Uint8Array | null, contentLength: number | null): void;
  /** The head of a response whose length is not known. */
  begin(head: ResponseHead): void;
  /** Resolves when more may be written; to false when nobody listens any more. */
  write(chunk: Uint8Array): Promise<boolean>;
  end(): void;
  /** Cuts the connection: what was written is not all of it, and must not look so. */
  abort(): void;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Requests that carry a body; what comes with another method is not read. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const METHODS: ReadonlySet<string> = new Set([...WITH_BODY, 'GET', 'HEAD', 'OPTIONS']);
/** A name or address with a port. Anything else in `Host` could move the path (`Host: a/b?`). */
const HOST = /^[A-Za-z0-9._:[\]-]+$/;
/** The server writes these itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

export function hasBody(method: string): boolean {
  return WITH_BODY.has(method);
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

/** The request as `fetch` takes it, or the response that refuses it. */
export function toRequest(raw: RawRequest, body: Uint8Array | null): Request | Response {
  if (!METHODS.has(raw.method))
    return problem(501, `method ${JSON.stringify(raw.method.slice(0, 20))} is not known here`);
  const host = raw.headers.find(([name]) => name === 'host')?.[1] ?? '';
  if (!HOST.test(host) || !raw.path.startsWith('/')) return problem(400, 'Host or path cannot be read');
  try {
    const url = `http://${host}${raw.path}${raw.query === '' ? '' : `?${raw.query}`}`;
    const headers = new Headers(raw.headers as [string, string][]);
    // A copy: the type wants bytes that are not shared, and ours may be a view into something that is used again.
    return new Request(url, { method: raw.method, headers, ...(body === null ? {} : { body: new Uint8Array(body) }) });
  } catch {
    return problem(400, 'the request cannot be read');
  }
}

/** An error answer: a problem document of RFC 9457. */
export function problem(status: number, detail: string): Response {
  const { headers, body } = problemParts(status, detail);
  return new Response(Buffer.from(body), { status, headers: headers as [string, string][] });
}

/** Answers with a problem document at once. */
export function sendProblem(sink: ResponseSink, status: number, detail: string): void {
  const { headers, body } = problemParts(status, detail);
  sink.whole({ status, headers }, body, null);
}

function problemParts(status: number, detail: string) {
  const title = statusText(status);
  const headers: [string, string][] = [['content-type', 'application/problem+json']];
  if (status === 503 || status === 429) headers.push(['retry-after', String(RETRY_AFTER_S)]);
  return { headers, body: Buffer.from(JSON.stringify({ type: 'about:blank', title, status, detail })) };
}

export function statusText(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}

/** Asks `fetch` and sends what it answers; 500 where it throws. */
export async function answer(
  request: Request | Response,
  fetch: (request: Request) => Response | Promise<Response>,
  sink: ResponseSink,
  onError: (error: unknown) => void,
): Promise<void> {
  let response: Response;
  try {
    response = request instanceof Response ? request : await fetch(request);
  } catch (error) {
    onError(error);
    response = problem(500, 'a fault of the hub; its log says more');
  }
  try {
    await sendResponse(response, request instanceof Request && request.method === 'HEAD', sink);
  } catch (error) {
    onError(error);
    sink.abort();
  }
}

/**
 * Sends a response. One whose body comes in a single piece goes out with its length; a longer one piece by piece, as
 * fast as it is read, so that a long export takes no memory.
 */
async function sendResponse(response: Response, isHead: boolean, sink: ResponseSink): Promise<void> {
  const head = { status: response.status, headers: [...response.headers].filter(([name]) => !OWN_HEADERS.has(name)) };
  const hasNone = response.status === 204 || response.status === 304;
  if (isHead || hasNone || response.body === null) {
    await response.body?.cancel();
    const declared = response.headers.get('content-length');
    // Without a body and without HEAD the length is 0, and saying so keeps the connection usable.
    sink.whole(head, null, hasNone ? null : declared !== null ? Number(declared) : isHead ? null : 0);
    return;
  }
  const reader = response.body.getReader();
  const first = await reader.read();
  const second = first.done ? first : await reader.read();
  if (second.done) {
    sink.whole(head, first.value ?? new Uint8Array(0), null);
    return;
  }
  sink.begin(head);
  for (let piece: Piece = { done: false, value: first.value as Uint8Array }, next: Piece = second; !piece.done; ) {
    if (piece.value.length > 0 && !(await sink.write(piece.value))) {
      await reader.cancel();
      return;
    }
    piece = next;
    if (!piece.done) next = await reader.read();
  }
  sink.end();
}

type Piece = { readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: unknown };

/** Gathers a request's body up to a limit. */
export class BodyBuffer {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps a copy of `piece`; false, and nothing is kept any more, where the body is over the limit. */
  push(piece: Uint8Array): boolean {
    this.#length += piece.length;
    if (this.#length <= this.#maxBytes) this.#pieces.push(piece.slice());
    else this.#pieces = [];
    return this.#length <= this.#maxBytes;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#pieces, this.#length);
  }
}
