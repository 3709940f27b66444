import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import { CLOSE, Writer, writePublishedChunk } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import { HubProcess } from '../harness/hub.js';
import { LiveSocket, refusedStatus, TestSocket } from '../harness/socket.js';

const badReports = [
  { type: 'connection_metrics', connection: 1, chunksSent: Number.NaN },
  { type: 'connection_metrics', connection: 1, chunksDropped: -1 },
  { type: 'connection_metrics', connection: 1, client: { bufferDepthMs: 1e308 } },
];

const COUNTERS = [
  'messages_refused',
  'messages_oversize',
  'upgrades_refused',
  'requests_refused',
  'fields_ignored',
  'errors',
];

/** Everything here happens beside one innocent listener, which must not notice. */
describe.each(['uws', 'ws'])('bad input on %s', (transport) => {
  let hub: HubProcess;
  let engine: TestSocket;
  let innocent: TestSocket;
  let published = 0;
  let timer: NodeJS.Timeout;

  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport]);
    engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/publish`);
    innocent = await listen();
    const chunk = writePublishedChunk(new Writer(), { durationMs: 20, payload: new Uint8Array(100) });
    timer = setInterval(() => {
      engine.send(chunk);
      published++;
    }, 20);
  });

  afterAll(async () => {
    clearInterval(timer);
    await hub.stop();
  });

  const listen = () => TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);

  async function hubRow(): Promise<Record<string, number>> {
    const live = new LiveSocket(hub.wsUrl, 'json');
    const { welcome } = await live.nextResponse('welcome');
    live.request({ kind: 'subscribe', sub: 1, topic: 'hubs', intervalMs: 100, options: {} });
    const { columns } = await live.nextResponse('snapshot');
    await live.close();
    const nameOf = new Map(welcome.catalogue.map((column) => [column.id, column.name]));
    return Object.fromEntries(columns.map(({ id, values }) => [nameOf.get(id), values[0]]));
  }

  /** Return what `action` added to the hub's counters. */
  async function counted(action: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = await hubRow();
    await action();
    for (const deadline = Date.now() + 5_000; ; ) {
      // A client may see its connection end before the hub has; and what is counted twice has time to be.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const after = await hubRow();
      const added = COUNTERS.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const);
      const found = added.filter(([, count]) => count !== 0);
      if (found.length > 0 || Date.now() > deadline) return Object.fromEntries(found);
    }
  }

  test.each<[string, string | Uint8Array, string]>([
    ['binary noise', Uint8Array.from({ length: 300 }, (_, at) => (at * 197 + 193) % 256), 'bad_message'],
    ['text that is no JSON', 'hello', 'bad_message'],
    ['4,000 nested arrays', '['.repeat(2000) + ']'.repeat(2000), 'bad_message'],
    ['nested arrays in MessagePack', new Uint8Array(4000).fill(0x91), 'bad_message'],
    ['a record extension', Uint8Array.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61]), 'bad_message'],
    ['an array declared with four billion items', Uint8Array.from([0xdd, 0xff, 0xff, 0xff, 0xff]), 'bad_message'],
    ['a wrong type', '{"type":"client_metrics","metrics":{"chunksReceived":"7"}}', 'bad_value'],
    ['a negative count', '{"type":"client_metrics","metrics":{"lastSeq":-7}}', 'bad_value'],
  ])('listener: %s is refused, answered and counted; the connection stays', async (_, message, code) => {
    const listener = await listen();
    const added = await counted(async () => {
      listener.send(message);
      expect((await listener.nextText<{ code: string }>('error')).code).toBe(code);
    });
    expect(added).toEqual({ messages_refused: 1 });
    listener.send({ type: 'clock_sync', t0: 1 });
    expect(await listener.nextText('clock_sync')).toMatchObject({ t0: 1 });
    await listener.close();
  });

  test('listener: __proto__ and unknown fields are ignored and counted', async () => {
    const listener = await listen();
    const added = await counted(async () => {
      listener.send('{"type":"client_metrics","metrics":{"__proto__":{"polluted":1},"constructor":5,"lastSeq":0}}');
      listener.send(encode({ type: 'client_metrics', metrics: { toString: 1 } }));
      listener.send({ type: 'clock_sync', t0: 1 });
      await listener.nextText('clock_sync');
    });
    expect(added).toEqual({ fields_ignored: 3 });
    await listener.close();
  });

  test.each([
    ['1 MB of text', () => 'x'.repeat(1 << 20)],
    ['16,000 nested arrays', () => '['.repeat(16_000) + ']'.repeat(16_000)],
  ])('listener: %s ends its connection, counted', async (_, message) => {
    const listener = await listen();
    const added = await counted(async () => {
      listener.send(message());
      expect([1006, 1009]).toContain(await listener.closed);
    });
    expect(added).toEqual({ messages_oversize: 1 });
  });

  test('listener: a flood of messages, good or bad, is ended with 4103', async () => {
    for (const message of ['no', '{"type":"client_metrics","metrics":{}}']) {
      const listener = await listen();
      for (let count = 0; count < 2_000; count++) listener.send(message);
      expect(await listener.closed).toBe(CLOSE.TOO_MANY_REFUSALS);
    }
  });

  test('a page whose reports are all refused keeps its audio, is told so, and is heard once they are right', async () => {
    const engine = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/wrong/publish`);
    // An address of its own: other tests have used up the refusals of theirs.
    const path = '/api/v1/streams/wrong/listen?client=wrong';
    const page = await TestSocket.open(hub.wsUrl + path, [], { localAddress: '127.0.0.2' });
    const { connectionId } = await page.nextText<{ connectionId: string }>('welcome');
    const errors: string[] = [];
    for (let burst = 0; burst < 2; burst++) {
      for (let count = 0; count < 40; count++) page.send({ type: 'client_metrics', metrics: { chunksReceived: '7' } });
      await new Promise((resolve) => setTimeout(resolve, 1_100));
    }
    engine.send(encode([100, new Uint8Array(8)]));
    await page.next(({ data, isBinary }) => {
      if (isBinary) return true;
      const { type, message } = JSON.parse(data.toString());
      if (type === 'error') errors.push(message);
      return undefined;
    });
    expect(errors).toHaveLength(60);
    expect(errors.at(-1)).toContain('further refusals in this minute are counted and not answered');
    const row = async () => hub.get<Record<string, number>>(`/api/v1/connections/${connectionId}`);
    for (let look = 0; look < 50 && (await row()).chunks_received !== 7; look++) {
      page.send({ type: 'client_metrics', metrics: { chunksReceived: 7 } });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const found = await row();
    expect(found).toMatchObject({ chunks_received: 7, state: 'open' });
    expect(found.messages_refused).toBeGreaterThanOrEqual(80);
    await Promise.all([engine.close(), page.close()]);
  });

  test.each([
    ['a slash in the name', '/api/v1/streams/a%2Fb/listen'],
    ['a space in the name', '/api/v1/streams/a%20b/listen'],
    ['65 characters', `/api/v1/streams/${'a'.repeat(65)}/listen`],
    ['a bad client name', '/api/v1/streams/main/listen?client=%3Cb%3E'],
    ['a bad name to publish on', '/api/v1/streams/a%2Fb/publish'],
    ['a bad sample rate', '/api/v1/streams/x/publish?encoding=pcm_s16le&sampleRate=1'],
  ])('upgrade: %s is answered 400', async (_, path) => {
    expect(await counted(async () => expect(await refusedStatus(hub.wsUrl + path)).toBe(400))).toEqual({
      upgrades_refused: 1,
    });
  });

  test('upgrade: a literal slash in the name is answered 400 too', async () => {
    expect(await refusedStatus(`${hub.wsUrl}/api/v1/streams/a/b/listen`)).toBe(400);
  });

  test('upgrade: a second engine is answered 409', async () => {
    const path = '/api/v1/streams/main/publish';
    expect(await counted(async () => expect(await refusedStatus(hub.wsUrl + path)).toBe(409))).toEqual({
      upgrades_refused: 1,
    });
  });

  test('upgrade: other hosts and origins are refused', async () => {
    const live = `${hub.wsUrl}/api/v1/live`;
    expect(await refusedStatus(live, [], { headers: { host: 'evil.example' } })).toBe(421);
    expect(await refusedStatus(live, [], { origin: 'https://evil.example' })).toBe(403);
    expect(await refusedStatus(live, ['chat'])).toBe(400);
  });

  test.each<[string, string | Uint8Array, string]>([
    ['text', 'hello', 'bad_message'],
    ['noise', Uint8Array.from([0xc1, 1, 2]), 'bad_message'],
    ['another shape', encode([1, 2, 3]), 'bad_message'],
    ['no duration', encode([0, new Uint8Array(4)]), 'bad_value'],
    ['an endless duration', encode([Number.POSITIVE_INFINITY, new Uint8Array(4)]), 'bad_value'],
    ['NaN', encode([Number.NaN, new Uint8Array(4)]), 'bad_value'],
  ])('engine: %s is refused, answered and counted', async (name, message, code) => {
    const other = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/${name.replaceAll(' ', '-')}/publish`);
    const added = await counted(async () => {
      other.send(message);
      expect((await other.nextText<{ code: string }>('error')).code).toBe(code);
    });
    expect(added).toEqual({ messages_refused: 1 });
    await other.close();
  });

  test.each<[string, string | Uint8Array, string]>([
    ['text that is no JSON', '{', 'bad_message'],
    ['noise', Uint8Array.from([0xc1]), 'bad_message'],
    ['an unknown opcode', encode([99]), 'bad_message'],
    ['an unknown topic', encode([1, 1, 'cats', 250]), 'unknown_topic'],
    ['a bad interval', encode([1, 1, 'streams', 1]), 'bad_interval'],
    ['an unknown column', encode([1, 1, 'streams', 250, { columns: ['__proto__'] }]), 'unknown_column'],
    ['no such subscription', encode([2, 77]), 'unknown_subscription'],
    ['a subscription that is a map', encode([1, {}, 'streams', 250]), 'bad_value'],
  ])('dashboard: %s is answered with an ERROR and counted', async (_, message, code) => {
    const live = new LiveSocket(hub.wsUrl);
    await live.nextResponse('welcome');
    const added = await counted(async () => {
      live.send(message);
      expect((await live.nextResponse('error')).code).toBe(code);
    });
    expect(added).toEqual({ messages_refused: 1 });
    await live.close();
  });

  test.each<[string, string, string, string | Uint8Array, number]>([
    ['reports', 'a thousand that are none', 'application/json', JSON.stringify(Array(1000).fill({ type: 'x' })), 1000],
    ['reports', 'NaN and a negative count', 'application/msgpack', encode(badReports), 3],
    ['cmcd', 'lines of noise', 'application/cmcd', 'sid="x\n((((\nbl=(1,2)\n\u0000', 4],
    ['cmcd', 'a thousand sessions of no stream', 'application/cmcd', Array(1000).fill('sid="s"').join('\n'), 1000],
  ])('plain HTTP: %s, %s: refused one by one and counted; nothing is made', async (door, _, type, body, refused) => {
    const path = door === 'cmcd' ? '/api/v1/cmcd' : '/api/v1/streams/bad/reports';
    const added = await counted(async () => {
      const headers = { 'content-type': type };
      const response = await fetch(hub.url + path, { method: 'POST', headers, body: body as BodyInit });
      expect([response.status, await response.json()]).toMatchObject([202, { accepted: 0, refused }]);
    });
    expect(added).toEqual({ messages_refused: refused });
    expect((await fetch(`${hub.url}/api/v1/streams/bad`)).status).toBe(404);
  });

  test('plain HTTP: a Host that is not ours, a body that is too large', async () => {
    const added = await counted(async () => {
      const headers = { 'content-type': 'application/json' };
      const body = 'x'.repeat(2 << 20);
      const tooLarge = await fetch(`${hub.url}/api/v1/streams/bad/events`, { method: 'POST', headers, body });
      expect(tooLarge.status).toBe(413);
    });
    expect(added.errors ?? 0).toBe(0);
  });

  test('all this while, the innocent listener missed nothing', async () => {
    clearInterval(timer);
    await innocent.next(({ isBinary, data }) => (isBinary && data.readUInt32BE(2) === published ? true : undefined));
    const { items } = await hub.get<{ items: Record<string, number>[] }>(
      '/api/v1/connections?sort=connected_at&limit=1',
    );
    expect(items[0]).toMatchObject({ chunks_sent: published, chunks_dropped: 0 });
    expect(hub.log).not.toContain(INTERNAL_ERROR_LOG);
  });
});
