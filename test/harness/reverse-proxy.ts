import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ProxyOptions {
  readonly hubPort: number;
  /** Serves what is below this, such as `/auralis`. */
  readonly prefix: string;
  /** Asks the hub without the prefix. */
  readonly strips: boolean;
  /** Adds who asks to X-Forwarded-For; null adds nothing. */
  readonly client: string | null;
}

/** A reverse proxy of a few lines, as one in front of a hub is: plain HTTP and upgrades. */
export class ReverseProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Starts it; `options` may be changed as long as it runs. */
  static async start(options: ProxyOptions): Promise<ReverseProxy> {
    const server = createServer((req, res) => {
      const asked = request(target(req, options), (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      asked.on('error', () => res.destroy());
      req.pipe(asked);
    });
    server.on('upgrade', (req, socket: Socket, head) => {
      const asked = request(target(req, options));
      socket.on('error', () => asked.destroy());
      asked.on('error', () => socket.destroy());
      asked.on('response', (answer) =>
        socket.end(`HTTP/1.1 ${answer.statusCode} Refused\r\nContent-Length: 0\r\n\r\n`),
      );
      asked.on('upgrade', (answer, other: Socket, otherHead) => {
        const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('')}\r\n`);
        socket.write(otherHead);
        other.write(head);
        other.on('error', () => socket.destroy());
        socket.on('close', () => other.destroy());
        socket.pipe(other).pipe(socket);
      });
      asked.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ReverseProxy(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function target(req: IncomingMessage, { hubPort, prefix, strips, client }: ProxyOptions) {
  const url = req.url ?? '/';
  const path = strips && url.startsWith(prefix) ? url.slice(prefix.length) || '/' : url;
  const before = req.headers['x-forwarded-for'];
  const forwarded =
    client === null ? {} : { 'x-forwarded-for': before === undefined ? client : `${before}, ${client}` };
  return { host: '127.0.0.1', port: hubPort, method: req.method, path, headers: { ...req.headers, ...forwarded } };
}
