import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { seededRandom } from '@auralis/server/simulate/random';

/**
 * How long bytes are on their way, ms: the least that it takes, and what comes on top on average (exponentially
 * distributed).
 */
export interface Delays {
  readonly upMs: number;
  readonly downMs: number;
  readonly jitterMs: number;
}

/** A TCP proxy before a local port that delays what passes, each way by its own, and keeps its order. */
export class DelayProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port: number, delays: Delays, seed = 1): Promise<DelayProxy> {
    const random = seededRandom(seed);
    const server = createServer((client) => {
      const hub = createConnection({ port, host: '127.0.0.1' });
      for (const socket of [client, hub]) {
        proxy.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('close', () => proxy.#sockets.delete(socket));
      }
      carry(client, hub, delays.upMs, delays.jitterMs, random);
      carry(hub, client, delays.downMs, delays.jitterMs, random);
    });
    const proxy = new DelayProxy(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function carry(from: Socket, to: Socket, delayMs: number, jitterMs: number, random: () => number): void {
  let lastAt = 0;
  /** Runs it after all that came before: timers that are due at the same time keep their order. */
  const later = (run: () => void) => {
    const now = performance.now();
    lastAt = Math.max(lastAt, now + delayMs - jitterMs * Math.log(1 - random()));
    setTimeout(run, lastAt - now);
  };
  const waiting: Buffer[] = [];
  from.on('data', (bytes) => {
    waiting.push(bytes);
    later(() => to.write(waiting.shift() as Buffer));
  });
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroy()));
}
