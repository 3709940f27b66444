import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MAX_HEAD_BYTES } from '@auralis/shared';
import { type WebSocket, WebSocketServer } from 'ws';

import { Acceptance } from './acceptance.js';
import { refuse } from './answer.js';

import { type FrameRates, ratesOf } from './frame-meter.js';
import { Guard } from './guard.js';
import { asksForWebSocket, checkUpgrade, matchesPattern } from './handshake.js';
import { createHttpContext, type HttpContext } from './http-context.js';
import { listenError } from './listen-error.js';
import { isEnding, NodeSink } from './node-sink.js';
import {
  type Certificate,
  CertificateError,
  type SocketRoute,
  type StartTransport,
  type Transport,
  type TransportOptions,
  type UpgradeAnswer,
} from './transport.js';
import { headerMap } from './web.js';
import { addressOf, rawRequest, serveNodeRequest } from './ws-http.js';
import { WsPeer } from './ws-peer.js';

/**
 * A request's head must be here after this long, the whole of it after the other: the time uWebSockets allows too.
 */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** A peer that was refused and does not end its side is cut off after this long. */
const REFUSED_GRACE_MS = 1_000;
/** Unfinished messages are looked for this often. */
const DEADLINE_CHECK_MS = 1_000;
/** Largest number of fragments of one message: each costs memory beside its bytes. */
const MAX_FRAGMENTS = 256;

/** The transport on Node's own server and `ws`: wherever Node runs. */
export const startWs: StartTransport = async (options) => {
  const limits = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    // Whether a `Host` is one of ours, and whether there is one, is for `fetch` to say.
    requireHostHeader: false,
  };
  const { certificate = null } = options;
  const server =
    certificate === null ? createServer(limits) : createTlsServer({ ...limits, handshakeTimeout: HEADERS_TIMEOUT_MS });
  if (certificate !== null) setCertificate(server as TlsServer, certificate);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(options.host, options.port, error.code)));
    server.listen({ host: options.host, port: options.port, exclusive: true }, resolve);
  });
  server.on('error', options.onError);
  return new WsTransport(server, options);
};

/** @throws CertificateError */
function setCertificate(server: TlsServer, { certFile, keyFile, cert, key }: Certificate): void {
  try {
    server.setSecureContext({ cert, key });
  } catch (error) {
    throw new CertificateError(
      `Node refuses the certificate ${certFile} with the key ${keyFile}: ${(error as Error).message}`,
    );
  }
}

const headerOf = (req: IncomingMessage) => (name: string) => String(req.headers[name] ?? '');

interface Endpoint {
  readonly route: SocketRoute;
  readonly server: WebSocketServer;
  readonly rates: FrameRates;
}

class WsTransport implements Transport {
  readonly name = 'ws';
  readonly port: number;
  readonly #server: Server | TlsServer;
  readonly #http: HttpContext;
  readonly #guard: Guard;
  readonly #endpoints: readonly Endpoint[];
  readonly #sockets = new Map<WebSocket, WsPeer>();
  readonly #deadlines: NodeJS.Timeout;
  readonly #acceptance: Acceptance;
  /** All connections, as Node accepted them: below TLS, and before it has shaken hands. */
  readonly #connections = new Set<Socket>();
  /** Subprotocol of the upgrade in progress: it is chosen before `ws` asks for it. */
  #protocol: string | undefined;

