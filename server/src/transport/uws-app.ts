import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocketBehavior } from 'uWebSockets.js';
import { type FrameRates, ratesOf } from './frame-meter.js';
import type { Guard } from './guard.js';
import { asksForWebSocket, checkUpgrade } from './handshake.js';
import type { HttpContext } from './http-context.js';
import { type Certificate, CertificateError, type SocketRoute, type TransportOptions } from './transport.js';
import { addressOf, copyRequest, refuseLater, serveUwsRequest } from './uws-http.js';
import { App, SSLApp } from './uws-module.js';
import { UwsPeer, type UwsSocketData } from './uws-peer.js';
import { UwsSink } from './uws-sink.js';
import { headerMap, type RawRequest } from './web.js';

/** uWebSockets.js keeps a socket that it has shut down for at most this long, until the peer closes its side too. */
const LINGER_MS = 5_000;

/** What all apps of a transport share. */
export interface UwsContext {
  readonly http: HttpContext;
  readonly guard: Guard;
  readonly options: TransportOptions;
  /** A connection has opened; it may become a WebSocket. */
  onOpened: () => void;
  /** A connection or WebSocket has closed. */
  onClosed: () => void;
}

/**
 * Return an app with all routes, which does not listen yet. uWebSockets binds a certificate to its app, so another
 * certificate needs another app.
 * @throws CertificateError
 */
export function createUwsApp(context: UwsContext, certificate: Certificate | null): TemplatedApp {
  const app = certificate === null ? App() : sslApp(certificate);
  const { http, options } = context;
  for (const route of options.routes) app.ws(route.pattern, behaviour(route, context));
  app.any('/*', (res, req) => serve(res, req, http));
  // It hears of plain connections that end; of one that became a WebSocket, the socket's own `close` tells.
  return app.filter((_, change) => (change > 0 ? context.onOpened() : context.onClosed()));
}

function sslApp({ certFile, keyFile }: Certificate): TemplatedApp {
  try {
    return SSLApp({ cert_file_name: certFile, key_file_name: keyFile });
  } catch {
    // It gives no reason.
    throw new CertificateError(
      `uWebSockets refuses the certificate ${certFile} with the key ${keyFile}: take a key of RSA, P-256 or P-384, or --transport ws`,
    );
  }
}

function behaviour(route: SocketRoute, context: UwsContext): WebSocketBehavior<UwsSocketData> {
  const { http, guard, options } = context;
  const rates = ratesOf(route, options);
  return {
    maxPayloadLength: route.maxMessageBytes,
    maxBackpressure: route.maxBacklogBytes,
    closeOnBackpressureLimit: false,
    // The hub has deadlines of its own, which a dripping peer does not reset.
    idleTimeout: 0,
    maxLifetime: 0,
    sendPingsAutomatically: false,
    compression: 0,
    upgrade: (res, req, native) => upgrade(res, req, native, route, http, guard, rates),
    open: (socket) => {
      const { peer, watcher } = socket.getUserData();
      peer.opened(socket, watcher);
    },
    message: (socket, message, isBinary) => socket.getUserData().peer.received(message, isBinary),
    ping: (socket, payload) => socket.getUserData().peer.pinged(payload),
    pong: (socket, payload) => socket.getUserData().peer.ponged(payload),
    drain: (socket) => socket.getUserData().peer.drained(),
    close: (socket, code, message) => {
      const { peer, watcher } = socket.getUserData();
      // After a close frame of ours this comes before the descriptor is free.
      if (peer.isClosing) setTimeout(context.onClosed, LINGER_MS).unref();
      else context.onClosed();
      guard.gone(watcher);
      peer.closed(code, message);
    },
  };
}

function upgrade(
  res: HttpResponse,
  req: HttpRequest,
  context: us_socket_context_t,
  route: SocketRoute,
  http: HttpContext,
  guard: Guard,
  rates: FrameRates,
): void {
  const header = (name: string) => req.getHeader(name);
  // It asks with the header of a WebSocket's key alone; what is no upgrade is a plain request.
  if (!asksForWebSocket(header)) {
    serveUwsRequest(res, req, http);
    return;
  }
  const raw = copyRequest(req);
  const answer = checkUpgrade(raw, header) ?? ask(raw, addressOf(res), route, guard);
  if ('refuse' in answer) {
    refuseLater(new UwsSink(res), answer, http);
    return;
  }
  const data: UwsSocketData = {
    peer: new UwsPeer(answer.accept, guard, rates),
    watcher: answer.watcher,
  };
  res.upgrade(data, req.getHeader('sec-websocket-key'), answer.protocol ?? '', '', context);
}

function ask({ path, query, headers }: RawRequest, remoteAddress: string, route: SocketRoute, guard: Guard) {
  const request = { path, query: new URLSearchParams(query), headers: headerMap(headers), remoteAddress };
  return guard.upgrade((asked) => route.upgrade(asked), request);
}

/** The app answers requests that no route has taken, and upgrades to other paths. */
function serve(res: HttpResponse, req: HttpRequest, http: HttpContext): void {
  const header = (name: string) => req.getHeader(name);
  const refusal = asksForWebSocket(header) ? checkUpgrade(copyRequest(req), header) : null;
  if (refusal === null) serveUwsRequest(res, req, http);
  else refuseLater(new UwsSink(res), refusal, http);
}
