import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import { HubProcess } from '../harness/hub.js';

type Row = Record<string, number | string | null>;

describe.each(['uws', 'ws'])('a server of one’s own reports its connections, on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport, '--max-clients', '5', '--max-share-percent', '100']);
  });
  afterAll(async () => {
    expect(hub.log).not.toContain(INTERNAL_ERROR_LOG);
    await hub.stop();
  });

  const post = (stream: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`${hub.url}/api/v1/streams/${stream}/reports`, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const rowOf = (key: string) => hub.get<Row>(`/api/v1/connections/${encodeURIComponent(key)}`);
  const counters = async () => ((await hub.get<{ items: Row[] }>('/api/v1/hubs')).items[0] ?? {}) as Row;

  test('in JSON and in MessagePack: rows, the stream and the summary agree with what was told', async () => {
    const opened = [
      { type: 'connection_opened', connection: '10.0.0.7:51000', attributes: { client: 'alice' } },
      { type: 'connection_opened', connection: 8 },
    ];
    const answer = await post('main', JSON.stringify(opened));
    expect([answer.status, await answer.json()]).toEqual([202, { accepted: 2, refused: 0, errors: [] }]);
    const metrics = [
      { type: 'connection_metrics', connection: '10.0.0.7:51000', chunksSent: 120, chunksDropped: 2, rttMs: 12.5 },
      { type: 'connection_metrics', connection: 8, chunksSent: 80, client: { bufferDepthMs: 300, hidden: false } },
      { type: 'connection_metrics', connection: 8, chunksSent: 'many' },
    ];
    const packed = await post('main', encode(metrics), { 'content-type': 'application/msgpack' });
    expect(await packed.json()).toEqual({
      accepted: 2,
      refused: 1,
      errors: [
        {
          index: 2,
          code: 'bad_value',
          message: 'connection_metrics.chunksSent: a whole number, 0 to 4398046511104, not "many"',
        },
      ],
    });
    expect(await rowOf('main:10.0.0.7:51000')).toMatchObject({
      stream: 'main',
      client: 'alice',
      state: 'open',
      chunks_sent: 120,
      chunks_dropped: 2,
      rtt_ms: 12.5,
    });
    expect(await rowOf('main:8')).toMatchObject({ chunks_sent: 80, buffer_depth_ms: 300, hidden: 'visible' });
    expect(await hub.get<Row>('/api/v1/streams/main')).toMatchObject({
      active_connections: 2,
      external_connections: 2,
      chunks_sent: 200,
      chunks_dropped: 2,
    });
    expect(await hub.get<Row>('/api/v1/metrics')).toMatchObject({
      total_chunks_sent: 200,
      total_chunks_dropped: 2,
      current_active_clients: 2,
    });
    await post('main', JSON.stringify({ type: 'connection_closed', connection: 8, reason: 'left' }));
    expect(await rowOf('main:8')).toMatchObject({ state: 'closed', reason: 'left', chunks_sent: 80 });
    expect(await hub.get<Row>('/api/v1/metrics')).toMatchObject({ total_chunks_sent: 200, current_active_clients: 1 });
  });

  test('a flood of connections ends at --max-clients, and leaves the hub’s own places alone', async () => {
    const before = await counters();
    const flood = Array.from({ length: 1000 }, (_, connection) => ({
      type: 'connection_metrics',
      connection: `f${connection}`,
    }));
    const answer = (await (await post('flood', JSON.stringify(flood))).json()) as { accepted: number; refused: number };
    expect(answer.accepted + answer.refused).toBe(1000);
    expect(answer.accepted).toBe(4);
    const after = await counters();
    expect((after.refused_at_capacity as number) - (before.refused_at_capacity as number)).toBe(996);
    expect(after.active_connections).toBe(0);
  });

  test.each<[string, string, string | Uint8Array, Record<string, string>, number]>([
    ['no JSON', 'x', '{', {}, 400],
    ['a text', 'x', '"hello"', {}, 400],
    ['noise in MessagePack', 'x', Uint8Array.from([0xc1, 0xff]), { 'content-type': 'application/msgpack' }, 400],
    [
      'a record extension',
      'x',
      Uint8Array.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61]),
      { 'content-type': 'application/msgpack' },
      400,
    ],
    ['nested without end', 'x', '['.repeat(100_000), {}, 400],
    ['more than 1,000', 'x', JSON.stringify(Array.from({ length: 1001 }, () => ({}))), {}, 413],
    ['more than a megabyte', 'x', 'x'.repeat(2 << 20), {}, 413],
    ['another type', 'x', 'hello', { 'content-type': 'text/plain' }, 415],
    ['a bad stream name', 'a%20b', '[]', {}, 400],
    ['a page of another origin', 'x', '[]', { origin: 'https://evil.example' }, 403],
  ])('%s is refused with a problem document, and makes nothing', async (_, stream, body, headers, status) => {
    const response = await post(stream, body, headers);
    expect(response.status).toBe(status);
    if (status !== 413) expect(await response.json()).toMatchObject({ status });
    expect((await fetch(`${hub.url}/api/v1/streams/x`)).status).toBe(404);
    expect((await counters()).errors).toBe(0);
  });
});
