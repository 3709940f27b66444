import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocketBehavior,
} from 'uWebSockets.js';
import { Acceptance } from './acceptance.js';
import { type FrameRates, ratesOf } from './frame-meter.js';
import { Guard } from './guard.js';
import { asksForWebSocket, checkUpgrade } from './handshake.js';
import { createHttpContext, type HttpContext } from './http-context.js';
import { listenError, takeExclusively } from './listen-error.js';
import type { SocketRoute, StartTransport, Transport, TransportOptions } from './transport.js';
import { addressOf, copyRequest, refuseLater, serveUwsRequest } from './uws-http.js';
import { App, us_listen_socket_close } from './uws-module.js';
import { UwsPeer, type UwsSocketData } from './uws-peer.js';
import { UwsSink } from './uws-sink.js';
import { headerMap, type RawRequest } from './web.js';

/**
 * The transport on uWebSockets.js. Importing this module throws where its binary does not load.
 *
 * uWebSockets shares its port with whoever else asks for that (SO_REUSEPORT): two hubs would split the connections
 * without an error. Its option against that also gives up SO_REUSEADDR, so that a hub which is started again finds
 * its port in use for a minute. So the port is first taken the strict way, by Node, and then handed over.
 */
export const startUws: StartTransport = async (options) => {
  const app = App();
  const http = createHttpContext(options);
  const context: Context = { http, guard: new Guard(options.onError), options, onSocketClosed: () => {} };
  for (const route of options.routes) app.ws(route.pattern, behaviour(route, context));
  app.any('/*', (res, req) => serve(res, req, http));
  return takeExclusively(options.host, options.port, (address, port) => {
    const transport = new UwsTransport(app, address, port, context);
    if (!transport.listen()) throw listenError(options.host, options.port, undefined);
    return transport;
  });
};

class UwsTransport implements Transport {
  readonly name = 'uws';
  readonly port: number;
  readonly #app: TemplatedApp;
  readonly #address: string;
  readonly #guard: Guard;
  readonly #acceptance: Acceptance;
  #listening: us_listen_socket | null = null;

  constructor(app: TemplatedApp, address: string, port: number, context: Context) {
    this.#app = app;
    this.#address = address;
    this.port = port;
    this.#guard = context.guard;
    const { maxConnections = Number.POSITIVE_INFINITY, onListening = () => {} } = context.options;
    this.#acceptance = new Acceptance({
      maxConnections,
      stop: () => this.#stop(),
      resume: async () => this.listen(),
      onChange: onListening,
    });
    // It hears of plain connections that end; of one that became a WebSocket, the socket's own `close` tells.
    app.filter((_, change) => (change > 0 ? this.#acceptance.opened() : this.#acceptance.closed()));
    context.onSocketClosed = () => this.#acceptance.closed();
  }

  /** Return whether it listens now. */
  listen(): boolean {
    this.#app.listen(this.#address, this.port, (listening) => {
      this.#listening = listening === false ? null : listening;
    });
    return this.#listening !== null;
  }

  get failedMessages(): number {
    return this.#guard.failedMessages;
  }

  stopListening(): void {
    this.#acceptance.end();
    this.#stop();
  }

  #stop(): void {
    if (this.#listening !== null) us_listen_socket_close(this.#listening);
    this.#listening = null;
  }

  destroy(): void {
    // The app must not close a socket that has closed.
    this.stopListening();
    this.#app.close();
  }
}

/** uWebSockets.js keeps a socket that it has shut down for at most this long, until the peer closes its side too. */
const LINGER_MS = 5_000;

interface Context {
  readonly http: HttpContext;
  readonly guard: Guard;
  readonly options: TransportOptions;
  /** A WebSocket has closed. */
  onSocketClosed: () => void;
}

function behaviour(route: SocketRoute, context: Context): WebSocketBehavior<UwsSocketData> {
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
      if (peer.isClosing) setTimeout(context.onSocketClosed, LINGER_MS).unref();
      else context.onSocketClosed();
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
