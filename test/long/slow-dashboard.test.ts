import { COLUMNS, decodeResponse, Replica, SCHEMAS, Writer, writePublishedChunk } from '@auralis/shared';
import { afterEach, describe, expect, test } from '@jest/globals';
import { HubProcess } from '../harness/hub.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

const LISTENERS = 500;
const STALL_MS = 60_000;
/** Beside the kernel's own buffers. */
const MAX_GROWTH_BYTES = 2 * 1024 * 1024;

let hub: HubProcess;
const sockets: TestSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.ws.terminate();
  await hub.stop();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The least that the hub held over a while: what collection had not yet freed does not count. */
async function leastMemory(forMs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let waited = 0; waited < forMs; waited += 100) {
    least = Math.min(least, hub.rss);
    await sleep(100);
  }
  return least;
}

/** A dashboard that acknowledges, until it is paused. */
async function subscribe(): Promise<{ live: LiveSocket; replica: Replica; acknowledge: (seq: number) => void }> {
  const live = new LiveSocket(hub.wsUrl);
  sockets.push(live);
  await live.nextResponse('welcome');
  live.request({ kind: 'subscribe', sub: 1, topic: 'connections', intervalMs: 100, options: { ack: true } });
  const { channel } = await live.nextResponse('subscribed');
  const replica = new Replica(COLUMNS);
  const first = await live.nextResponse('snapshot');
  replica.apply(first);
  const acknowledge = (seq: number) => live.request({ kind: 'ack', channel, source: first.source, seq });
  acknowledge(first.seq);
  return { live, replica, acknowledge };
}

describe.each(['uws', 'ws'])('a dashboard that stops reading for 60 s, on %s', (transport) => {
  test('is told BEHIND, gets exactly one SNAPSHOT, and cost the hub no memory', async () => {
    hub = await HubProcess.start(['--transport', transport]);
    const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
    sockets.push(engine);
    const listeners = await Promise.all(
      Array.from({ length: LISTENERS }, () => TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`)),
    );
    sockets.push(...listeners);
    const chunk = writePublishedChunk(new Writer(), { durationMs: 100, payload: new Uint8Array(100) });
    const timer = setInterval(() => {
      engine.send(chunk);
      // Discard received bytes, so that they do not fill this process.
      for (const listener of listeners) listener.received.length = 0;
    }, 100);

    const { live, replica, acknowledge } = await subscribe();
    const follow = async (forMs: number) => {
      const until = performance.now() + forMs;
      while (performance.now() < until) {
        const delta = await live.nextResponse('delta');
        expect(replica.apply(delta)).not.toBeNull();
        acknowledge(delta.seq);
      }
    };
    // First the hub comes to rest in its memory, with the dashboard reading.
    await follow(30_000);
    const [before] = await Promise.all([leastMemory(5000), follow(5000)]);
    live.ws.pause();
    await sleep(STALL_MS - 5000);
    const after = await leastMemory(5000);
    expect(after - before).toBeLessThan(MAX_GROWTH_BYTES);

    live.ws.resume();
    const seen: string[] = [];
    let snapshots = 0;
    const until = performance.now() + 5000;
    while (performance.now() < until) {
      const frame = await live.next((message) => {
        const response = decodeResponse(new Uint8Array(message.data));
        seen.push(response.kind);
        return response.kind === 'snapshot' || response.kind === 'delta' ? response : undefined;
      });
      if (frame.kind === 'snapshot') snapshots++;
      expect(replica.apply(frame)).not.toBeNull();
      acknowledge(frame.seq);
    }
    expect(snapshots).toBe(1);
    expect(seen.indexOf('behind')).toBeGreaterThanOrEqual(0);
    expect(seen.indexOf('behind')).toBeLessThan(seen.indexOf('snapshot'));

    // The engine stops, so the table comes to rest; then every count must equal the hub's own.
    clearInterval(timer);
    await engine.close();
    await follow(3000);
    await expectEqualRows(replica);
  }, 180_000);
});

async function expectEqualRows(replica: Replica): Promise<void> {
  const sent = SCHEMAS.connections.columns.find((column) => column.name === 'chunks_sent')?.id as number;
  const rows = new Map<string, number>();
  for (let offset: number | null = 0; offset !== null; ) {
    const page: { items: { id: string; chunks_sent: number }[]; next: number | null } = await hub.get(
      `/api/v1/connections?limit=1000&offset=${offset}`,
    );
    for (const row of page.items) rows.set(row.id, row.chunks_sent);
    offset = page.next;
  }
  expect(rows.size).toBe(LISTENERS);
  expect(new Map([...replica.rows].map(([key, row]) => [key, row.value(sent)]))).toEqual(rows);
}
