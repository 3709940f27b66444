import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { answer, refuse } from './answer.js';
import { framingFault } from './framing.js';
import { plainAddress } from './handshake.js';
import type { HttpContext } from './http-context.js';
import { RequestBody } from './request-body.js';
import { UwsSink } from './uws-sink.js';
import { hasBody, type RawRequest, type Refusal, toRequest } from './web.js';

/** Answer one request. Everything is taken from `req` before this returns: it is dead afterwards. */
export function serveUwsRequest(res: HttpResponse, req: HttpRequest, http: HttpContext): void {
  const raw = copyRequest(req);
  const address = addressOf(res);
  const body = hasBody(raw) ? new RequestBody(http.limits, http.bodies, address, () => sink.abort()) : null;
  const sink = new UwsSink(res, asksToClose(raw.headers), () => body?.gone());
  const fault = framingFault(raw);
  if (fault !== null) {
    refuseLater(sink, fault, http);
    return;
  }
  if (body !== null) {
    res.onData((piece, isLast) => {
      body.push(new Uint8Array(piece));
      if (isLast) body.end();
    });
  }
  // While this one waits, uWebSockets closes the connection if another request comes, so each has one that waits.
  http.pacer.run(address, sink, () => {
    if (sink.isGone) {
      body?.close();
      return false;
    }
    void answer(toRequest(raw, body?.stream ?? null, http.scheme), body, address, sink, http);
    return true;
  });
}

/**
 * Refuse a request and end its connection. After an answer uWebSockets would still serve what came behind the request
 * in the same packet; while none is given it closes the connection instead.
 */
export function refuseLater(sink: UwsSink, refusal: Refusal, http: HttpContext): void {
  setImmediate(refuse, sink, refusal, http);
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
