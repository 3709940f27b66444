import type { Peer, SocketHandler, SocketWatcher, UpgradeAnswer, UpgradeRequest } from './transport.js';
import { INTERNAL_ERROR } from './transport.js';

/**
 * Calls handlers so that an exception is reported and ends there: a fault of one socket must not reach others. One
 * guard serves a whole transport, because a wrapper around each handler would cost 40 bytes a socket.
 */
export class Guard {
  /** Messages in a row whose handlers threw. */
  failedMessages = 0;
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Close a socket whose handler could not open it. */
  open(handler: SocketHandler, peer: Peer, watcher: SocketWatcher | undefined): void {
    try {
      watcher?.opened(peer);
      handler.onOpen(peer);
    } catch (error) {
      this.#onError(error);
      peer.close(INTERNAL_ERROR.code, INTERNAL_ERROR.reason);
    }
  }

  message(handler: SocketHandler, peer: Peer, data: Uint8Array, isBinary: boolean): void {
    try {
      handler.onMessage(peer, data, isBinary);
      this.failedMessages = 0;
    } catch (error) {
      this.failedMessages++;
      this.#onError(error);
    }
  }

  pong(handler: SocketHandler, peer: Peer, payload: Uint8Array): void {
    try {
      handler.onPong(peer, payload);
    } catch (error) {
      this.#onError(error);
    }
  }

  drain(handler: SocketHandler, peer: Peer): void {
    try {
      handler.onDrain(peer);
    } catch (error) {
      this.#onError(error);
    }
  }

  close(handler: SocketHandler, peer: Peer, code: number, oversize: boolean): void {
    try {
      handler.onClose(peer, code, oversize);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Tell the watcher that its socket is gone. */
  gone(watcher: SocketWatcher | undefined): void {
    try {
      watcher?.closed();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Return a route's answer, or 500 if the route throws. */
  upgrade(upgrade: (request: UpgradeRequest) => UpgradeAnswer, request: UpgradeRequest): UpgradeAnswer {
    try {
      return upgrade(request);
    } catch (error) {
      this.#onError(error);
      return { refuse: 500, message: 'internal error; the log of the hub says more' };
    }
  }
}
