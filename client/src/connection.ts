import { mayReconnect } from '@auralis/shared/codes';
import { backoffMs } from './backoff.js';
import { reportFault } from './guard.js';
import type { Runtime, Socket } from './runtime.js';

/** A server that neither answers nor refuses for this long is tried anew. */
const CONNECT_TIMEOUT_MS = 15_000;
/** A connection that lived this long was a good one: backoff starts again from its shortest. */
const STABLE_MS = 10_000;
const OPEN = 1;

/** Close codes that no peer sent: the socket died; no socket could be made. */
const CLOSED_ABNORMALLY = 1006;
export const NO_SOCKET = 0;

export interface ConnectionEvents {
  opened(): void;
  received(data: ArrayBuffer | string): void;
  /**
   * `again`: another try is on its way; otherwise this is the end. `reason`: '' where nobody gave one. Not called after
   * `close`.
   */
  lost(code: number, again: boolean, reason: string): void;
}

/** A WebSocket that comes back: full jitter between tries, for as long as the close codes allow it. */
export class Connection {
  readonly #connect: () => Socket;
  readonly #events: ConnectionEvents;
  readonly #runtime: Runtime;
  #socket: Socket | null = null;
  /** Timer of the next try, or of giving up on the present one. */
  #timer: unknown = null;
  #attempt = 0;
  #openedAt = Number.POSITIVE_INFINITY;

  /** `connect` makes a new socket; where it throws, no try could go better and the connection ends. */
  constructor(connect: () => Socket, events: ConnectionEvents, runtime: Runtime) {
    this.#connect = connect;
    this.#events = events;
    this.#runtime = runtime;
  }

  /** Bytes that wait to leave this machine. */
  get backlogBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  open(): void {
    let socket: Socket;
    try {
      socket = this.#connect();
    } catch (error) {
      reportFault(error);
      this.#events.lost(NO_SOCKET, false, (error as Error).message);
      return;
    }
    this.#socket = socket;
    this.#schedule(() => this.drop('no answer'), CONNECT_TIMEOUT_MS);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#runtime.clearTimeout(this.#timer);
      this.#openedAt = this.#runtime.now();
      this.#events.opened();
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#events.received(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(code, reason);
    };
    // A close follows each error and says as much. Some implementations throw where nobody listens.
    socket.onerror = () => {};
  }

  /** Whether it could be handed to the socket. */
  send(data: string | Uint8Array): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(data as string | Uint8Array<ArrayBuffer>);
    return true;
  }

  /** Gives up on a socket that is dead but does not know it, and tries again. */
  drop(reason = ''): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#lost(CLOSED_ABNORMALLY, reason);
    socket.close();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#runtime.clearTimeout(this.#timer);
    socket?.close(1000);
  }

  #lost(code: number, reason: string): void {
    this.#socket = null;
    this.#runtime.clearTimeout(this.#timer);
    if (this.#runtime.now() - this.#openedAt >= STABLE_MS) this.#attempt = 0;
    this.#openedAt = Number.POSITIVE_INFINITY;
    const again = mayReconnect(code);
    if (again) this.#schedule(() => this.open(), backoffMs(this.#attempt++, this.#runtime.random()));
    this.#events.lost(code, again, reason);
  }

  #schedule(run: () => void, ms: number): void {
    this.#runtime.clearTimeout(this.#timer);
    this.#timer = this.#runtime.setTimeout(run, ms);
  }
}

/** `url` as a WebSocket's: relative to the page, and ws(s) for http(s). @throws TypeError where it is no URL */
export function socketUrl(url: string): URL {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace('http', 'ws');
  return absolute;
}
