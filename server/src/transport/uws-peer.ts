import type { WebSocket } from 'uWebSockets.js';
import { FrameMeter, type FrameRates } from './frame-meter.js';
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

/** Data that uWebSockets keeps beside each socket. */
export interface UwsSocketData {
  readonly peer: UwsPeer;
  readonly watcher: SocketWatcher | undefined;
}

/** Close reason that uWebSockets gives with code 1006 when it ends a connection over an oversize message. */
const OVERSIZE = 'Received too big message';

export class UwsPeer implements Peer {
  readonly #handler: SocketHandler;
  readonly #guard: Guard;
  /** null before it opens and once it has closed, because every call on a closed native socket throws. */
  #socket: WebSocket<UwsSocketData> | null = null;
  #closing: { readonly code: number; readonly reason: string; readonly cutOff: NodeJS.Timeout } | null = null;
  #isEnding = false;
  readonly #rates: FrameRates;
  readonly #meter = new FrameMeter();

  constructor(handler: SocketHandler, guard: Guard, rates: FrameRates) {
    this.#handler = handler;
    this.#guard = guard;
    this.#rates = rates;
  }

  opened(socket: WebSocket<UwsSocketData>, watcher: SocketWatcher | undefined): void {
    this.#socket = socket;
    this.#guard.open(this.#handler, this, watcher);
  }

  send(message: Uint8Array | string): SendStatus {
    if (this.#socket === null || this.#closing !== null) return SEND.DROPPED;
    return this.#socket.send(message, typeof message !== 'string', false) as SendStatus;
  }

  backlog(): number {
    return this.#socket === null ? 0 : this.#socket.getBufferedAmount();
  }

  get isClosing(): boolean {
    return this.#closing !== null;
  }

  ping(payload?: Uint8Array): void {
    checkPingPayload(payload);
    if (this.#socket !== null && this.#closing === null) this.#socket.ping(payload ?? '');
  }

  close(code: number, reason: string, graceMs = CLOSE_GRACE_MS): void {
    if (this.#socket === null || this.#closing !== null) return;
    const cutOff = setTimeout(() => this.#socket?.close(), graceMs);
    this.#closing = { code, reason: closeReason(reason), cutOff };
    this.#endIfDrained();
  }

  cork(batch: () => void): void {
    if (this.#socket === null) return;
    // An exception must not pass through native code.
    let thrown: { readonly error: unknown } | null = null;
    this.#socket.cork(() => {
      try {
        batch();
      } catch (error) {
        thrown = { error };
      }
    });
    if (thrown !== null) throw (thrown as { error: unknown }).error;
  }

  /** A message has come. Once the hub has called `close`, messages no longer reach the handler. */
  received(data: ArrayBuffer, isBinary: boolean): void {
    if (this.#isWithinRates(data.byteLength, false)) {
      this.#guard.message(this.#handler, this, new Uint8Array(data), isBinary);
    }
  }

  ponged(payload: ArrayBuffer): void {
    if (this.#isWithinRates(payload.byteLength, true)) {
      this.#guard.pong(this.#handler, this, new Uint8Array(payload));
    }
  }

  pinged(payload: ArrayBuffer): void {
    this.#isWithinRates(payload.byteLength, true);
  }

  /** Count a frame; close the socket if it is one too many. */
  #isWithinRates(bytes: number, isControl: boolean): boolean {
    if (this.#closing !== null) return false;
    const excess = this.#meter.take(bytes, isControl, this.#rates);
    if (excess !== null) this.close(POLICY_VIOLATION, excess, FLOOD_GRACE_MS);
    return excess === null;
  }

  drained(): void {
    if (this.#closing === null) this.#guard.drain(this.#handler, this);
    else this.#endIfDrained();
  }

  closed(code: number, message: ArrayBuffer): void {
    this.#socket = null;
    if (this.#closing !== null) clearTimeout(this.#closing.cutOff);
    const oversize = code === 1006 && Buffer.from(message).toString() === OVERSIZE;
    // `end` calls this before it returns. The handler is told later, so that the caller of `close` finishes first.
    if (this.#isEnding) queueMicrotask(() => this.#guard.close(this.#handler, this, code, oversize));
    else this.#guard.close(this.#handler, this, code, oversize);
  }

  /**
   * Send the close frame when nothing waits any more. If the backlog is over the socket's limit, `end` loses the
   * frame. The socket then stays open if the peer keeps reading and does not close. Without a backlog, uWebSockets
   * cuts off a peer that has not answered 4 to 5 s after `end`.
   */
  #endIfDrained(): void {
    const socket = this.#socket;
    if (socket === null || this.#closing === null || socket.getBufferedAmount() > 0) return;
    this.#isEnding = true;
    socket.end(this.#closing.code, this.#closing.reason);
  }
}
