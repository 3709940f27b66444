import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { FrameRates } from './frame-meter.js';
import type { Guard } from './guard.js';
import { checkPingPayload, closeReason } from './handshake.js';
import {
  CLOSE_GRACE_MS,
  FLOOD_GRACE_MS,
  type Peer,
  POLICY_VIOLATION,
  SEND,
  type SendStatus,
  type SocketHandler,
  type SocketWatcher,
} from './transport.js';
import { WsInlet } from './ws-inlet.js';

export class WsPeer implements Peer {
  readonly #socket: WebSocket;
  readonly #handler: SocketHandler;
  readonly #guard: Guard;
  readonly #maxBacklogBytes: number;
  /** Writes of `cork` wait here. */
  readonly #stream: Duplex;
  readonly #inlet: WsInlet;
  #closing: { readonly code: number; readonly cutOff: NodeJS.Timeout } | null = null;
  /** The close frame was still waiting when the peer was cut off. */
  #isFrameLost = false;
  #isClosed = false;
  #isOversize = false;
  /** Backlog when it was last looked at; 0 while nothing waits. */
  #waiting = 0;

  constructor(
    socket: WebSocket,
    stream: Duplex,
    handler: SocketHandler,
    guard: Guard,
    maxBacklogBytes: number,
    rates: FrameRates,
  ) {
    this.#socket = socket;
    this.#stream = stream;
    this.#handler = handler;
    this.#guard = guard;
    this.#maxBacklogBytes = maxBacklogBytes;
    this.#inlet = new WsInlet(stream, rates, (excess) => this.#cutShort(excess));
  }

  /** Begin to listen to the socket. */
  open(watcher: SocketWatcher | undefined): void {
    const socket = this.#socket;
    socket.on('message', (data, isBinary) => {
      // After `close` of ours nothing comes any more, as far as the handler knows.
      if (this.#isOpen) this.#guard.message(this.#handler, this, data as Buffer, isBinary);
    });
    socket.on('pong', (payload) => {
      if (this.#isOpen) this.#guard.pong(this.#handler, this, payload);
    });
    socket.on('ping', (payload) => {
      if (this.#isOpen && this.backlog() <= this.#maxBacklogBytes) socket.pong(payload);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.#isOversize = true;
      // A close frame that names the fault has been sent; a peer that does not answer it is cut off.
      this.#closing ??= { code: 1006, cutOff: setTimeout(this.#cutOff, CLOSE_GRACE_MS) };
    });
    socket.on('close', (code) => this.#closed(code));
    this.#guard.open(this.#handler, this, watcher);
  }

  send(message: Uint8Array | string): SendStatus {
    const socket = this.#socket;
    if (!this.#isOpen || socket.bufferedAmount > this.#maxBacklogBytes) return SEND.DROPPED;
    const isBinary = typeof message !== 'string';
    // The stream keeps what it cannot write at once, so it gets bytes of its own.
    socket.send(isBinary ? Buffer.from(message) : message, { binary: isBinary, compress: false }, this.#written);
    this.#waiting = socket.bufferedAmount;
    return this.#waiting === 0 ? SEND.SENT : SEND.QUEUED;
  }

  backlog(): number {
    return this.#isClosed ? 0 : this.#socket.bufferedAmount;
  }

  get isClosing(): boolean {
    return this.#closing !== null;
  }

  ping(payload?: Uint8Array): void {
    checkPingPayload(payload);
    if (this.#isOpen && this.backlog() <= this.#maxBacklogBytes) {
      this.#socket.ping(payload === undefined ? undefined : Buffer.from(payload));
    }
  }

  close(code: number, reason: string, graceMs = CLOSE_GRACE_MS): void {
    if (!this.#isOpen) return;
    this.#closing = { code, cutOff: setTimeout(this.#cutOff, graceMs) };
    this.#socket.close(code, closeReason(reason));
  }

  cork(batch: () => void): void {
    if (this.#isClosed) return;
    this.#stream.cork();
    try {
      batch();
    } finally {
      this.#stream.uncork();
    }
  }

  get #isOpen(): boolean {
    return !this.#isClosed && this.#closing === null && this.#socket.readyState === OPEN;
  }

  /** A message has left, or its write has failed. */
  readonly #written = () => {
    if (this.#waiting === 0 || !this.#isOpen) return;
    const waiting = this.#socket.bufferedAmount;
    if (waiting >= this.#waiting) return;
    this.#waiting = waiting;
    this.#guard.drain(this.#handler, this);
  };

  /** Close a peer that has not finished a message in time. Call it once a second. */
  checkDeadline(nowMs: number): void {
    if (this.#inlet.isLate(nowMs)) this.#cutShort('a message took too long');
  }

  /** Close, and read no more: what a peer like this sends on is not worth parsing. */
  #cutShort(reason: string): void {
    if (!this.#isOpen) return;
    this.close(POLICY_VIOLATION, reason, FLOOD_GRACE_MS);
    this.#socket.pause();
  }

  readonly #cutOff = () => {
    this.#isFrameLost = this.#socket.bufferedAmount > 0;
    this.#socket.terminate();
  };

  #closed(code: number): void {
    // 1006 says that the peer did not answer; where our frame has left, the code it carried says more.
    const ours = code === 1006 && !this.#isFrameLost ? this.#closing?.code : undefined;
    this.#isClosed = true;
    if (this.#closing !== null) clearTimeout(this.#closing.cutOff);
    this.#guard.close(this.#handler, this, ours ?? code, this.#isOversize);
  }
}

/** `WebSocket.OPEN`. */
const OPEN = 1;
