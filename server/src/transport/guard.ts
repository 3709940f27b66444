import type { Mailbox, Peer, Sender, SocketHandler, UpgradeAnswer, UpgradeRequest } from './transport.js';

/**
 * Calls handlers so that a fault is reported and ends there: one socket's must not become everybody's. One for a whole
 * transport, not one a socket: a wrapper around each handler cost 40 bytes and one more cold object a message.
 */
export class Guard {
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  open(handler: SocketHandler, peer: Peer): void {
    try {
      handler.onOpen(peer);
    } catch (error) {
      this.#onError(error);
    }
  }

  message(handler: SocketHandler, peer: Peer, data: Uint8Array, isBinary: boolean): void {
    try {
      handler.onMessage(peer, data, isBinary);
    } catch (error) {
      this.#onError(error);
    }
  }

  put(mailbox: Mailbox, sender: Sender, data: Uint8Array, isBinary: boolean): void {
    try {
      mailbox.put(sender, data, isBinary);
    } catch (error) {
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

  /** A route's answer; 500 where it throws. */
  upgrade(upgrade: (request: UpgradeRequest) => UpgradeAnswer, request: UpgradeRequest): UpgradeAnswer {
    try {
      return upgrade(request);
    } catch (error) {
      this.#onError(error);
      return { refuse: 500, message: 'a fault of the hub; its log says more' };
    }
  }
}
