import { type ListenerMessage, type ListenerRequest, type ListenerWelcome, readChunk } from '@auralis/shared';
import { WebSocket } from 'ws';

const OPEN_MS = 10_000;

/** Events of a connection. */
export interface ConnectionEvents {
  onWelcome(welcome: ListenerWelcome): void;
  /** A chunk of the stream: when the hub sent it (its clock, ms since 1970), and how long it plays. */
  onChunk(sentAtMs: number, durationMs: number): void;
  onMessage(message: ListenerMessage): void;
  /** The last call. `refused`: the status with which the upgrade was refused, or 0. */
  onClose(code: number, refused: number): void;
}

/** One WebSocket of a listener, and its account of what came over it. */
export class Connection {
  welcome: ListenerWelcome | null = null;
  received = 0;
  lastSeq = 0;
  outOfOrder = 0;
  /** Messages that are neither a chunk nor JSON. */
  unreadable = 0;
  reportsSent = 0;
  isClosed = false;
  readonly #socket: WebSocket;
  #resume: NodeJS.Timeout | undefined;
  #readsOn = false;
  #refused = 0;

  constructor(url: string, headers: Readonly<Record<string, string>>, events: ConnectionEvents) {
    this.#socket = new WebSocket(url, { headers, perMessageDeflate: false, handshakeTimeout: OPEN_MS });
    this.#socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary, events));
    this.#socket.on('error', () => {});
    this.#socket.on('unexpected-response', (request, response) => {
      this.#refused = response.statusCode ?? 0;
      // Tells `close`, with 1006.
      request.destroy();
      this.#close(events, 1006);
    });
    this.#socket.on('close', (code) => this.#close(events, code));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(request: ListenerRequest): void {
    if (!this.isOpen) return;
    if (request.type === 'client_metrics') this.reportsSent++;
    this.#socket.send(JSON.stringify(request));
  }

  /** Reads nothing for `ms`; `Infinity`: never again. */
  pause(ms: number): void {
    if (this.#readsOn || !this.isOpen) return;
    clearTimeout(this.#resume);
    this.#socket.pause();
    if (Number.isFinite(ms)) this.#resume = setTimeout(() => this.#socket.resume(), ms);
  }

  /** Reads as fast as it can from now on. */
  readOn(): void {
    this.#readsOn = true;
    clearTimeout(this.#resume);
    if (this.isOpen) this.#socket.resume();
  }

  close(): void {
    this.readOn();
    this.#socket.close(1000);
  }

  /** Ends without a close frame, whatever waits. */
  terminate(): void {
    clearTimeout(this.#resume);
    this.#socket.terminate();
  }

  #take(data: Buffer, isBinary: boolean, events: ConnectionEvents): void {
    if (!isBinary) {
      const message = JSON.parse(data.toString()) as ListenerMessage;
      if (message.type === 'welcome') {
        this.welcome = message;
        events.onWelcome(message);
      } else events.onMessage(message);
      return;
    }
    const chunk = readChunk(data);
    if (chunk === null) {
      this.unreadable++;
      return;
    }
    const before = this.lastSeq === 0 ? (this.welcome?.seq ?? 0) : this.lastSeq;
    if (chunk.seq <= before) this.outOfOrder++;
    this.received++;
    this.lastSeq = chunk.seq;
    events.onChunk(chunk.sentAtMs, chunk.durationMs);
  }

  #close(events: ConnectionEvents, code: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.#resume);
    events.onClose(code, this.#refused);
  }
}
