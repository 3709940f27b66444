import { HTTP_LIMITS } from '@auralis/server/transport/http-limits';
import type {
  Peer,
  SocketHandler,
  SocketRoute,
  StartTransport,
  Transport,
  TransportOptions,
  UpgradeAnswer,
  UpgradeRequest,
} from '@auralis/server/transport/transport';

/** Calls of a handler, in order. */
export type Event =
  | { readonly kind: 'open' }
  | { readonly kind: 'message'; readonly data: Buffer; readonly isBinary: boolean }
  | { readonly kind: 'pong'; readonly payload: Buffer }
  | { readonly kind: 'drain'; readonly backlog: number }
  | { readonly kind: 'close'; readonly code: number; readonly oversize: boolean };

/** Writes down what it is told; `act` may do more. */
export class Recorder implements SocketHandler {
  readonly events: Event[] = [];
  peer: Peer | null = null;
  act: (event: Event, peer: Peer) => void = () => {};
  readonly #waiting = new Set<() => void>();

  onOpen(peer: Peer): void {
    this.peer = peer;
    this.#note({ kind: 'open' }, peer);
  }

  onMessage(peer: Peer, data: Uint8Array, isBinary: boolean): void {
    this.#note({ kind: 'message', data: Buffer.from(data), isBinary }, peer);
  }

  onPong(peer: Peer, payload: Uint8Array): void {
    this.#note({ kind: 'pong', payload: Buffer.from(payload) }, peer);
  }

  onDrain(peer: Peer): void {
    this.#note({ kind: 'drain', backlog: peer.backlog() }, peer);
  }

  onClose(peer: Peer, code: number, oversize: boolean): void {
    this.#note({ kind: 'close', code, oversize }, peer);
  }

  of<Kind extends Event['kind']>(kind: Kind): Extract<Event, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<Event, { kind: Kind }> => event.kind === kind);
  }

  get closed(): Extract<Event, { kind: 'close' }> | undefined {
    return this.of('close')[0];
  }

  /** Resolves when `condition` holds; checked after every event. */
  until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`timed out after ${this.events.map((event) => event.kind).join(' ')}`));
      }, timeoutMs);
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  #note(event: Event, peer: Peer): void {
    this.events.push(event);
    try {
      this.act(event, peer);
    } finally {
      for (const check of this.#waiting) check();
    }
  }
}

export const MAX_MESSAGE_BYTES = 70_000;
export const MAX_FRAMES_PER_S = 1_000;
export const MAX_BYTES_PER_S = 2_000_000;
export const MAX_BACKLOG_BYTES = 1_000_000;
export const MAX_BODY_BYTES = 100_000;

/** A transport with one kind of socket, `/rooms/:room/join`, whose handlers are Recorders. */
export class World {
  readonly errors: unknown[] = [];
  /** Handlers in the order of their upgrades. */
  readonly recorders: Recorder[] = [];
  readonly requests: UpgradeRequest[] = [];
  answer: (request: UpgradeRequest, recorder: Recorder) => UpgradeAnswer = (_, recorder) => ({ accept: recorder });
  fetch: TransportOptions['fetch'] = () => new Response('hello');
  #transport: Transport | null = null;

  static async start(start: StartTransport, options: Partial<TransportOptions> = {}): Promise<World> {
    const world = new World();
    world.#transport = await start(world.options(options));
    return world;
  }

  options(options: Partial<TransportOptions> = {}): TransportOptions {
    const route: SocketRoute = {
      pattern: '/rooms/:room/join',
      maxMessageBytes: MAX_MESSAGE_BYTES,
      maxFramesPerS: MAX_FRAMES_PER_S,
      maxBytesPerS: MAX_BYTES_PER_S,
      maxBacklogBytes: MAX_BACKLOG_BYTES,
      upgrade: (request) => {
        const recorder = new Recorder();
        const answer = this.answer(request, recorder);
        this.requests.push(request);
        this.recorders.push(recorder);
        return answer;
      },
    };
    return {
      host: '127.0.0.1',
      port: 0,
      routes: [route, { ...route, pattern: '/lobby' }],
      fetch: (request, address) => this.fetch(request, address),
      http: { ...HTTP_LIMITS, maxBodyBytes: MAX_BODY_BYTES },
      headers: [['x-every', 'answer']],
      onError: (error) => this.errors.push(error),
      ...options,
    };
  }

  get transport(): Transport {
    return this.#transport as Transport;
  }

  get port(): number {
    return this.transport.port;
  }

  get last(): Recorder {
    return this.recorders[this.recorders.length - 1] as Recorder;
  }

  get lastPeer(): Peer {
    return this.last.peer as Peer;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
