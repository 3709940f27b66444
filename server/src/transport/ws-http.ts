import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { plainAddress } from './handshake.js';
import {
  answer,
  BodyBuffer,
  hasBody,
  problem,
  type RawRequest,
  type ResponseHead,
  type ResponseSink,
  toRequest,
} from './web.js';

/** What of the transport's options plain HTTP needs. */
export interface HttpOptions {
  readonly fetch: (request: Request, remoteAddress: string) => Response | Promise<Response>;
  readonly maxBodyBytes: number;
  readonly onError: (error: unknown) => void;
}

/** A peer that goes on sending a body that was refused is cut off after this long. */
const REFUSED_BODY_GRACE_MS = 1_000;

/** Answers one request. */
export async function serveNodeRequest(req: IncomingMessage, res: ServerResponse, options: HttpOptions): Promise<void> {
  const raw = rawRequest(req);
  const address = addressOf(req);
  const sink = new NodeSink(res);
  let request: Request | Response;
  if (hasBody(raw.method)) {
    const body = await readBody(req, options.maxBodyBytes);
    if (body === 'gone') return;
    if (body === 'too long') {
      res.shouldKeepAlive = false;
      res.once('finish', () => setTimeout(() => req.socket.destroy(), REFUSED_BODY_GRACE_MS).unref());
      request = problem(413, `a body is at most ${options.maxBodyBytes} bytes`);
    } else request = toRequest(raw, body);
  } else request = toRequest(raw, null);
  await answer(request, (asked) => options.fetch(asked, address), sink, options.onError);
}

export function addressOf(req: IncomingMessage): string {
  return plainAddress(req.socket.remoteAddress ?? '');
}

export function rawRequest(req: IncomingMessage): RawRequest {
  const target = req.url ?? '/';
  const mark = target.indexOf('?');
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    headers.push([(req.rawHeaders[at] as string).toLowerCase(), req.rawHeaders[at + 1] as string]);
  }
  return {
    method: req.method ?? '',
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    headers,
  };
}

/** The body; what is over the limit is read on and forgotten, so that the answer can reach who sends it. */
function readBody(req: IncomingMessage, maxBytes: number): Promise<Uint8Array | 'too long' | 'gone'> {
  return new Promise((resolve) => {
    const body = new BodyBuffer(maxBytes);
    req.on('data', (piece: Buffer) => {
      if (!body.push(piece)) resolve('too long');
    });
    req.on('end', () => resolve(body.bytes()));
    req.on('error', () => resolve('gone'));
    req.on('close', () => resolve('gone'));
  });
}

/** Writes a response to Node's. */
export class NodeSink implements ResponseSink {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  whole(head: ResponseHead, body: Uint8Array | null, contentLength: number | null): void {
    const length = body?.length ?? contentLength;
    if (length !== null) this.#res.setHeader('content-length', length);
    this.begin(head);
    this.#res.end(body ?? undefined);
  }

  begin({ status, headers }: ResponseHead): void {
    for (const [name, value] of headers) this.#res.appendHeader(name, value);
    this.#res.writeHead(status);
  }

  async write(chunk: Uint8Array): Promise<boolean> {
    const res = this.#res;
    if (res.destroyed) return false;
    if (res.write(chunk)) return true;
    const gone = new AbortController();
    const onClose = () => gone.abort();
    res.once('close', onClose);
    try {
      await once(res, 'drain', { signal: gone.signal });
      return true;
    } catch {
      return false;
    } finally {
      res.off('close', onClose);
    }
  }

  end(): void {
    this.#res.end();
  }

  abort(): void {
    this.#res.destroy();
  }
}
