import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { LiveConnection, type LiveEvents } from '@auralis/client/terminal/live-connection';
import { decodeRequest, type Request } from '@auralis/shared';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type WebSocket as Peer, WebSocketServer } from 'ws';
import { CATALOGUE } from './models.js';

const SOURCE = 'hub@1';
const LATENCY = CATALOGUE.find(({ table, name }) => table === 'connections' && name === 'latency_ms')?.id as number;
const ATTRIBUTES = ['stream', 'client', 'address', 'reason'];

/** A hub that says what a test tells it to, in the protocol's JSON, which is easily written by hand. */
class ScriptedHub {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  readonly requests: Request[] = [];
  connections = 0;
  peer: Peer | null = null;

  constructor() {
    this.server.on('connection', (peer) => {
      this.connections++;
      this.peer = peer;
      peer.on('message', (data: Buffer) => this.requests.push(decodeRequest(data)));
      this.say([16, { hub: SOURCE, version: '9', now: 0, tables: {}, catalogue: CATALOGUE }]);
    });
  }

  get url(): URL {
    return new URL(`ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/`);
  }

  say(...messages: readonly unknown[]): void {
    for (const message of messages) this.peer?.send(JSON.stringify(message));
  }

  request(kind: Request['kind'], after = 0): Promise<Request> {
    return until(() => this.requests.slice(after).find((request) => request.kind === kind));
  }

