import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As text, as it came. */
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A receiver's reaction to a request: answer, never answer, or not finish the answer. */
export type Behaviour = (request: Received, nth: number) => Reply | 'hang' | 'cut';

/** An HTTP server that notifiers tell, on loopback: keeps what it received, and answers as it is told. */
export class Receiver {
  readonly requests: Received[] = [];
  behave: Behaviour;
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  private constructor(server: Server, behave: Behaviour) {
    this.#server = server;
    this.behave = behave;
  }

  static async start(behave: Behaviour = () => ({})): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server, behave);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (piece: string) => (body += piece));
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request;
        receiver.#take({ method, path, headers, body }, response);
      });
      request.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** JSON bodies of all requests. */
  get bodies(): Record<string, unknown>[] {
    return this.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  }

  /** Waits until what it received satisfies `isDone`. */
  async until(isDone: (requests: readonly Received[]) => boolean, timeoutMs = 20_000): Promise<void> {
    const timer = setTimeout(() => this.#look(), timeoutMs);
    const deadline = performance.now() + timeoutMs;
    while (!isDone(this.requests)) {
      if (performance.now() >= deadline) throw new Error(`not in time: ${JSON.stringify(this.requests, null, 1)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    clearTimeout(timer);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(request: Received, response: ServerResponse): void {
    this.requests.push(request);
    const reply = this.behave(request, this.requests.length);
    if (reply === 'cut') response.destroy();
    else if (reply !== 'hang') response.writeHead(reply.status ?? 200, { ...reply.headers }).end(reply.body ?? '');
    this.#look();
  }

  #look(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }
}
