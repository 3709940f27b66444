import {
  decodeResponse,
  encodeRequest,
  type LiveForm,
  type Request,
  type Response,
  SUBPROTOCOLS,
} from '@auralis/shared';
import WebSocket, { type ClientOptions } from 'ws';

type Message = { readonly data: Buffer; readonly isBinary: boolean };

/** A WebSocket client that keeps what it received until a test asks. */
export class TestSocket {
  readonly ws: WebSocket;
  readonly received: Message[] = [];
  /** Close code, once it has closed. */
  readonly closed: Promise<number>;
  readonly #waiting: (() => void)[] = [];

  constructor(url: string, protocols: string[] = [], options: ClientOptions = {}) {
    this.ws = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.ws.on('message', (data: Buffer, isBinary) => {
      this.received.push({ data, isBinary });
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.ws.on('error', () => {});
    this.closed = new Promise((resolve) => this.ws.once('close', resolve));
  }

  static async open(url: string, protocols: string[] = [], options: ClientOptions = {}): Promise<TestSocket> {
    const socket = new TestSocket(url, protocols, options);
    await new Promise<void>((resolve, reject) => {
      socket.ws.once('open', resolve);
      socket.ws.once('error', reject);
    });
    return socket;
  }

  /** The first message for which `pick` returns something; it and those before it are forgotten. */
  async next<Found>(pick: (message: Message) => Found | undefined, timeoutMs = 10_000): Promise<Found> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      while (this.received.length > 0) {
        const found = pick(this.received.shift() as Message);
        if (found !== undefined) return found;
      }
      if (Date.now() > until) throw new Error(`nothing of the kind came in ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** The next text message of this `type`. */
  nextText<Message>(type: string, timeoutMs?: number): Promise<Message> {
    return this.next(({ data, isBinary }) => {
      if (isBinary) return undefined;
      const message = JSON.parse(data.toString());
      return message.type === type ? message : undefined;
    }, timeoutMs);
  }

  send(message: object | string | Uint8Array): void {
    this.ws.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  close(): Promise<number> {
    this.ws.close();
    return this.closed;
  }
}

/** HTTP status with which an upgrade is refused. */
export function refusedStatus(url: string, protocols: string[] = [], options: ClientOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, protocols, options);
    ws.on('error', () => {});
    ws.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0);
      ws.terminate();
    });
    ws.on('open', () => {
      ws.terminate();
      reject(new Error(`${url} was accepted`));
    });
  });
}

/** A dashboard that speaks the live protocol by hand. */
export class LiveSocket extends TestSocket {
  readonly form: LiveForm;

  constructor(wsUrl: string, form: LiveForm = 'msgpack', options: ClientOptions = {}) {
    super(`${wsUrl}/api/v1/live`, [SUBPROTOCOLS[form]], options);
    this.form = form;
  }

  request(request: Request): void {
    this.ws.send(encodeRequest(request, this.form));
  }

  nextResponse<Kind extends Response['kind']>(
    kind: Kind,
    timeoutMs?: number,
  ): Promise<Extract<Response, { kind: Kind }>> {
    return this.next((message) => {
      const response = decodeResponse(message.isBinary ? new Uint8Array(message.data) : message.data.toString());
      return response.kind === kind ? (response as Extract<Response, { kind: Kind }>) : undefined;
    }, timeoutMs);
  }
}
