import {
  App,
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type us_listen_socket,
  us_listen_socket_close,
  type us_socket_context_t,
  us_socket_local_port,
  type WebSocketBehavior,
} from 'uWebSockets.js';
import { sendProblem } from './answer.js';
import { type FrameRates, ratesOf } from './frame-meter.js';
import { Guard } from './guard.js';
import { asksForWebSocket, checkHandshake } from './handshake.js';
import { createHttpContext, type HttpContext } from './http-context.js';
import { listenError, takeExclusively } from './listen-error.js';
import type { SocketRoute, StartTransport, Transport, TransportOptions } from './transport.js';
import { addressOf, copyRequest, serveUwsRequest } from './uws-http.js';
import { UwsPeer, type UwsSocketData } from './uws-peer.js';
import { UwsSink } from './uws-sink.js';
import { headerMap } from './web.js';

/**
 * The transport on uWebSockets.js. Importing this module throws where its binary does not load.
 *
 * uWebSockets shares its port with whoever else asks for that (SO_REUSEPORT): two hubs would split the connections without
 * an error. Its option against that also gives up SO_REUSEADDR, so that a hub which is started again finds its port in use
 * for a minute. So the port is first taken the strict way, by Node, and then handed over.
 */
export const startUws: StartTransport = async (options) => {
  const app = App();
  const http = createHttpContext(options);
  const context = { http, guard: new Guard(options.onError), options };
  for (const route of options.routes) app.ws(route.pattern, behaviour(route, context));
  app.any('/*', (res, req) => serve(res, req, http));
  const listening = await takeExclusively(options.host, options.port, (address, port) => {
    let socket: us_listen_socket | false = false;
    app.listen(address, port, (taken) => {
      socket = taken;
    });
    return socket as us_listen_socket | false;
  });
  if (listening === false) throw listenError(options.host, options.port, undefined);
  return new UwsTransport(app, listening, context.guard);
};

class UwsTransport implements Transport {
  readonly name = 'uws';
  readonly port: number;
  readonly #app: TemplatedApp;
  readonly #guard: Guard;
  #listening: us_listen_socket | null;

  constructor(app: TemplatedApp, listening: us_listen_socket, guard: Guard) {
    this.#app = app;
    this.#guard = guard;
    this.#listening = listening;
    this.port = us_socket_local_port(listening);
  }

  get failedMessages(): number {
    return this.#guard.failedMessages;
  }

  stopListening(): void {
    if (this.#listening !== null) us_listen_socket_close(this.#listening);
    this.#listening = null;
  }

  destroy(): void {
    // What has closed must not be closed again by the app.
    this.stopListening();
    this.#app.close();
  }
}

interface Context {
  readonly http: HttpContext;
  readonly guard: Guard;
  readonly options: TransportOptions;
}

function behaviour(route: SocketRoute, { http, guard, options }: Context): WebSocketBehavior<UwsSocketData> {
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
    upgrade: (res, req, context) => upgrade(res, req, context, route, http, guard, rates),
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
  const answer = checkHandshake(req.getCaseSensitiveMethod(), header) ?? ask(res, req, route, guard);
  if ('refuse' in answer) {
    sendProblem(new UwsSink(res), answer.refuse, answer.message, http);
    return;
  }
  const data: UwsSocketData = {
    peer: new UwsPeer(answer.accept, guard, rates),
    watcher: answer.watcher,
  };
  res.upgrade(data, req.getHeader('sec-websocket-key'), answer.protocol ?? '', '', context);
}

function ask(res: HttpResponse, req: HttpRequest, route: SocketRoute, guard: Guard) {
  const { path, query, headers } = copyRequest(req);
  const request = {
    path,
    query: new URLSearchParams(query),
    headers: headerMap(headers),
    remoteAddress: addressOf(res),
  };
  return guard.upgrade((asked) => route.upgrade(asked), request);
}

/** What no route has taken: plain requests, and upgrades to other paths, for the app knows best what to say of those. */
function serve(res: HttpResponse, req: HttpRequest, http: HttpContext): void {
  const header = (name: string) => req.getHeader(name);
  const refusal = asksForWebSocket(header) ? checkHandshake(req.getCaseSensitiveMethod(), header) : null;
  if (refusal === null) serveUwsRequest(res, req, http);
  else sendProblem(new UwsSink(res), refusal.refuse, refusal.message, http);
}
