import type { HttpResponse } from 'uWebSockets.js';
import type { ResponseHead, ResponseSink } from './answer.js';
import { statusText } from './web.js';

/** Write a response to uWebSockets. Does nothing once the peer has gone. */
export class UwsSink implements ResponseSink {
  closesConnection: boolean;
  readonly #res: HttpResponse;
  readonly #isAskedToClose: boolean;
  #isGone = false;
  /** The rest of a body of known length that the peer has not taken yet. */
  #rest: Uint8Array | null = null;
  #total = 0;
  #onDrained: ((isHere: boolean) => void) | null = null;

  /** `isAskedToClose`: the peer wants the connection to end with the response. `onGone`: the peer has left before. */
  constructor(res: HttpResponse, isAskedToClose = false, onGone: () => void = () => {}) {
    this.#res = res;
    this.#isAskedToClose = isAskedToClose;
    this.closesConnection = isAskedToClose;
    res.onAborted(() => {
      this.#isGone = true;
      this.#rest = null;
      onGone();
      this.#onDrained?.(false);
    });
  }

  /** Whether the response is over, or its peer has left. */
  get isGone(): boolean {
    return this.#isGone;
  }

  whole(head: ResponseHead, body: Uint8Array | null, contentLength: number | null): number {
    this.#corked((res) => {
      this.#writeHead(res, head);
      // Do not tell `endWithoutBody` a length: it would wait for that body without end.
      if (contentLength !== null) res.writeHeader('content-length', String(contentLength));
      if (body === null) res.endWithoutBody();
      // Only `end` can close the connection without being asked to, and such answers are small.
      else if (this.closesConnection !== this.#isAskedToClose || body.length === 0)
        res.end(body, this.closesConnection);
      else {
        this.#total = body.length;
        this.#rest = body;
        if (!this.#writeRest()) res.onWritable(() => this.#writable());
        return;
      }
      this.#isGone = true;
    });
    return this.#rest?.length ?? 0;
  }

  begin(head: ResponseHead): void {
    this.#corked((res) => {
      this.#writeHead(res, head);
      res.onWritable(() => this.#writable());
    });
  }

  write(piece: Uint8Array): number {
    let isTaken = true;
    this.#corked((res) => {
      isTaken = res.write(piece);
    });
    return isTaken ? 0 : piece.length;
  }

  async drained(): Promise<boolean> {
    if (this.#isGone) return false;
    const isHere = await new Promise<boolean>((resolve) => {
      this.#onDrained = resolve;
    });
    this.#onDrained = null;
    return isHere;
  }

  end(): void {
    this.#corked((res) => {
      res.end();
      this.#isGone = true;
    });
  }

  abort(): void {
    if (!this.#isGone) this.#res.close();
  }

  /** The socket takes bytes again. */
  #writable(): boolean {
    if (this.#isGone) return true;
    if (this.#rest !== null && !this.#writeRest()) return false;
    this.#onDrained?.(true);
    return true;
  }

  /** Write as much as the socket takes. Return true when that is all. The rest is not copied. */
  #writeRest(): boolean {
    const rest = this.#rest as Uint8Array;
    const before = this.#res.getWriteOffset();
    const [, isDone] = this.#res.tryEnd(rest, this.#total);
    if (isDone) {
      this.#isGone = true;
      this.#rest = null;
      return true;
    }
    this.#rest = rest.subarray(this.#res.getWriteOffset() - before);
    return false;
  }

  #writeHead(res: HttpResponse, { status, headers }: ResponseHead): void {
    res.writeStatus(`${status} ${statusText(status)}`);
    for (const [name, value] of headers) res.writeHeader(name, value);
    // uWebSockets says that it closes only if the peer did not ask for it, and a proxy would use the connection
    // again.
    if (this.#isAskedToClose) res.writeHeader('connection', 'close');
  }

  /** @throws what `write` throws, but not through native code */
  #corked(write: (res: HttpResponse) => void): void {
    if (this.#isGone) return;
    let thrown: { readonly error: unknown } | null = null;
    this.#res.cork(() => {
      try {
        write(this.#res);
      } catch (error) {
        thrown = { error };
      }
    });
    if (thrown !== null) throw (thrown as { error: unknown }).error;
  }
}
