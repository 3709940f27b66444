import type { IncomingMessage } from 'node:http';
import {
  bearer,
  CLOSE,
  mayReconnect,
  SUBPROTOCOLS,
  TOKEN_ADVICE,
  type Wire,
  withoutTrailingSlashes,
} from '@auralis/shared';
import WebSocket from 'ws';

/** A snapshot of a million rows takes about 100 MB. A larger message does not come from a hub. */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
/** A server that neither answers nor refuses for this long is tried again. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that lasted this long was good: the backoff starts from its shortest delay again. */
const STABLE_MS = 10_000;
const TICK_MS = 1_000;
const BACKOFF_BASE_MS = 500;
const BACKOFF_MAX_MS = 20_000;
/** The part of a refusal's text that is shown. */
const MAX_REASON_CHARACTERS = 300;

export interface LinkEvents {
  opened(): void;
  /**
   * Called with each message. When it throws, the message was unreadable: the connection ends, and a new one is made.
   */
  received(wire: Wire): void;
  /** Called when the connection is lost or cannot be made. `again` tells whether another try follows. */
  lost(why: string, again: boolean): void;
}

/**
 * A WebSocket to the hub that reconnects. It waits a random delay between tries, for as long as the close codes allow
 * it. A connection that is silent for `silentMs` counts as dead.
 */
export class Link {
  readonly #url: URL;
  readonly #token: string | null;
  readonly #silentMs: number;
  readonly #events: LinkEvents;
  #socket: WebSocket | null = null;
  #retry: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #attempt = 0;
  #openedAt = Number.POSITIVE_INFINITY;
  #heardAt = 0;
  #wasOpen = false;

  /**
   * `url` is that of `/api/v1/live`. `silentMs` must be longer than the hub is ever silent. `open` makes the
   * connection.
   */
  constructor(url: URL, token: string | null, silentMs: number, events: LinkEvents) {
    this.#url = url;
    this.#token = token;
    this.#silentMs = silentMs;
    this.#events = events;
  }

  open(): void {
    const socket = new WebSocket(this.#url, [SUBPROTOCOLS.msgpack], {
      headers: bearer(this.#token),
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    this.#socket = socket;
    const isPresent = () => socket === this.#socket;
    let why = 'the connection was lost';
    socket.on('open', () => isPresent() && this.#opened());
    socket.on('message', (data: Buffer, isBinary) => isPresent() && this.#received(data, isBinary));
    socket.on('ping', () => this.#heard());
    socket.on('error', (error: NodeJS.ErrnoException) => (why = error.message || (error.code ?? why)));
    socket.on('close', (code, reason) => {
      if (isPresent()) this.#lost(reason.length > 0 ? closedWith(code, `${reason}`) : why, mayReconnect(code));
    });
    socket.on('unexpected-response', (_, response) => void this.#refused(socket, response));
  }

  /** Returns whether the socket took the message. */
  send(wire: Wire): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(wire);
    return true;
  }

  /** Stops reading while nobody can take what is read. The hub then skips frames, and this side queues nothing. */
  pause(): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.pause();
  }

  resume(): void {
    this.#heard();
    this.#socket?.resume();
  }

  /** Ends the connection for good. `lost` is not called. */
  close(): void {
    const socket = this.#socket;
    this.#forget();
    clearTimeout(this.#retry);
    if (socket?.readyState === WebSocket.OPEN) socket.close(1000);
    // Nobody waits for the other side's close frame.
    socket?.terminate();
  }

  #opened(): void {
    this.#wasOpen = true;
    this.#openedAt = performance.now();
    this.#heard();
    let tickAt = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      // A process that was stopped has unread messages waiting, so silence proves nothing yet.
      if (now - tickAt > 2 * TICK_MS || this.#socket?.isPaused) this.#heard();
      tickAt = now;
      if (now - this.#heardAt > this.#silentMs) this.#drop('the hub went silent');
    }, TICK_MS);
    this.#events.opened();
  }

  #received(data: Buffer, isBinary: boolean): void {
    this.#heard();
    try {
      this.#events.received(isBinary ? data : data.toString());
    } catch (error) {
      // Rows cannot be trusted after an unreadable message.
      this.#drop(`not understood: ${(error as Error).message}`);
    }
  }

  #heard(): void {
    this.#heardAt = performance.now();
  }

  /** The server answered without a WebSocket. A server that refuses the first try refuses the next ones too. */
  async #refused(socket: WebSocket, response: IncomingMessage): Promise<void> {
    const status = response.statusCode ?? 0;
    const reason = await textOf(response);
    socket.terminate();
    if (socket !== this.#socket) return;
    const isFinal = !this.#wasOpen && status >= 400 && status < 500 && status !== 408 && status !== 429;
    this.#lost(`answered ${status}${reason === '' ? '' : `: ${reason}`}`, !isFinal);
  }

  #drop(why: string): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#lost(why, true);
    socket.terminate();
  }

  #lost(why: string, again: boolean): void {
    if (performance.now() - this.#openedAt >= STABLE_MS) this.#attempt = 0;
    this.#openedAt = Number.POSITIVE_INFINITY;
    this.#forget();
    if (again) this.#retry = setTimeout(() => this.open(), backoffMs(this.#attempt++, Math.random()));
    this.#events.lost(why, again);
  }

  #forget(): void {
    this.#socket = null;
    clearInterval(this.#watch);
  }
}

/**
 * The delay before try `attempt` (0, 1, 2…), in ms. The random part keeps all clients from returning to a restarted
 * hub at once.
 */
export function backoffMs(attempt: number, dice: number): number {
  return dice * Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** attempt);
}

const closedWith = (code: number, reason: string) =>
  code === CLOSE.NOT_ALLOWED ? `${reason}; ${TOKEN_ADVICE}` : `closed with ${code}: ${reason}`;

/** The first line of a refusal's body, when it comes in time and is plain text. */
async function textOf(response: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => response.destroy(), 1_000);
  let text = '';
  try {
    for await (const part of response) {
      text += part;
      if (text.length >= MAX_REASON_CHARACTERS) break;
    }
  } catch {
    // The bytes that came in time are all there is.
  }
  clearTimeout(timer);
  const line = text.trim().split('\n')[0] ?? '';
  return line.startsWith('<') ? '' : line.slice(0, MAX_REASON_CHARACTERS);
}

/**
 * The http or https URL of a hub, made from an http, https, ws or wss URL.
 * @throws TypeError for any other URL
 */
export function hubUrl(text: string): string {
  const url = new URL(text);
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) throw new TypeError(`${url.protocol} is no hub's`);
  return `${url.protocol.replace('ws', 'http')}${text.slice(url.protocol.length)}`;
}

/** The URL of the live protocol, made from the hub's http or https `url`. */
export function liveUrl(url: string): URL {
  const live = new URL(url.replace(/^http/i, 'ws'));
  live.pathname = `${withoutTrailingSlashes(live.pathname)}/api/v1/live`;
  live.search = live.hash = '';
  return live;
}