  constructor(server: Server | TlsServer, options: TransportOptions) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#http = createHttpContext(options);
    this.#guard = new Guard(options.onError);
    this.#endpoints = options.routes.map((route) => ({
      route,
      server: this.#endpoint(route),
      rates: ratesOf(route, options),
    }));
    const { maxConnections = Number.POSITIVE_INFINITY, onListening = () => {} } = options;
    this.#acceptance = new Acceptance({
      maxConnections,
      // Node's own `close` of an HTTP server would also end the deadlines of those who are here.
      stop: () => NetServer.prototype.close.call(server),
      resume: () => this.#listenAgain(options.host),
      onChange: onListening,
    });
    server.on('connection', (socket: Socket) => {
      this.#connections.add(socket);
      this.#acceptance.opened();
      socket.once('close', () => {
        this.#connections.delete(socket);
        this.#acceptance.closed();
      });
    });
    server.on('request', (req, res) => this.#request(req, res));
    server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.#deadlines = setInterval(() => this.#checkDeadlines(), DEADLINE_CHECK_MS).unref();
  }

  get failedMessages(): number {
    return this.#guard.failedMessages;
  }

  replaceCertificate(certificate: Certificate): void {
    setCertificate(this.#server as TlsServer, certificate);
  }

  stopListening(): void {
    this.#acceptance.end();
    this.#server.close();
  }

  destroy(): void {
    this.stopListening();
    clearInterval(this.#deadlines);
    for (const socket of this.#connections) socket.destroy();
  }

  #listenAgain(host: string): Promise<boolean> {
    const server = this.#server;
    return new Promise((resolve) => {
      const onError = () => resolve(false);
      server.once('error', onError);
      server.listen({ host, port: this.port, exclusive: true }, () => {
        server.off('error', onError);
        resolve(true);
      });
    });
  }

  #checkDeadlines(): void {
    const now = performance.now();
    for (const peer of this.#sockets.values()) peer.checkDeadline(now);
  }

  #endpoint(route: SocketRoute): WebSocketServer {
    return new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: route.maxMessageBytes,
      maxFragments: MAX_FRAGMENTS,
      autoPong: false,
      handleProtocols: () => this.#protocol ?? false,
    });
  }

  #request(req: IncomingMessage, res: ServerResponse): void {
    if (isEnding(req.socket) || req.socket.destroyed) return;
    const header = headerOf(req);
    // Node takes what lacks `Connection: Upgrade` for a plain request.
    const refusal = asksForWebSocket(header) ? checkUpgrade(rawRequest(req), header) : null;
    if (refusal === null) serveNodeRequest(req, res, this.#http);
    else refuse(new NodeSink(res), refusal, this.#http);
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (isEnding(req.socket) || req.socket.destroyed) return;
    const header = headerOf(req);
    const raw = rawRequest(req);
    const { path, query, headers } = raw;
    const endpoint = this.#endpoints.find(({ route }) => matchesPattern(route.pattern, path));
    if (endpoint === undefined || !asksForWebSocket(header)) {
      // An upgrade to something else, or where no route takes it, is answered as the plain request that it is beside.
      serveNodeRequest(req, this.#responseTo(req, socket), this.#http);
      return;
    }
    const request = {
      path,
      query: new URLSearchParams(query),
      headers: headerMap(headers),
      remoteAddress: addressOf(req),
    };
    const answer: UpgradeAnswer =
      checkUpgrade(raw, header) ?? this.#guard.upgrade((asked) => endpoint.route.upgrade(asked), request);
    if ('refuse' in answer) {
      refuse(new NodeSink(this.#responseTo(req, socket)), answer, this.#http);
    } else this.#open(req, socket, head, endpoint, answer);
  }

  #open(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    endpoint: Endpoint,
    answer: Extract<UpgradeAnswer, { accept: unknown }>,
  ): void {
    this.#protocol = answer.protocol;
    endpoint.server.handleUpgrade(req, socket, head, (webSocket) => {
      const { route, rates } = endpoint;
      const peer = new WsPeer(webSocket, socket, answer.accept, this.#guard, route.maxBacklogBytes, rates);
      this.#sockets.set(webSocket, peer);
      webSocket.on('close', () => {
        this.#sockets.delete(webSocket);
        this.#guard.gone(answer.watcher);
      });
      peer.open(answer.watcher);
    });
  }

  /**
   * A response on a socket that Node has let go of for an upgrade. The connection ends with it: the server does not
   * know it any more, and would not time it out.
   */
  #responseTo(req: IncomingMessage, socket: Duplex): ServerResponse {
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    // A peer that resets the connection meanwhile has lost interest in the answer.
    socket.on('error', () => socket.destroy());
    res.assignSocket(socket as never);
    res.on('finish', () => {
      res.detachSocket(socket as never);
      socket.end();
      const cutOff = setTimeout(() => socket.destroy(), REFUSED_GRACE_MS);
      socket.once('close', () => clearTimeout(cutOff));
    });
    return res;
  }
}