  close(): Promise<void> {
    for (const peer of this.server.clients) peer.terminate();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

async function until<Found>(look: () => Found | undefined | false): Promise<Found> {
  for (let tries = 0; tries < 500; tries++) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come to that');
}

const subscribed = (sub: number, channel: number) => [17, sub, channel, { columns: [LATENCY], attributes: ATTRIBUTES }];
const row = (slot: number, key: string) => [slot, key, ['main', key, '', '']];
const snapshot = (channel: number, seq: number, key: string, latency: number) => [
  18,
  channel,
  SOURCE,
  seq,
  0,
  1,
  [row(0, key)],
  [[LATENCY, null, null, [latency]]],
];
const delta = (channel: number, seq: number, latency: number) => [
  19,
  channel,
  SOURCE,
  seq,
  0,
  1,
  [],
  [],
  [[LATENCY, [0], null, [latency]]],
];

let hub: ScriptedHub;
let connection: LiveConnection | undefined;
beforeEach(async () => {
  hub = new ScriptedHub();
  await once(hub.server, 'listening');
});
afterEach(async () => {
  connection?.close();
  await hub.close();
});

const connect = (events: LiveEvents = {}) => {
  const live = new LiveConnection(hub.url, null, events);
  connection = live;
  return { live, view: live.view({ topic: 'connections', intervalMs: 1000, columns: ['latency_ms'] }) };
};

describe('a view of a hub', () => {
  test('its rows are what frames make them, and each frame is acknowledged', async () => {
    const { live, view } = connect();
    const subscribe = await hub.request('subscribe');
    expect(subscribe).toMatchObject({ sub: view.sub, topic: 'connections', options: { ack: true } });
    hub.say(subscribed(view.sub, 7), snapshot(7, 3, 'a', 1.5), delta(7, 4, 2.5));
    await until(() => view.row('a')?.values.latency_ms === 2.5);
    expect(view.rows()).toEqual([
      { key: 'a', attributes: expect.objectContaining({ client: 'a' }), values: { latency_ms: 2.5 } },
    ]);
    await until(() => hub.requests.filter(({ kind }) => kind === 'ack').length === 2);
    expect(hub.requests.at(-1)).toEqual({ kind: 'ack', channel: 7, source: SOURCE, seq: 4 });
    expect(live.status).toEqual({ kind: 'live' });
  });

  test('after a gap it asks for a snapshot, once, and takes no delta before it', async () => {
    const { view } = connect();
    await hub.request('subscribe');
    hub.say(subscribed(view.sub, 7), snapshot(7, 3, 'a', 1), delta(7, 5, 99), delta(7, 6, 98));
    expect(await hub.request('resync')).toEqual({ kind: 'resync', sub: view.sub, source: SOURCE });
    hub.say(snapshot(7, 6, 'b', 5), delta(7, 7, 6));
    await until(() => view.row('b')?.values.latency_ms === 6);
    expect(view.row('a')).toBeNull();
    expect(hub.requests.filter(({ kind }) => kind === 'resync')).toHaveLength(1);
  });

  test('a frame that comes twice, for two views of the same rows, is no gap', async () => {
    const { live, view: first } = connect();
    const second = live.view(first.wish);
    await until(() => hub.requests.length === 2);
    hub.say(subscribed(first.sub, 7), snapshot(7, 1, 'a', 1), subscribed(second.sub, 7), snapshot(7, 1, 'a', 1));
    hub.say(delta(7, 2, 5), delta(7, 2, 5));
    await until(() => second.row('a')?.values.latency_ms === 5 && first.row('a')?.values.latency_ms === 5);
    expect(hub.requests.some(({ kind }) => kind === 'resync')).toBe(false);
  });

  test('an ended view is unsubscribed, and what still comes for it is let be', async () => {
    const { live, view } = connect();
    await hub.request('subscribe');
    hub.say(subscribed(view.sub, 7), snapshot(7, 1, 'a', 1));
    await until(() => view.isCurrent);
    live.end(view);
    expect(await hub.request('unsubscribe')).toEqual({ kind: 'unsubscribe', sub: view.sub });
    hub.say(delta(7, 2, 5), [23, 7, 1, 10]);
    const next = live.view({ topic: 'streams', intervalMs: 1000 });
    expect(await hub.request('subscribe', 2)).toMatchObject({ sub: next.sub, topic: 'streams' });
    expect(view.row('a')?.values.latency_ms).toBe(1);
  });

  test('a refusal is told, and not unsubscribed from', async () => {
    const refusals: string[] = [];
    const { live, view } = connect({ refused: (_, message) => refusals.push(message) });
    await hub.request('subscribe');
    hub.say([20, view.sub, 'bad_view', 'not like this']);
    await until(() => view.error === 'not like this');
    live.end(view);
    live.view({ topic: 'hubs', intervalMs: 1000 });
    await until(() => hub.requests.length === 2);
    expect(hub.requests.map(({ kind }) => kind)).toEqual(['subscribe', 'subscribe']);
    expect(refusals).toEqual(['not like this']);
  });

  test('BEHIND until the SNAPSHOT', async () => {
    const { live, view } = connect();
    await hub.request('subscribe');
    hub.say(subscribed(view.sub, 7), snapshot(7, 1, 'a', 1), [23, 7, 3, 2500]);
    await until(() => live.status.kind === 'behind');
    hub.say(snapshot(7, 9, 'a', 2));
    await until(() => live.status.kind === 'live');
  });
});

describe('a connection', () => {
  test('that is lost is made again: rows stay until the first snapshot of the new one', async () => {
    const { live, view } = connect();
    await hub.request('subscribe');
    hub.say(subscribed(view.sub, 7), snapshot(7, 1, 'old', 1));
    await until(() => view.isCurrent);
    hub.peer?.close(4000, 'the hub is shutting down');
    await until(() => live.status.kind === 'reconnecting');
    expect(live.status).toMatchObject({ why: 'closed with 4000: the hub is shutting down' });
    expect([...view.rows()].map(({ key }) => key)).toEqual(['old']);
    await hub.request('subscribe', 2);
    hub.say(subscribed(view.sub, 3), snapshot(3, 0, 'new', 1));
    await until(() => view.row('new') !== null);
    expect(view.row('old')).toBeNull();
  });

  test('that the hub ends for good is not', async () => {
    const lost: unknown[] = [];
    const { live } = connect({ lost: (why, again) => lost.push([why, again]) });
    await hub.request('subscribe');
    hub.peer?.close(4101, 'no');
    await until(() => live.status.kind === 'ended');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(lost).toEqual([['no; set AURALIS_TOKEN, or give --token', false]]);
    expect(hub.connections).toBe(1);
  });

  test('on which something unreadable comes is made again', async () => {
    const { live } = connect();
    await hub.request('subscribe');
    hub.say([99, 'from a later version']);
    await until(() => hub.connections === 2);
    await until(() => live.status.kind === 'live');
  });
});
