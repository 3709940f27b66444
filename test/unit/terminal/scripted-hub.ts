import type { AddressInfo } from 'node:net';
import { decodeRequest, type Request } from '@auralis/shared';
import { type WebSocket as Peer, WebSocketServer } from 'ws';
import { CATALOGUE } from './models.js';

export const SOURCE = 'hub@1';
/** The time of frames, by the hub's clock: so late that no frame is ever overdue. */
const T = Date.now() + 3_600_000;
const LATENCY = CATALOGUE.find(({ table, name }) => table === 'connections' && name === 'latency_ms')?.id as number;
const ATTRIBUTES = ['stream', 'client', 'address', 'reason'];

/** A hub that says what a test tells it to, in the protocol's JSON, which is easily written by hand. */
export class ScriptedHub {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/api/v1/live' });
  /** All but the PINGs, which it answers by itself. */
  readonly requests: Request[] = [];
  connections = 0;
  /** Whether it closes new connections before WELCOME. */
  isFull = false;
  peer: Peer | null = null;

  constructor() {
    this.server.on('connection', (peer) => {
      this.connections++;
      this.peer = peer;
      peer.on('message', (data: Buffer) => this.#request(decodeRequest(data)));
      if (this.isFull) peer.close(4001, 'full');
      else this.say([16, { hub: SOURCE, version: '9', now: Date.now(), tables: {}, catalogue: CATALOGUE }]);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  say(...messages: readonly unknown[]): void {
    for (const message of messages) this.peer?.send(JSON.stringify(message));
  }

  of<K extends Request['kind']>(kind: K): Extract<Request, { kind: K }>[] {
    return this.requests.filter((request): request is Extract<Request, { kind: K }> => request.kind === kind);
  }

  /** The request of this kind with this number, from 1 on, when it has come. */
  request<K extends Request['kind']>(kind: K, number = 1): Promise<Extract<Request, { kind: K }>> {
    return until(() => this.of(kind)[number - 1]);
  }

  close(): Promise<void> {
    for (const peer of this.server.clients) peer.terminate();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  #request(request: Request): void {
    if (request.kind === 'ping') this.say([21, request.t, Date.now()]);
    else this.requests.push(request);
  }
}

export async function until<Found>(look: () => Found | undefined | false): Promise<Found> {
  for (let tries = 0; tries < 1_500; tries++) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come to that');
}

export const subscribed = (sub: number, channel: number) => [
  17,
  sub,
  channel,
  { columns: [LATENCY], attributes: ATTRIBUTES },
];

const row = (slot: number, key: string) => [slot, key, ['main', key, '', '']];

/** A snapshot with one row. */
export const snapshot = (channel: number, seq: number, key: string, latency: number) => [
  18,
  channel,
  SOURCE,
  seq,
  T,
  1,
  [row(0, key)],
  [[LATENCY, null, null, [latency]]],
];

/** A delta of the row of `snapshot`. */
export const delta = (channel: number, seq: number, latency: number) => [
  19,
  channel,
  SOURCE,
  seq,
  T,
  1,
  [],
  [],
  [[LATENCY, [0], null, [latency]]],
];
