import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { Socket } from '../runtime.js';

/** A snapshot of a million rows takes about 100 MB. A larger message does not come from a hub. */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
/** The part of a refusal's text that is shown. */
const MAX_REASON_CHARACTERS = 300;

/**
 * A WebSocket for `LiveClient` that says more than a browser's. When it closes, `reason` is also the error of the
 * network, and `code` is the HTTP status if the server answered without a WebSocket.
 */
export class NodeSocket implements Socket {
  binaryType = 'arraybuffer';
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly #socket: WebSocket;

  constructor(url: string, protocols: string[] = []) {
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let why = '';
    socket.on('open', () => this.onopen?.({} as never));
    socket.on('message', (data, isBinary) => this.onmessage?.({ data: isBinary ? data : String(data) }));
    // An error always comes before its close.
    socket.on('error', (error: NodeJS.ErrnoException) => (why = error.message || (error.code ?? '')));
    socket.on('close', (code, reason) => this.onclose?.({ code, reason: reason.length > 0 ? String(reason) : why }));
    socket.on('unexpected-response', (_, response) => void this.#refused(response));
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  /** Nobody waits for the close frame of the other side: a process that is done ends. */
  close(code?: number): void {
    if (this.readyState === WebSocket.OPEN) this.#socket.close(code);
    this.#socket.terminate();
  }

  async #refused(response: IncomingMessage): Promise<void> {
    const status = response.statusCode ?? 0;
    const text = await firstLineOf(response);
    this.onclose?.({ code: status, reason: `answered ${status}${text === '' ? '' : `: ${text}`}` });
    this.#socket.terminate();
  }
}

/** The first line of a refusal's body, when it comes in time and is plain text. */
async function firstLineOf(response: IncomingMessage): Promise<string> {
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
