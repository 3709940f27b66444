import type { Runtime, Socket } from '@auralis/client';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that moves by `advance` alone, timers that fire in order, dice that always show `dice`. */
export class FakeRuntime implements Runtime {
  time = 1_700_000_000_000;
  dice = 0.5;
  readonly timers = new Map<number, Timer>();
  #next = 1;

  readonly now = (): number => this.time;
  readonly random = (): number => this.dice;

  readonly setTimeout = (run: () => void, ms: number): unknown => {
    this.timers.set(this.#next, { at: this.time + ms, run });
    return this.#next++;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.timers.delete(timer as number);
  };

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at);
      if (next === undefined) break;
      const [id, { at, run }] = next;
      this.timers.delete(id);
      this.time = Math.max(this.time, at);
      run();
    }
    this.time = end;
  }

  /** As when a page is frozen: time goes on and no timer runs; those that are due run at the next `advance`. */
  freeze(ms: number): void {
    this.time += ms;
  }
}

/** A WebSocket in the hands of a test. */
export class FakeSocket implements Socket {
  binaryType = 'blob';
  readyState = 0;
  bufferedAmount = 0;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly url: string;
  readonly protocols: readonly string[];
  /** Messages of the client that were not taken yet. */
  sent: (string | Uint8Array)[] = [];
  /** Code of the client's own close, 1005 where it gave none. */
  closedWith: number | null = null;

  constructor(url: string, protocols: string[] = []) {
    this.url = url;
    this.protocols = protocols;
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== 1) throw new Error('the socket is not open');
    this.sent.push(typeof data === 'string' ? data : data.slice());
  }

  close(code?: number): void {
    this.readyState = 2;
    this.closedWith = code ?? 1005;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  receive(data: string | Uint8Array): void {
    this.onmessage?.({ data: typeof data === 'string' ? data : data.slice().buffer });
  }

  /** The connection ends, by the hub or by itself. */
  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  takeSent(): (string | Uint8Array)[] {
    return this.sent.splice(0);
  }
}

/** Constructor for a client's `WebSocket` option, and the sockets that it made. */
export function fakeSockets(): { readonly WebSocket: typeof FakeSocket; readonly made: FakeSocket[] } {
  const made: FakeSocket[] = [];
  class Recorded extends FakeSocket {
    constructor(url: string, protocols?: string[]) {
      super(url, protocols);
      made.push(this);
    }
  }
  return { WebSocket: Recorded, made };
}

export function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new Error('there is none');
  return item;
}
