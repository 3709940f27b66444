import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { plainAddress } from './handshake.js';
import {
  answer,
  BodyBuffer,
  hasBody,
  problem,
  type RawRequest,
  type ResponseHead,
  type ResponseSink,
  statusText,
  toRequest,
} from './web.js';

/** What of the transport's options plain HTTP needs. */
export interface HttpOptions {
  readonly fetch: (request: Request, remoteAddress: string) => Response | Promise<Response>;
  readonly maxBodyBytes: number;
  readonly onError: (error: unknown) => void;
}

/** Answers one request. Everything is taken from `req` before this returns: it is dead afterwards. */
export function serveUwsRequest(res: HttpResponse, req: HttpRequest, options: HttpOptions): void {
  const raw = copyRequest(req);
  const address = addressOf(res);
  const sink = new UwsSink(res);
  // uWebSockets closes where it was asked to, and does not say so: a proxy would use the connection again.
  sink.closesConnection = asksToClose(raw.headers);
  const fetch = (request: Request) => options.fetch(request, address);
  const respond = (request: Request | Response) => void answer(request, fetch, sink, options.onError);
  if (!hasBody(raw.method)) {
    respond(toRequest(raw, null));
    return;
  }
  const body = new BodyBuffer(options.maxBodyBytes);
  let isDone = false;
  res.onData((piece, isLast) => {
    if (isDone) return;
    if (body.push(new Uint8Array(piece))) {
      isDone = isLast;
      if (isLast) respond(toRequest(raw, body.bytes()));
    } else {
      isDone = true;
      sink.closesConnection = true;
      respond(problem(413, `a body is at most ${options.maxBodyBytes} bytes`));
    }
  });
}

export function addressOf(res: HttpResponse): string {
  return plainAddress(Buffer.from(res.getRemoteAddressAsText()).toString());
}

export function copyRequest(req: HttpRequest): RawRequest {
  const headers: [string, string][] = [];
  req.forEach((name, value) => {
    headers.push([name, byteString(value)]);
  });
  return {
    // `getMethod` would put it into lower case in place, for every later reader too.
    method: req.getCaseSensitiveMethod(),
    path: req.getUrl(),
    query: req.getQuery() ?? '',
    headers,
  };
}

function asksToClose(headers: RawRequest['headers']): boolean {
  return headers.some(([name, value]) => name === 'connection' && /\bclose\b/i.test(value));
}

/** Header values are bytes, one a character: uWebSockets has read them as UTF-8. */
function byteString(value: string): string {
  for (let at = 0; at < value.length; at++) {
    if (value.charCodeAt(at) > 0x7f) return Buffer.from(value).toString('latin1');
  }
  return value;
}

/** Writes a response, unless the peer has gone: then it does nothing. */
export class UwsSink implements ResponseSink {
  /** Set before the response: the connection ends with it, and the response says so. */
  closesConnection = false;
  readonly #res: HttpResponse;
  #isGone = false;
  #onWritable: ((more: boolean) => void) | null = null;

  constructor(res: HttpResponse) {
    this.#res = res;
    res.onAborted(() => {
      this.#isGone = true;
      this.#onWritable?.(false);
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  whole(head: ResponseHead, body: Uint8Array | null, contentLength: number | null): void {
    this.#corked((res) => {
      this.#writeHead(res, head);
      // Told a length without a body, `endWithoutBody` waits for that body for ever: it is told none.
      if (contentLength !== null) res.writeHeader('content-length', String(contentLength));
      if (body !== null) res.end(body, this.closesConnection);
      else res.endWithoutBody();
      this.#isGone = true;
    });
  }

  begin(head: ResponseHead): void {
    this.#corked((res) => {
      this.#writeHead(res, head);
      res.onWritable(() => {
        this.#onWritable?.(true);
        return true;
      });
    });
  }

  async write(chunk: Uint8Array): Promise<boolean> {
    let isTaken = true;
    this.#corked((res) => {
      isTaken = res.write(chunk);
    });
    if (!isTaken && !this.#isGone) {
      const more = await new Promise<boolean>((resolve) => {
        this.#onWritable = resolve;
      });
      this.#onWritable = null;
      return more;
    }
    return !this.#isGone;
  }

  end(): void {
    this.#corked((res) => {
      res.end();
      this.#isGone = true;
    });
  }

  abort(): void {
    if (!this.#isGone) this.#res.close();
  }

  #writeHead(res: HttpResponse, { status, headers }: ResponseHead): void {
    res.writeStatus(`${status} ${statusText(status)}`);
    for (const [name, value] of headers) res.writeHeader(name, value);
    if (this.closesConnection) res.writeHeader('connection', 'close');
  }

  /** @throws what `write` throws, but not through native code */
  #corked(write: (res: HttpResponse) => void): void {
    if (this.#isGone) return;
    let thrown: { readonly error: unknown } | null = null;
    this.#res.cork(() => {
      try {
        write(this.#res);
      } catch (error) {
        thrown = { error };
      }
    });
    if (thrown !== null) throw (thrown as { error: unknown }).error;
  }
}
