import type { Peer, SocketHandler, UpgradeAnswer, UpgradeRequest } from './transport.js';

/**
 * Call handlers so that an exception is reported and ends there: a fault of one socket must not reach the others. One guard
 * serves a whole transport, because a wrapper around each handler would cost 40 bytes a socket.
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
