import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ResponseHead, ResponseSink } from './answer.js';

/** A peer that goes on sending a body that was refused is cut off after this long. */
const REFUSED_BODY_GRACE_MS = 1_000;

const ending = new WeakSet<Socket>();

/**
 * Whether a response has ended this connection: Node goes on to call handlers for what has come behind the request.
 */
export function isEnding(socket: Socket): boolean {
  return ending.has(socket);
}

/** Write a response to Node's. */
export class NodeSink implements ResponseSink {
  closesConnection = false;
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  whole(head: ResponseHead, body: Uint8Array | null, contentLength: number | null): number {
    const length = body?.length ?? contentLength;
    if (length !== null) this.#res.setHeader('content-length', length);
    this.begin(head);
    this.#res.end(body ?? undefined);
    return this.#res.writableLength;
  }

  begin({ status, headers }: ResponseHead): void {
    const res = this.#res;
    if (this.closesConnection) {
      const { socket } = res.req;
      ending.add(socket);
      res.shouldKeepAlive = false;
      res.once('finish', () => setTimeout(() => socket.destroy(), REFUSED_BODY_GRACE_MS).unref());
    }
    for (const [name, value] of headers) res.appendHeader(name, value);
    res.writeHead(status);
  }

  write(piece: Uint8Array): number {
    const res = this.#res;
    res.write(piece);
    // Node would write at the end of this turn, so that all of the piece would seem to wait.
    res.socket?.uncork();
    // Node says that it has drained only if it was full.
    return res.writableNeedDrain ? res.writableLength : 0;
  }

  drained(): Promise<boolean> {
    const res = this.#res;
    if (res.destroyed || res.writableFinished) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (isHere: boolean) => {
        for (const event of ['drain', 'finish']) res.off(event, onDrained);
        res.off('close', onClose);
        resolve(isHere);
      };
      const onDrained = () => settle(true);
      const onClose = () => settle(false);
      res.once('drain', onDrained);
      res.once('finish', onDrained);
      res.once('close', onClose);
    });
  }

  end(): void {
    this.#res.end();
  }

  abort(): void {
    // Also where the response still waits for an earlier one, and so has no socket.
    this.#res.req.socket.destroy();
  }
}
