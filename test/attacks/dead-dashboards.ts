import {
  DEAD_DASHBOARD_MS,
  encodeRequest,
  LIVE_INTERVALS_MS,
  MAX_EVENTS,
  MAX_LIVE_WAITING_BYTES,
  SUBPROTOCOLS,
} from '@auralis/shared';
import { expect } from '@jest/globals';
import WebSocket from 'ws';
import { LiveSocket } from '../harness/socket.js';
import type { Attack, Target } from './attack.js';

const SUBSCRIPTIONS = 32;
/** Frames that wait, the baselines of the channels, and garbage that is still to be collected. */
const MAX_GROWTH_BYTES = 2 * MAX_LIVE_WAITING_BYTES + (128 << 20);

/** Dashboards that subscribe to everything and read nothing. */
export const deadDashboards: Attack = {
  name: 'dashboards that subscribe to everything and read nothing hold a bounded number of bytes',
  async run(target, isLong) {
    const { hub } = target;
    const connections = isLong ? 7_000 : 1_000;
    await report(target, connections);
    const before = hub.rss;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, hub.rss);
    }, 100);
    try {
      const sockets = await Promise.all(Array.from({ length: isLong ? 200 : 20 }, () => deaf(target)));
      const alive = await dashboard(target);
      for (let frame = 0; frame < (isLong ? 100 : 10); frame++) await alive.nextResponse('delta');
      await expectBounded(target);
      // The hub closes dead dashboards if it needs their room for this.
      alive.request({ kind: 'subscribe', sub: 2, topic: 'connections/attack', intervalMs: 1000, options: {} });
      const { rows } = await alive.nextResponse('snapshot', DEAD_DASHBOARD_MS + ROOM_MS);
      expect(rows.length).toBe(connections);
      await expectBounded(target);
      for (const socket of sockets) socket.terminate();
      alive.ws.terminate();
    } finally {
      clearInterval(watch);
    }
    expect(most - before).toBeLessThan(MAX_GROWTH_BYTES);
  },
};

/** Expect that no more bytes wait for dashboards than may. */
async function expectBounded({ hub, auth }: Target): Promise<void> {
  const headers = { authorization: `Bearer ${auth.tokens.viewer}` };
  const { items } = (await (await fetch(`${hub.url}/api/v1/hubs`, { headers })).json()) as Hubs;
  const [{ dashboards_waiting_mb }] = items;
  expect(dashboards_waiting_mb).toBeLessThanOrEqual(MAX_LIVE_WAITING_BYTES / 2 ** 20 + SMALL_FRAMES_MB);
}

type Hubs = { readonly items: readonly [{ readonly dashboards_waiting_mb: number }] };
/** Each of 200 sockets may hold 64 KiB beside. */
const SMALL_FRAMES_MB = 13;
/** The hub looks for dead dashboards once a second, and then builds the snapshot. */
const ROOM_MS = 10_000;

/** A dashboard that reads. */
async function dashboard({ hub, auth }: Target): Promise<LiveSocket> {
  const live = new LiveSocket(hub.wsUrl, 'msgpack', { headers: { authorization: `Bearer ${auth.tokens.viewer}` } });
  await live.nextResponse('welcome');
  live.request({ kind: 'subscribe', sub: 1, topic: 'hubs', intervalMs: 100, options: {} });
  await live.nextResponse('snapshot');
  return live;
}

/** A dashboard that asks for every table at every interval, and then does not read. */
async function deaf({ hub, auth }: Target): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${auth.tokens.admin}` };
  const socket = new WebSocket(`${hub.wsUrl}/api/v1/live`, [SUBPROTOCOLS.msgpack], { headers });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.pause();
  const topics = ['connections', 'connections/attack'];
  for (let sub = 0; sub < SUBSCRIPTIONS; sub++) {
    const intervalMs = LIVE_INTERVALS_MS[sub % LIVE_INTERVALS_MS.length] as number;
    const topic = topics[Math.floor(sub / LIVE_INTERVALS_MS.length) % 2] as string;
    const columns = sub < 8 ? undefined : { columns: SOME.slice(0, 1 + (sub % SOME.length)) };
    socket.send(encodeRequest({ kind: 'subscribe', sub, topic, intervalMs, options: columns ?? {} }, 'msgpack'));
  }
  return socket;
}

const SOME = ['chunks_sent', 'rtt_ms', 'buffer_depth_ms', 'latency_ms', 'reports', 'state', 'trust', 'status'];

/** Rows for a stream of its own. */
async function report({ hub, auth }: Target, connections: number): Promise<void> {
  for (let from = 0; from < connections; from += MAX_EVENTS) {
    const records = Array.from({ length: Math.min(MAX_EVENTS, connections - from) }, (_, at) => ({
      type: 'connection_metrics',
      connection: `c${from + at}`,
      rttMs: at % 100,
      chunksSent: at,
      chunksDropped: 0,
      bytesSent: at * 1000,
    }));
    const answer = await fetch(`${hub.url}/api/v1/streams/attack/reports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${auth.tokens.publisher}`, 'content-type': 'application/json' },
      body: JSON.stringify(records),
    });
    expect(answer.status).toBe(202);
  }
}
