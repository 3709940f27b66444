import { decodeResponse, MAX_CHANNELS, MAX_RAISED_ALERTS, MAX_STREAMS } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { HubProcess } from '../harness/hub.js';
import { LiveSocket } from '../harness/socket.js';

type Hub = Readonly<Record<string, number>>;

const MAX_CLIENTS = 20;
const [ALICE, BOB, CAROL] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];

/** Outcome of an upgrade: the socket, or how it was refused. */
type Outcome = WebSocket | { readonly status: number; readonly retryAfter: string | undefined };

describe.each(['uws', 'ws'] as const)('places on %s', (transport) => {
  let hub: HubProcess;
  const sockets: WebSocket[] = [];

  beforeAll(async () => {
    const places = ['--max-clients', String(MAX_CLIENTS), '--trust-proxy', '127.0.0.1'];
    hub = await HubProcess.start(['--transport', transport, ...places]);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.terminate();
    await hub.stop();
  });

  const row = async () => (await hub.get<{ items: [Hub] }>('/api/v1/hubs')).items[0];
  const headersOf = (address: string) => ({ 'x-forwarded-for': address });

  function listen(address: string): Promise<Outcome> {
    const socket = new WebSocket(`${hub.wsUrl}/api/v1/streams/main/listen`, [], { headers: headersOf(address) });
    return new Promise((resolve) => {
      socket.on('error', () => {});
      socket.once('open', () => {
        sockets.push(socket);
        resolve(socket);
      });
      socket.once('unexpected-response', (_, { statusCode, headers }) => {
        resolve({ status: statusCode ?? 0, retryAfter: headers['retry-after'] });
        socket.terminate();
      });
    });
  }

  const post = (path: string, address: string, body: object) =>
    fetch(hub.url + path, {
      method: 'POST',
      headers: { ...headersOf(address), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** Answers to `count` requests, made by many at a time: how many there were of each status. */
  async function statuses(count: number, each: (at: number) => Promise<Response>) {
    const found = new Map<number, number>();
    let next = 0;
    const worker = async () => {
      while (next < count) {
        const response = await each(next++);
        await response.arrayBuffer();
        const { status } = response;
        found.set(status, (found.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 20 }, worker));
    return Object.fromEntries(found);
  }

  test('listeners: a share for one address, the last tenth for addresses without any, and a reason for each refusal', async () => {
    for (let place = 0; place < 15; place++) expect(await listen(ALICE)).toBeInstanceOf(WebSocket);
    expect(await listen(ALICE)).toEqual({ status: 429, retryAfter: '10' });
    for (let place = 0; place < 3; place++) expect(await listen(BOB)).toBeInstanceOf(WebSocket);
    expect(await listen(BOB)).toEqual({ status: 503, retryAfter: '10' });
    expect(await listen(CAROL)).toBeInstanceOf(WebSocket);
    expect(await row()).toMatchObject({ refused_over_share: 1, refused_at_capacity: 1, upgrades_refused: 2 });
    // A listener that leaves gives its place back.
    for (const socket of sockets.slice(0, 2)) {
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.close();
      await closed;
    }
    expect(await listen(ALICE)).toBeInstanceOf(WebSocket);
    expect(await listen(ALICE)).toMatchObject({ status: 503 });
  });

  test('streams: one address makes its share of them, and an engine elsewhere still finds a place', async () => {
    const before = await row();
    const make = (address: string, at: number) =>
      post(`/api/v1/streams/${address}-${at}/events`, address, { type: 'queue', depth: 1 });
    const share = (MAX_STREAMS * 3) / 4;
    expect(await statuses(share + 20, (at) => make(ALICE, at))).toEqual({ 202: share - 1, 429: 21 });
    expect(await statuses(160, (at) => make(BOB, at))).toEqual({ 202: 150, 503: 10 });
    expect((await make(CAROL, 0)).status).toBe(202);
    const { refused_over_share, streams_refused } = await row();
    expect([(refused_over_share ?? 0) - (before.refused_over_share ?? 0), streams_refused]).toEqual([21, 10]);
  });

  test('channels: one address computes its share of them, and a first dashboard elsewhere shows every table', async () => {
    const before = await row();
    const codes: string[] = [];
    const subscribe = async (address: string, count: number, topic: (at: number) => string) => {
      const live = new LiveSocket(hub.wsUrl, 'json', { headers: headersOf(address) });
      sockets.push(live.ws);
      await live.nextResponse('welcome');
      for (let sub = 0; sub < count; sub++) {
        live.request({ kind: 'subscribe', sub, topic: topic(sub), intervalMs: 5000, options: {} });
        await live.next(({ data }) => {
          const answer = decodeResponse(data.toString());
          if (answer.kind === 'error') codes.push(answer.code);
          return answer.kind === 'error' || answer.kind === 'subscribed' ? answer : undefined;
        });
      }
    };
    for (let at = 0; at < MAX_CHANNELS / 32; at++) await subscribe(ALICE, 32, (sub) => `connections/a${at * 32 + sub}`);
    expect(codes).toEqual(Array(MAX_CHANNELS / 4).fill('over_share'));
    for (let at = 0; at < 2; at++) await subscribe(BOB, 32, (sub) => `connections/b${at * 32 + sub}`);
    expect(codes.filter((code) => code === 'too_many_channels')).toHaveLength(64 - 39);
    const refused = codes.length;
    const tables = ['hubs', 'streams', 'connections', 'engines', 'hosts', 'gpus', 'alerts'];
    await subscribe(CAROL, tables.length, (sub) => tables[sub] as string);
    expect(codes).toHaveLength(refused);
    const { refused_over_share, dashboards_refused } = await row();
    expect([(refused_over_share ?? 0) - (before.refused_over_share ?? 0), dashboards_refused]).toEqual([64, 25]);
  });

  test('alerts raised by hand: a share for one address, and never the places of the rules', async () => {
    const raise = (address: string, at: number) =>
      post('/api/v1/alerts', address, { severity: 'info', title: `t${at}`, message: 'by hand' });
    const share = (MAX_RAISED_ALERTS * 3) / 4;
    expect(await statuses(share + 10, (at) => raise(ALICE, at))).toEqual({ 201: share, 429: 10 });
    expect(await statuses(160, (at) => raise(BOB, 1_000 + at))).toEqual({ 201: 150, 503: 10 });
    expect((await raise(CAROL, 2_000)).status).toBe(201);
    expect(await row()).toMatchObject({ raised_alerts_refused: 10, alerts_refused: 0, errors: 0 });
  });
});
