import type { Peer, SocketHandler, UpgradeAnswer, UpgradeRequest } from './transport.js';

/** A handler whose faults are reported and end there: one socket's must not become everybody's. */
export class GuardedHandler implements SocketHandler {
  readonly #handler: SocketHandler;
  readonly #onError: (error: unknown) => void;

  constructor(handler: SocketHandler, onError: (error: unknown) => void) {
    this.#handler = handler;
    this.#onError = onError;
  }

  onOpen(peer: Peer): void {
    try {
      this.#handler.onOpen(peer);
    } catch (error) {
      this.#onError(error);
    }
  }

  onMessage(peer: Peer, data: Uint8Array, isBinary: boolean): void {
    try {
      this.#handler.onMessage(peer, data, isBinary);
    } catch (error) {
      this.#onError(error);
    }
  }

  onPong(peer: Peer, payload: Uint8Array): void {
    try {
      this.#handler.onPong(peer, payload);
    } catch (error) {
      this.#onError(error);
    }
  }

  onDrain(peer: Peer): void {
    try {
      this.#handler.onDrain(peer);
    } catch (error) {
      this.#onError(error);
    }
  }

  onClose(peer: Peer, code: number, oversize: boolean): void {
    try {
      this.#handler.onClose(peer, code, oversize);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** A route's answer; 500 where it throws. */
export function guardedUpgrade(
  upgrade: (request: UpgradeRequest) => UpgradeAnswer,
  request: UpgradeRequest,
  onError: (error: unknown) => void,
): UpgradeAnswer {
  try {
    return upgrade(request);
  } catch (error) {
    onError(error);
    return { refuse: 500, message: 'a fault of the hub; its log says more' };
  }
}
