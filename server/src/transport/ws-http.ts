import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_PIPELINED_REQUESTS } from '@auralis/shared';
import { answer, refuse } from './answer.js';
import { framingFault } from './framing.js';
import { plainAddress } from './handshake.js';
import type { HttpContext } from './http-context.js';
import { NodeSink } from './node-sink.js';
import { RequestBody } from './request-body.js';
import { hasBody, type RawRequest, toRequest } from './web.js';

/** Requests of each connection that wait for their turn. */
const waiting = new WeakMap<Socket, number>();

/** Answer one request, in its turn. Ends the connection if too many of its requests wait. */
export function serveNodeRequest(req: IncomingMessage, res: ServerResponse, http: HttpContext): void {
  const { socket } = req;
  const count = (waiting.get(socket) ?? 0) + 1;
  if (count > MAX_PIPELINED_REQUESTS) {
    socket.destroy();
    return;
  }
  const raw = rawRequest(req);
  const sink = new NodeSink(res);
  const fault = framingFault(raw);
  if (fault !== null) {
    refuse(sink, fault, http);
    return;
  }
  const address = addressOf(req);
  waiting.set(socket, count);
  http.pacer.run(address, socket, () => {
    waiting.set(socket, (waiting.get(socket) as number) - 1);
    if (socket.destroyed) return false;
    const body = hasBody(raw) ? bodyOf(req, sink, address, http) : null;
    void answer(toRequest(raw, body?.stream ?? null, http.scheme), body, address, sink, http);
    return true;
  });
}

/** The body, read when a route asks for it. Node itself holds a few KB until then. */
function bodyOf(req: IncomingMessage, sink: NodeSink, address: string, { limits, bodies }: HttpContext): RequestBody {
  const begin = () => {
    // A body that is refused is read on and forgotten, so that the answer can reach its sender.
    req.on('data', (piece: Buffer) => body.push(piece));
    req.on('end', () => body.end());
    req.on('error', () => body.gone());
    req.on('close', () => body.gone());
  };
  const body = new RequestBody(limits, bodies, address, () => sink.abort(), begin);
  return body;
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
