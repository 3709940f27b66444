import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
import { SCHEMAS, Writer, writePublishedChunk } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import { HubProcess } from '../harness/hub.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

type Row = Record<string, number | string | null>;
type Answer = { accepted: number; refused: number; errors: { index: number; code: string; message: string }[] };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until `wanted` of the answer holds; the last answer. */
async function until<Found>(ask: () => Promise<Found>, wanted: (found: Found) => boolean, ms = 8_000): Promise<Found> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await ask();
    if (wanted(found) || Date.now() > deadline) return found;
    await pause(100);
  }
}

describe.each(['uws', 'ws'])('an engine on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport]);
  });
  afterAll(async () => {
    expect(hub.log).not.toContain(INTERNAL_ERROR_LOG);
    await hub.stop();
  });

  const publish = (stream: string, query = '') =>
    TestSocket.open(`${hub.wsUrl}/api/v1/streams/${stream}/publish${query}`);
  const post = (stream: string, body: string | Uint8Array, type = 'application/json', headers: object = {}) =>
    fetch(`${hub.url}/api/v1/streams/${stream}/events`, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: { 'content-type': type, ...headers },
    });
  const rowOf = (stream: string) => hub.get<Row>(`/api/v1/engines/${stream}`);
  const hubCount = async (name: string): Promise<number> => {
    const live = new LiveSocket(hub.wsUrl, 'json');
    await live.nextResponse('welcome');
    live.request({ kind: 'subscribe', sub: 1, topic: 'hubs', intervalMs: 100, options: { columns: [name] } });
    const { columns } = await live.nextResponse('snapshot');
    await live.close();
    return columns[0]?.values[0] ?? 0;
  };

  test('moves every column of its row by what it sends', async () => {
    const engine = await publish('all', '?encoding=pcm_s16le&sampleRate=48000&channels=1');
    const begunAt = performance.now();
    engine.send({ type: 'synthesis_start', id: 'a' });
    engine.send(encode({ type: 'synthesis_start', id: 'b' }));
    await until(
      () => rowOf('all'),
      (found) => found.syntheses_pending === 2,
    );
    await pause(60);
    const end = { success: true, phraseDurationSec: 8, peakAmplitudeDb: -7.5, gpuMemoryMb: 1500 };
    engine.send({ type: 'synthesis_end', id: 'a', ...end });
    engine.send(encode([{ type: 'synthesis', latencyMs: 400, success: false }]));
    engine.send([
      { type: 'synthesis_end', id: 'never begun', latencyMs: 200, ...end },
      { type: 'synthesis_end', id: 'never begun', ...end },
      { type: 'phrase', generationMs: 700, notes: 11, success: true },
      { type: 'phrase', generationMs: 900, success: false },
      { type: 'queue', depth: 1 },
      { type: 'queue', depth: 0 },
      { type: 'buffer', depthMs: 310 },
      { type: 'process', cpuPercent: 41.5, memoryMb: 612 },
      { type: 'chunks', sent: 100, dropped: 2 },
      { type: 'clients', active: 3 },
    ]);
    const samples = new Uint8Array(Int16Array.of(0, 32_767, 32_767, 32_767).buffer);
    engine.send(writePublishedChunk(new Writer(), { durationMs: 100, payload: samples }));
    await pause(1_000);
    engine.send({ type: 'chunks', sent: 120, dropped: 5 });
    engine.send({ type: 'queue', depth: -1 });
    const row = await until(
      () => rowOf('all'),
      (found) => found.events === 15 && found.peak_measured_db === 0.1 && found.events_refused === 1,
    );
    expect(row).toMatchObject({
      id: 'all',
      stream: 'all',
      synthesis_latency_last_ms: 200,
      real_time_factor_last: 40,
      synthesis_failure_rate: 0.3333,
      synthesis_attempts_5min: 3,
      gpu_memory_mb: 1500,
      peak_amplitude_db: 0.1,
      peak_measured_db: 0.1,
      chunks_clipped: 1,
      ring_buffer_depth_ms: 310,
      phrase_generation_ms: 900,
      phrase_queue_depth: 0,
      phrase_queue_underruns: 1,
      generation_failures_per_hour: 1,
      notes_per_phrase: 11,
      process_cpu_percent: 41.5,
      process_memory_mb: 612,
      phrases_generated: 2,
      synthesis_errors: 1,
      syntheses_pending: 1,
      syntheses_unpaired: 1,
      events: 15,
      events_refused: 1,
      chunks_sent: 120,
      chunks_dropped: 5,
      dropped_per_min: 3,
      active_clients: 3,
    });
    // `a`, measured by arrival, took longer than the pause and less than all of this.
    const measured = (row.synthesis_latency_ms as number) * 2 - 200;
    expect(measured).toBeGreaterThan(59);
    expect(measured).toBeLessThan(performance.now() - begunAt);
    expect(row.synthesis_latency_p50_ms as number).toBeLessThan(203);
    expect(row.synthesis_latency_p99_ms as number).toBeGreaterThan(197);
    // Twenty chunks from one report to the next.
    expect(row.chunk_send_rate as number).toBeGreaterThan(20_000 / (performance.now() - begunAt));
    expect(Date.parse(row.last_event_at as string)).toBeGreaterThan(Date.now() - 20_000);
    for (const { name } of SCHEMAS.engines.columns) expect([name, row[name]]).not.toEqual([name, null]);
    await engine.close();
  }, 20_000);

  test('is told what is refused, and the good ones of a list are taken', async () => {
    const before = await hubCount('messages_refused');
    const engine = await publish('bad');
    const told = async (message: object | string | Uint8Array) => {
      engine.send(message);
      return engine.nextText<{ code: string; message: string }>('error');
    };
    expect(await told({ type: 'queue', depth: '3' })).toMatchObject({
      code: 'bad_value',
      message: 'queue.depth: a whole number, 0 to 1000000, not "3"',
    });
    expect(await told([{ type: 'buffer', depthMs: 250 }, { type: 'x' }, { type: 'queue' }])).toMatchObject({
      code: 'bad_message',
      message: expect.stringMatching(/^index 1 of 3: type: one of .*, not "x" \(and 1 more refused\)$/),
    });
    expect(await told('[100, "audio"]')).toMatchObject({ code: 'bad_message' });
    expect(await told(encode('synthesis'))).toMatchObject({ code: 'bad_message' });
    expect(await told('{"type":"queue",')).toMatchObject({ code: 'bad_message' });
    expect(await told(Array.from({ length: 1001 }, () => ({})))).toMatchObject({ code: 'bad_message' });
    expect(await rowOf('bad')).toMatchObject({ ring_buffer_depth_ms: 250, events: 1, events_refused: 3 });
    expect((await hubCount('messages_refused')) - before).toBe(7);
    await engine.close();
  });

  test('may post instead, with the same result', async () => {
    const events = [
      {
        type: 'synthesis',
        latencyMs: 320,
        success: true,
        phraseDurationSec: 16,
        peakAmplitudeDb: -3,
        gpuMemoryMb: 900,
      },
      { type: 'synthesis', latencyMs: 280, success: true, phraseDurationSec: 16 },
      { type: 'synthesis', latencyMs: 280, success: true, phraseDurationSec: -16 },
      { type: 'synthesis_start', id: 1, at: 1_000 },
      { type: 'synthesis_end', id: 1, at: 1_150, success: true, phraseDurationSec: 6 },
      { type: 'phrase', generationMs: 800, notes: 9, success: true },
      { type: 'queue', depth: 2 },
      { type: 'buffer', depthMs: 275 },
      { type: 'process', cpuPercent: 12, memoryMb: 300 },
      { type: 'chunks', sent: 10, dropped: 0 },
      { type: 'clients', active: 1 },
    ];
    const engine = await publish('by-socket');
    engine.send(events);
    await engine.nextText('error');
    const answer = await post('by-post', JSON.stringify(events));
    expect(answer.status).toBe(202);
    const body = (await answer.json()) as Answer;
    expect(body).toMatchObject({ accepted: 10, refused: 1, errors: [{ index: 2, code: 'bad_value' }] });
    expect(body.errors[0]?.message).toContain('synthesis.phraseDurationSec: a number of seconds above 0');
    const packed = await post('by-msgpack', encode(events), 'application/msgpack');
    expect([packed.status, await packed.json()]).toEqual([202, body]);

    const figures = async (stream: string) => ({ ...(await rowOf(stream)), id: '', stream: '', last_event_at: 0 });
    expect(await figures('by-post')).toEqual(await figures('by-socket'));
    expect(await figures('by-msgpack')).toEqual(await figures('by-socket'));
    expect(await figures('by-post')).toMatchObject({ synthesis_latency_ms: 250, events: 10, events_refused: 1 });
    const { total } = await hub.get<{ total: number }>('/api/v1/engines?stream=by-post');
    expect(total).toBe(1);
    await engine.close();
  });

  test.each<[string, number, string | Uint8Array, string]>([
    ['no JSON', 400, '{', 'application/json'],
    ['JSON that is no event', 400, '7', 'application/json'],
    ['no MessagePack', 400, Uint8Array.of(0xc1), 'application/msgpack'],
    ['a record extension', 400, Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61), 'application/msgpack'],
    ['a body of another type', 415, '{"type":"queue","depth":1}', 'text/plain'],
    ['more than a thousand events', 413, JSON.stringify(new Array(1001).fill({})), 'application/json'],
    ['more than a megabyte', 413, 'x'.repeat(1.5 * 2 ** 20), 'application/json'],
  ])('posts %s and is answered %i', async (_, status, body, type) => {
    const response = await post('nothing', body, type);
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect((await response.json()) as object).toMatchObject({ status });
    const { items } = await hub.get<{ items: Row[] }>('/api/v1/streams');
    expect(items.map(({ id }) => id)).not.toContain('nothing');
  });

  test('posts a bad name, or from a page that may not', async () => {
    expect((await post('a%2Fb', '[]')).status).toBe(400);
    const event = '{"type":"queue","depth":1}';
    const strange = await post('strange', event, 'application/json', { origin: 'https://elsewhere.example' });
    expect([strange.status, strange.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect((await post('strange', event, 'application/json', { origin: 'null' })).status).toBe(403);
  });

  test('fills the summary of the specification', async () => {
    await post('summed', JSON.stringify([{ type: 'synthesis', latencyMs: 100, success: true, phraseDurationSec: 5 }]));
    const before = await hub.get<Record<string, number>>('/api/v1/metrics');
    expect(before.total_phrases_generated).toBeGreaterThan(0);
    await post('summed', JSON.stringify([{ type: 'synthesis', latencyMs: 100, success: false }]));
    const after = await hub.get<Record<string, number>>('/api/v1/metrics');
    expect(after.total_phrases_generated).toBe(before.total_phrases_generated);
    expect(after.total_synthesis_errors).toBe((before.total_synthesis_errors ?? 0) + 1);
    const attempts = (after.total_phrases_generated ?? 0) + (after.total_synthesis_errors ?? 0);
    expect(after.synthesis_error_rate).toBeCloseTo((after.total_synthesis_errors ?? 0) / attempts, 9);
    // Means are of what there was at each second.
    const { streams, hosts, gpus, ...summary } = await until(
      () => hub.get<Record<string, unknown>>('/api/v1/metrics'),
      (found) => Object.entries(found).every(([key, value]) => key === 'avg_cpu_percent' || value !== null),
    );
    for (const [key, value] of Object.entries(summary)) {
      if (key !== 'avg_cpu_percent') expect([key, typeof value]).toEqual([key, 'number']);
    }
    expect(streams).toContainEqual(expect.objectContaining({ id: 'summed', active_connections: 0 }));
    expect([hosts, gpus]).toEqual([expect.any(Array), expect.any(Array)]);
  });

  test('that leaves shows no present any more', async () => {
    const engine = await publish('leaves');
    engine.send([
      { type: 'buffer', depthMs: 300 },
      { type: 'synthesis', latencyMs: 100, success: true, phraseDurationSec: 5 },
    ]);
    await until(
      () => rowOf('leaves'),
      (row) => row.ring_buffer_depth_ms === 300,
    );
    await engine.close();
    const row = await until(
      () => rowOf('leaves'),
      (found) => found.ring_buffer_depth_ms === null,
    );
    expect(row).toMatchObject({ ring_buffer_depth_ms: null, synthesis_latency_ms: 100, phrases_generated: 1 });
  });
});
