/**
 * A network server, as the hub needs it, without knowledge of metrics. `uws.ts` and `ws.ts` implement it. Both pass
 * the same contract suite.
 */
import type { HttpLimits } from './http-limits.js';

/** Result of `Peer.send`. The numbers are those of uWebSockets. */
export const SEND = {
  /** Written to the socket, behind bytes that wait. Over TLS `ws` has written nothing before the loop's next turn. */
  QUEUED: 0,
  /** Written to the socket; nothing waits. */
  SENT: 1,
  /** Not written, and never will be: the backlog is over its limit, or the peer is closed. */
  DROPPED: 2,
} as const;
export type SendStatus = (typeof SEND)[keyof typeof SEND];

/** One WebSocket. All methods are safe to call after it has closed, and then do nothing. */
export interface Peer {
  /** Bytes are copied before it returns: the buffer may be used again. Never throws. */
  send(message: Uint8Array | string): SendStatus;
  /** Bytes that wait in this process for the kernel to take them. */
  backlog(): number;
  /** `close` was called: whatever comes from it is no longer wanted. */
  readonly isClosing: boolean;
  /** Sends a ping with `payload` (125 bytes at most); its answer comes to `onPong`. */
  ping(payload?: Uint8Array): void;
  /** Sends a close frame behind what waits, and ends the socket without more ado after `CLOSE_GRACE_MS`. */
  close(code: number, reason: string): void;
  /** Writes made in `batch` leave together. */
  cork(batch: () => void): void;
}

/** A peer that does not answer a close frame is cut off after this long; on uWebSockets up to two seconds later. */
export const CLOSE_GRACE_MS = 3_000;

/** Close code of a socket that an exception leaves without a handler or its state (RFC 6455, 7.4.1). */
export const INTERNAL_ERROR = { code: 1011, reason: 'internal error' } as const;

/** Close code of a peer that sends more than it may (RFC 6455, 7.4.1). */
export const POLICY_VIOLATION = 1008;
/** A peer that was closed because it sends too much has this long to read why. */
export const FLOOD_GRACE_MS = 500;

/** A request, copied, so it stays valid. Header names are lower case. */
export interface UpgradeRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: ReadonlyMap<string, string>;
  readonly remoteAddress: string;
  /** Digest of the token that came with it. A transport knows none: who checks tokens adds it for the route. */
  readonly token?: string;
}

/** Answer to an upgrade: who handles the socket, or the HTTP status that refuses it. */
export type UpgradeAnswer =
  | { readonly accept: SocketHandler; readonly protocol?: string; readonly watcher?: SocketWatcher }
  | { readonly refuse: number; readonly message: string };

/**
 * Is told that a socket is there and that it is gone, once each and whatever its handler does, and nothing in
 * between.
 */
export interface SocketWatcher {
  /** Before anything happens on it. */
  opened(peer: Peer): void;
  closed(): void;
}

/** Handler of one socket. It may throw: the transport reports that to `onError`, and other sockets go on. */
export interface SocketHandler {
  onOpen(peer: Peer): void;
  /** `data` is valid only during the call: copy what you keep. Text is UTF-8, checked by the transport. */
  onMessage(peer: Peer, data: Uint8Array, isBinary: boolean): void;
  onPong(peer: Peer, payload: Uint8Array): void;
  /** Waiting bytes have left; `backlog()` is smaller than it was. */
  onDrain(peer: Peer): void;
  /**
   * The last call for this peer, never from within a method of `Peer`. After our `close` it is the only call.
   * - `code`: that of the peer's close frame, or of ours; 1006 if none came, or ours could not leave.
   * - `oversize`: a message was over its limit.
   */
  onClose(peer: Peer, code: number, oversize: boolean): void;
}

/** A kind of socket: limits hold from the upgrade on, so they are fixed for each path at the start. */
export interface SocketRoute {
  /** Path pattern, `:name` for one segment: `/api/v1/streams/:stream/listen`. */
  readonly pattern: string;
  /** A longer message ends the connection (close code 1009 or 1006). */
  readonly maxMessageBytes: number;
  /** Above this backlog `send` answers DROPPED. A socket may overshoot it by one message. */
  readonly maxBacklogBytes: number;
  /**
   * Frames a second, of every kind as far as the transport shows them, and their bytes. A socket that sends more is
   * closed (1008), and so is one with more than `MAX_CONTROL_FRAMES_PER_S` pings and pongs.
   */
  readonly maxFramesPerS: number;
  readonly maxBytesPerS: number;
  /** Decides before the upgrade; must answer at once. */
  upgrade(request: UpgradeRequest): UpgradeAnswer;
}

/** Certificate and private key, as PEM. uWebSockets reads the files by itself. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Content of `certFile`: the server's own certificate, then those of its chain. */
  readonly cert: string;
  readonly key: string;
}

export interface TransportOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Serve TLS with this certificate, and nothing else; null or missing: no TLS. */
  readonly certificate?: Certificate | null;
  readonly routes: readonly SocketRoute[];
  /**
   * Answers plain HTTP, and upgrades to a path that no route takes. `remoteAddress` is the socket's. It is called
   * before the body is here: reading that waits for it, and throws `RefusedBody` if it is not taken.
   */
  readonly fetch: (request: Request, remoteAddress: string) => Response | Promise<Response>;
  readonly http: HttpLimits;
  /** Every answer has these headers, refused upgrades too, unless it has its own. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A handler threw. */
  readonly onError: (error: unknown) => void;
  /** Connections at which the transport stops listening until there is room again; none by default. */
  readonly maxConnections?: number;
  /** The transport stopped listening because of `maxConnections`, or listens again. */
  readonly onListening?: (isListening: boolean, connections: number) => void;
  /** Return how long the loop was blocked lately, ms. Frames of that time come at once and are forgiven. */
  readonly stalledMs?: () => number;
}

export interface Transport {
  readonly name: 'uws' | 'ws';
  /** Port it listens on. */
  readonly port: number;
  /** Messages in a row whose handlers threw; 0 after one that was handled. */
  readonly failedMessages: number;
  /**
   * Serve new connections with another certificate. Open connections keep theirs. Call it only on a transport that
   * was started with a certificate.
   * @throws CertificateError; nothing has changed then
   */
  replaceCertificate(certificate: Certificate): void;
  /** Stops accepting. Sockets stay open. */
  stopListening(): void;
  /** Ends what is still open, without close frames. */
  destroy(): void;
}

/** The address is in use, or may not be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The transport cannot serve with a certificate. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/**
 * Starts a transport; rejects with `ListenError` or `CertificateError`. The port is exclusive: a second hub on it is
 * refused.
 */
export type StartTransport = (options: TransportOptions) => Promise<Transport>;
