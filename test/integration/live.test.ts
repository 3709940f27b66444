import { COLUMNS, Replica, SCHEMAS, Writer, writePublishedChunk } from '@auralis/shared';
import { afterEach, describe, expect, test } from '@jest/globals';
import { HubProcess } from '../harness/hub.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

let hub: HubProcess;
const sockets: TestSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.ws.terminate();
  await hub.stop();
});

async function connect(form: 'msgpack' | 'json' = 'msgpack'): Promise<LiveSocket> {
  const live = new LiveSocket(hub.wsUrl, form);
  sockets.push(live);
  await live.nextResponse('welcome');
  return live;
}

const open = async (path: string) => {
  const socket = await TestSocket.open(hub.wsUrl + path);
  sockets.push(socket);
  return socket;
};

const columnId = (name: keyof typeof SCHEMAS.connections.index) =>
  SCHEMAS.connections.columns[SCHEMAS.connections.index[name]]?.id as number;

describe.each(['uws', 'ws'])('live protocol on %s', (transport) => {
  test('a listener’s report reaches a dashboard, in both forms', async () => {
    hub = await HubProcess.start(['--transport', transport]);
    const listener = await open('/api/v1/streams/main/listen?client=alice');
    const { connectionId } = await listener.nextText<{ connectionId: string }>('welcome');
    for (const form of ['msgpack', 'json'] as const) {
      const live = await connect(form);
      live.request({ kind: 'subscribe', sub: 5, topic: 'connections/main', intervalMs: 100, options: { ack: true } });
      const { sub, channel } = await live.nextResponse('subscribed');
      expect(sub).toBe(5);
      const replica = new Replica(COLUMNS);
      const snapshot = await live.nextResponse('snapshot');
      expect(snapshot.channel).toBe(channel);
      replica.apply(snapshot);
      expect(replica.rows.get(connectionId)?.attributes.slice(0, 2)).toEqual(['main', 'alice']);
      const underruns = form === 'json' ? 3 : 2;
      listener.send({
        type: 'client_metrics',
        metrics: { avgLatencyMs: 12.34, clockErrorMs: 2, bufferUnderruns: underruns },
      });
      while (replica.rows.get(connectionId)?.value(columnId('buffer_underruns')) !== underruns) {
        const delta = await live.nextResponse('delta');
        expect(replica.apply(delta)).not.toBeNull();
      }
      expect(replica.rows.get(connectionId)?.value(columnId('latency_ms'))).toBe(12.3);
      expect(replica.rows.get(connectionId)?.value(columnId('jitter_ms'))).toBeNull();
    }
  });

  test('a quiet table sends an empty DELTA a second; PING is answered; equal wishes share a channel', async () => {
    hub = await HubProcess.start(['--transport', transport]);
    const live = await connect();
    const columns = ['active_connections', 'publishing'];
    live.request({ kind: 'subscribe', sub: 1, topic: 'streams', intervalMs: 250, options: { columns } });
    live.request({
      kind: 'subscribe',
      sub: 2,
      topic: 'streams',
      intervalMs: 250,
      options: { columns: columns.toReversed() },
    });
    const first = await live.nextResponse('subscribed');
    const second = await live.nextResponse('subscribed');
    expect(second.channel).toBe(first.channel);
    await live.nextResponse('delta');
    const startedAt = performance.now();
    for (let beat = 0; beat < 4; beat++) {
      const { columns: changed, added, removed } = await live.nextResponse('delta');
      expect([changed, added, removed]).toEqual([[], [], []]);
    }
    // Two subscriptions: each heartbeat comes twice.
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    live.request({ kind: 'ping', t: 42 });
    expect((await live.nextResponse('pong')).t).toBe(42);
  });

  test('RESYNC brings a SNAPSHOT after which deltas go on; UNSUBSCRIBE ends them', async () => {
    hub = await HubProcess.start(['--transport', transport]);
    const live = await connect();
    live.request({ kind: 'subscribe', sub: 1, topic: 'hubs', intervalMs: 100, options: {} });
    await live.nextResponse('snapshot');
    const gap = await live.nextResponse('delta');
    live.request({ kind: 'resync', sub: 1, source: null });
    const snapshot = await live.nextResponse('snapshot');
    expect(snapshot.seq).toBeGreaterThanOrEqual(gap.seq);
    expect((await live.nextResponse('delta')).seq).toBe(snapshot.seq + 1);
    live.request({ kind: 'unsubscribe', sub: 1 });
    live.request({ kind: 'ping', t: 1 });
    await live.nextResponse('pong');
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(live.received).toEqual([]);
  });

  test('a dashboard that stops acknowledging is told BEHIND, then gets exactly one SNAPSHOT', async () => {
    hub = await HubProcess.start(['--transport', transport]);
    const engine = await open('/api/v1/streams/main/publish');
    const chunk = writePublishedChunk(new Writer(), { durationMs: 50, payload: new Uint8Array(50) });
    const timer = setInterval(() => engine.send(chunk), 50);
    const live = await connect();
    live.request({ kind: 'subscribe', sub: 1, topic: 'streams', intervalMs: 100, options: { ack: true } });
    const { channel } = await live.nextResponse('subscribed');
    const replica = new Replica(COLUMNS);
    const first = await live.nextResponse('snapshot');
    replica.apply(first);
    const ack = (seq: number) => live.request({ kind: 'ack', channel, source: first.source, seq });
    ack(first.seq);
    expect((await live.nextResponse('behind')).skipped).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(live.received).toEqual([]);
    // Acknowledging what it was sent, up to more than that, shows that it reads again.
    for (let seq = first.seq; seq < first.seq + 64; seq++) ack(seq);
    const behind = await live.nextResponse('behind');
    expect(behind.skipped).toBeGreaterThan(1);
    const snapshot = await live.nextResponse('snapshot');
    replica.apply(snapshot);
    ack(snapshot.seq);
    const delta = await live.nextResponse('delta');
    expect(delta.seq).toBe(snapshot.seq + 1);
    expect(replica.apply(delta)).not.toBeNull();
    clearInterval(timer);
  });
});
