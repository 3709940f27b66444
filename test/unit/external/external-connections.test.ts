import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ANYBODY } from '../limits/holders.js';
import { columnsOf, ExternalWorld } from './world.js';

describe('a connection that its server reports', () => {
  test('is a row like any other, in its stream’s figures and in the summary', () => {
    const world = new ExternalWorld();
    world.opened('a', { client: 'alice', address: '10.0.0.7:51000' });
    world.opened('b');
    const said = { chunksReceived: 9, bufferDepthMs: 310, avgLatencyMs: 40, clockErrorMs: 4, playbackState: 'playing' };
    world.pass(10, (second) => {
      world.metrics('a', {
        chunksSent: second * 10,
        chunksDropped: 0,
        bytesSent: second * 1000,
        rttMs: 30,
        client: said,
      });
      world.metrics('b', { chunksSent: second * 9, chunksDropped: second, bufferDepthMs: 200 });
    });
    expect(world.row('main:a')).toMatchObject({
      stream: 'main',
      client: 'alice',
      address: '10.0.0.7:51000',
      reason: '',
      state: 'open',
      chunks_sent: 100,
      chunks_dropped: 0,
      bytes_sent: 10_000,
      chunk_send_rate: 10,
      dropped_per_min: 0,
      rtt_ms: 30,
      chunks_received: 9,
      buffer_depth_ms: 310,
      latency_ms: 40,
      clock: 'synced',
      playback_state: 'playing',
      reports: 10,
      status: 'ok',
      status_reason: 'ok',
      trust: 'trusted',
    });
    expect(world.row('main:b')).toMatchObject({
      chunks_sent: 90,
      chunks_dropped: 10,
      chunk_send_rate: 9,
      dropped_per_min: 10,
      buffer_depth_ms: 200,
      status: 'ok',
    });
    expect(world.stream('active_connections')).toBe(2);
    expect(world.stream('external_connections')).toBe(2);
    expect(world.stream('chunks_sent')).toBe(190);
    expect(world.stream('chunks_dropped')).toBe(10);
    expect(world.stream('dropped_per_min')).toBe(10);
    expect(world.stream('latency_p50_ms')).toBe(40);
    expect(world.stream('rtt_p50_ms')).toBe(30);
    expect(world.stream('buffer_depth_p5_ms')).toBe(200);
    expect(world.hub('reports')).toBe(20);
    expect(world.summary).toMatchObject({
      total_chunks_sent: 190,
      total_chunks_dropped: 10,
      current_active_clients: 2,
    });
  });

  test('11 drops in 60 s are a warning, 11 in 61 s are none; the first interval counts', () => {
    const world = new ExternalWorld();
    world.opened('a');
    world.metrics('a', { chunksSent: 5, chunksDropped: 1 });
    world.pass(59, (second) => second === 59 && world.metrics('a', { chunksSent: 600, chunksDropped: 11 }));
    expect(columnsOf(world.row('main:a'), 'dropped_per_min', 'status', 'status_reason')).toEqual([
      11,
      'warning',
      'dropped',
    ]);
    expect(world.stream('listeners_warning')).toBe(1);
    world.pass(1, () => world.metrics('a', { chunksSent: 610 }));
    expect(columnsOf(world.row('main:a'), 'dropped_per_min', 'status')).toEqual([10, 'ok']);
  });

  test('a counter that falls began again: no spike, and nothing lost of what was counted', () => {
    const world = new ExternalWorld();
    world.opened('a');
    world.pass(5, (second) => world.metrics('a', { chunksSent: second * 10, chunksDropped: second }));
    world.pass(1, () => world.metrics('a', { chunksSent: 3, chunksDropped: 500 }));
    expect(columnsOf(world.row('main:a'), 'chunks_sent', 'chunk_send_rate')).toEqual([53, null]);
    world.pass(1, () => world.metrics('a', { chunksSent: 13, chunksDropped: 2 }));
    expect(columnsOf(world.row('main:a'), 'chunks_sent', 'chunks_dropped', 'chunk_send_rate')).toEqual([63, 502, 10]);
    expect(world.stream('chunks_sent')).toBe(63);
    expect(world.summary.total_chunks_sent).toBe(63);
  });

  test('that was open before the hub is opened by its first metrics: what it had counted is a total and no rate', () => {
    const world = new ExternalWorld();
    world.metrics('old', { chunksSent: 90_000, chunksDropped: 400 });
    world.pass(1);
    expect(
      columnsOf(world.row('main:old'), 'chunks_sent', 'chunks_dropped', 'dropped_per_min', 'chunk_send_rate'),
    ).toEqual([90_000, 400, 0, null]);
    expect(world.stream('dropped_per_min')).toBe(0);
    world.pass(1, () => world.metrics('old', { chunksSent: 90_020, chunksDropped: 403 }));
    expect(columnsOf(world.row('main:old'), 'dropped_per_min', 'chunk_send_rate')).toEqual([3, 10]);
  });

  test('what its client says of its buffer goes before what its server reckons, which stays beside it', () => {
    const world = new ExternalWorld();
    world.metrics('a', { bufferDepthMs: 250 });
    expect(columnsOf(world.row('main:a'), 'buffer_depth_ms', 'buffer_model_ms')).toEqual([250, 250]);
    world.metrics('a', { bufferDepthMs: 260, client: { bufferDepthMs: 120 } });
    world.metrics('a', { bufferDepthMs: 270 });
    expect(columnsOf(world.row('main:a'), 'buffer_depth_ms', 'buffer_model_ms')).toEqual([120, 270]);
  });

  test('is judged as the hub’s own listeners are: starving, hidden, silent', () => {
    const world = new ExternalWorld();
    world.opened('a');
    world.pass(1, () => world.metrics('a', { client: { bufferUnderruns: 0, playbackState: 'playing' } }));
    world.pass(1, () => world.metrics('a', { client: { bufferUnderruns: 1, playbackState: 'playing' } }));
    expect(columnsOf(world.row('main:a'), 'status', 'status_reason')).toEqual(['critical', 'rebuffering']);
    expect(world.stream('listeners_critical')).toBe(1);
    world.pass(1, () => world.metrics('a', { client: { bufferUnderruns: 1, hidden: true } }));
    expect(columnsOf(world.row('main:a'), 'status', 'trust')).toEqual(['ok', 'hidden']);
    world.metrics('a', { client: { hidden: false } });
    world.pass(31);
    expect(columnsOf(world.row('main:a'), 'status', 'status_reason', 'trust')).toEqual(['critical', 'stale', 'stale']);
  });

  test('is stale after 30 s without a report, closed after 120 s, and its row goes after 60 s more', () => {
    const world = new ExternalWorld();
    world.opened('a');
    world.pass(30);
    expect(world.row('main:a')?.state).toBe('open');
    world.pass(1);
    expect(world.row('main:a')?.state).toBe('stale');
    world.metrics('a', { chunksSent: 1 });
    expect(world.row('main:a')?.state).toBe('open');
    world.pass(120);
    expect(world.row('main:a')).toMatchObject({ state: 'stale', reason: '' });
    world.pass(1);
    expect(world.row('main:a')).toMatchObject({ state: 'closed', reason: 'no report', close_code: null, status: null });
    expect([world.hub('stalled_closed'), world.stream('active_connections')]).toEqual([1, 0]);
    world.pass(59);
    expect(world.tables.connections.size).toBe(1);
    world.pass(1);
    expect([world.tables.connections.size, world.relay.streams.size]).toEqual([0, 0]);
  });

  test('that closes keeps its row 60 s with its reason; one of the same name takes its place', () => {
    const world = new ExternalWorld();
    world.opened('a');
    world.metrics('a', { chunksSent: 7 });
    world.send({ type: 'connection_closed', connection: 'a', reason: 'left the room' });
    expect(world.row('main:a')).toMatchObject({ state: 'closed', reason: 'left the room', chunks_sent: 7 });
    world.pass(30);
    world.opened('a');
    expect(world.row('main:a')).toMatchObject({ state: 'open', reason: '', chunks_sent: null });
    world.pass(31, () => world.metrics('a', { chunksSent: 3 }));
    expect(world.row('main:a')).toMatchObject({ state: 'open', chunks_sent: 3 });
    expect(world.stream('chunks_sent')).toBe(10);
  });

  test('opened twice is one connection, described anew', () => {
    const world = new ExternalWorld();
    world.opened('a', { client: 'alice' });
    world.metrics('a', { chunksSent: 7 });
    world.opened('a', { client: 'bob' });
    expect(world.row('main:a')).toMatchObject({ client: 'bob', chunks_sent: 7 });
    expect(world.stream('active_connections')).toBe(1);
  });

  test('its name is its stream’s own', () => {
    const world = new ExternalWorld();
    world.send({ type: 'connection_metrics', connection: 7, chunksSent: 1 });
    world.sendTo('other', { type: 'connection_metrics', connection: '7', chunksSent: 2 });
    expect([world.row('main:7')?.chunks_sent, world.row('other:7')?.chunks_sent]).toEqual([1, 2]);
    expect(world.sendTo('other', { type: 'connection_closed', connection: '8' })).toEqual([
      'unknown_connection connection "8" is not open',
    ]);
  });
});

describe('bounds', () => {
  test('as many are open as --max-clients says; more are refused by code, and counted', () => {
    const world = new ExternalWorld(3);
    const refused = world.send(...[1, 2, 3, 4, 5].map((connection) => ({ type: 'connection_metrics', connection })));
    expect(refused).toEqual([4, 5].map(() => 'too_many_connections all 3 places are taken (--max-clients)'));
    expect([world.hub('refused_at_capacity'), world.hub('messages_refused')]).toEqual([2, 2]);
    world.send({ type: 'connection_closed', connection: 1 });
    expect(world.send({ type: 'connection_opened', connection: 4 })).toEqual([]);
  });

  test('opening and closing without end does not grow the table', () => {
    const world = new ExternalWorld(50);
    for (let connection = 0; connection < 5_000; connection++) {
      world.send({ type: 'connection_opened', connection }, { type: 'connection_closed', connection });
    }
    expect(world.tables.connections.size).toBe(50);
    world.pass(60);
    expect(world.tables.connections.size).toBe(0);
  });

  test('streams without end are refused', () => {
    const world = new ExternalWorld(10_000);
    for (let name = 0; name < 900; name++) world.sendTo(`n${name}`, { type: 'connection_opened', connection: 1 });
    expect(world.reports('one-more', [{ type: 'connection_opened', connection: 1 }])).toBe('too many streams');
  });
});

describe('what an engine and its connections both tell is counted once', () => {
  const chunks = (world: ExternalWorld, sent: number, dropped: number) =>
    world.engines.take('main', { type: 'chunks', sent, dropped }, ANYBODY, world.now);

  test.each(['engine', 'connections'])('whoever tells first: the %s', (first) => {
    const world = new ExternalWorld();
    for (let step = 1; step <= 10; step++) {
      const tell = [
        () => chunks(world, step * 100, step * 2),
        () => {
          world.metrics('a', { chunksSent: step * 60, chunksDropped: step });
          world.metrics('b', { chunksSent: step * 40, chunksDropped: step });
        },
      ];
      for (const each of first === 'engine' ? tell : tell.reverse()) each();
      expect(world.summary).toMatchObject({ total_chunks_sent: step * 100, total_chunks_dropped: step * 2 });
    }
  });

  test('the one that knows of more counts: not every client may be reported', () => {
    const world = new ExternalWorld();
    chunks(world, 1_000, 0);
    world.engines.take('main', { type: 'clients', active: 5 }, ANYBODY, world.now);
    world.metrics('a', { chunksSent: 300 });
    expect(world.summary).toMatchObject({ total_chunks_sent: 1_000, current_active_clients: 5 });
    world.metrics('b', { chunksSent: 900 });
    expect(world.summary.total_chunks_sent).toBe(1_200);
    for (let connection = 1; connection <= 9; connection++) world.opened(`${connection}`);
    expect(world.summary.current_active_clients).toBe(11);
  });

  test('streams do not share their chunks', () => {
    const world = new ExternalWorld();
    chunks(world, 100, 0);
    world.sendTo('other', { type: 'connection_metrics', connection: 'a', chunksSent: 50 });
    expect(world.summary.total_chunks_sent).toBe(150);
  });
});

describe('what is heard of again is not counted twice', () => {
  test('a connection after a network that was away for minutes: its stream had gone, too', () => {
    const world = new ExternalWorld();
    world.opened('a');
    world.metrics('a', { chunksSent: 1_000, chunksDropped: 20 });
    world.pass(400);
    expect([world.row('main:a'), world.relay.streams.size]).toEqual([null, 0]);
    world.metrics('a', { chunksSent: 5_000, chunksDropped: 320 });
    expect(world.summary).toMatchObject({ total_chunks_sent: 5_000, total_chunks_dropped: 320 });
    // 300 drops in seven minutes: how many were in the last is unknown.
    expect(columnsOf(world.row('main:a'), 'chunks_sent', 'dropped_per_min')).toEqual([5_000, 0]);
    world.pass(1, () => world.metrics('a', { chunksSent: 5_010, chunksDropped: 321 }));
    expect(columnsOf(world.row('main:a'), 'chunks_dropped', 'dropped_per_min')).toEqual([321, 1]);
  });

  test('a report that comes after the close', () => {
    const world = new ExternalWorld();
    world.opened('a');
    world.metrics('a', { chunksSent: 1_000 });
    world.send({ type: 'connection_closed', connection: 'a' });
    world.pass(1);
    world.metrics('a', { chunksSent: 1_003 });
    expect(world.summary.total_chunks_sent).toBe(1_003);
    world.send({ type: 'connection_closed', connection: 'a' });
    // Another one of the same name counts from 0.
    world.opened('a');
    world.pass(1);
    world.metrics('a', { chunksSent: 1_500 });
    expect(world.summary.total_chunks_sent).toBe(2_503);
  });

  test('an engine whose stream had gone between its events', () => {
    const world = new ExternalWorld();
    for (const sent of [100, 200, 250]) {
      world.engines.take('main', { type: 'chunks', sent, dropped: 0 }, ANYBODY, world.now);
      world.pass(90);
      expect(world.relay.streams.size).toBe(0);
    }
    expect(world.summary.total_chunks_sent).toBe(250);
    // A counter that falls has begun anew.
    world.engines.take('main', { type: 'chunks', sent: 30, dropped: 0 }, ANYBODY, world.now);
    expect(world.summary.total_chunks_sent).toBe(280);
  });

  test('underruns from before it was found are held against nobody', () => {
    const world = new ExternalWorld();
    world.pass(1, () => world.metrics('a', { client: { bufferUnderruns: 50, underrunDurationMs: 9_000 } }));
    expect(columnsOf(world.row('main:a'), 'status', 'buffer_underruns')).toEqual(['ok', 50]);
    expect(world.stream('audio_gap_ms')).toBe(0);
    world.pass(1, () => world.metrics('a', { client: { bufferUnderruns: 51, underrunDurationMs: 9_100 } }));
    expect(columnsOf(world.row('main:a'), 'status_reason')).toEqual(['rebuffering']);
    expect(world.stream('audio_gap_ms')).toBe(100);
  });
});

describe('a bad report is refused by its field; the others are taken', () => {
  test.each<[object, string]>([
    [
      { type: 'connection_lost', connection: 1 },
      'bad_message type: one of connection_opened, connection_metrics, connection_closed, not "connection_lost"',
    ],
    [
      { type: 'connection_metrics' },
      'bad_value connection_metrics.connection: a text of 1 to 128 visible ASCII characters or a whole number, not nothing',
    ],
    [
      { type: 'connection_metrics', connection: 'a b' },
      'bad_value connection_metrics.connection: a text of 1 to 128 visible ASCII characters or a whole number, not "a b"',
    ],
    [
      { type: 'connection_metrics', connection: 1, chunksSent: -1 },
      'bad_value connection_metrics.chunksSent: a whole number, 0 to 4398046511104, not -1',
    ],
    [
      { type: 'connection_metrics', connection: 1, rttMs: '30' },
      'bad_value connection_metrics.rttMs: a number of milliseconds, 0 to 86400000, not "30"',
    ],
    [
      { type: 'connection_metrics', connection: 1, client: [] },
      'bad_value connection_metrics.client: a map of client_metrics, not a list',
    ],
    [
      { type: 'connection_metrics', connection: 1, client: { hidden: 1 } },
      'bad_value connection_metrics.client.hidden: true or false, not 1',
    ],
    [
      { type: 'connection_opened', connection: 1, attributes: { client: 7 } },
      'bad_value connection_opened.attributes: a map, of which client and address are texts of at most 200 characters, not a map',
    ],
    [
      { type: 'connection_closed', connection: 1, reason: 'two\nlines' },
      'bad_value connection_closed.reason: a text of at most 200 characters, on one line, not "two\\nlines"',
    ],
  ])('%j', (bad, refusal) => {
    const world = new ExternalWorld();
    expect(world.send({ type: 'connection_opened', connection: 'good' }, bad)).toEqual([refusal]);
    expect(world.tables.connections.size).toBe(1);
    expect(world.hub('messages_refused')).toBe(1);
  });

  test('unknown fields are ignored and counted, those of maps within it too', () => {
    const world = new ExternalWorld();
    world.send(
      JSON.parse('{"type":"connection_opened","connection":1,"attributes":{"client":"x","browser":"y"},"__proto__":1}'),
      { type: 'connection_metrics', connection: 1, codec: 'opus', client: { volume: 11 } },
    );
    expect(world.hub('fields_ignored')).toBe(4);
    expect(world.row('main:1')?.client).toBe('x');
  });
});

describe('whatever a stranger sends', () => {
  const value = fc.oneof(
    fc.anything({ withNullPrototype: true, withTypedArray: true }),
    fc.double(),
    fc.integer(),
    fc.constantFrom(-1, 2 ** 53, Number.POSITIVE_INFINITY, '__proto__', null, true),
  );
  const names = [
    'chunksSent',
    'chunksDropped',
    'bytesSent',
    'bufferDepthMs',
    'rttMs',
    'client',
    'attributes',
    'reason',
  ];
  const record = fc.record({
    type: fc.constantFrom('connection_opened', 'connection_metrics', 'connection_closed', 'constructor'),
    connection: fc.oneof(fc.constantFrom('a', 'b', 7, '__proto__'), value),
    ...Object.fromEntries(names.map((name) => [name, fc.option(value, { nil: undefined })])),
  });

  test('is taken or refused, never thrown; totals never fall, and every row is within its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(record, value), { maxLength: 40 }), (records) => {
        const world = new ExternalWorld(3);
        let total = 0;
        for (const each of records) {
          const answer = world.reports('main', [each]);
          expect(typeof answer).toBe('object');
          world.pass(1);
          const { total_chunks_sent, total_chunks_dropped } = world.summary;
          expect(total_chunks_sent + total_chunks_dropped).toBeGreaterThanOrEqual(total);
          total = total_chunks_sent + total_chunks_dropped;
          expect(world.tables.connections.size).toBeLessThanOrEqual(6);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('of chunks of another length than 100 ms the server says how long they are', () => {
  const world = new ExternalWorld();
  world.pass(10, (second) => {
    world.metrics('said', {
      chunksSent: second,
      chunkMs: 1_000,
      client: { playbackState: 'playing', bufferDepthMs: 2_500 },
    });
    world.metrics('unsaid', { chunksSent: second * 5 });
  });
  expect(world.row('main:said')).toMatchObject({ audio_rate: 1, buffer_chunks: 2.5, status_reason: 'ok' });
  expect(world.row('main:unsaid')).toMatchObject({ chunk_send_rate: 5, audio_rate: 0.5, status_reason: 'slow_rate' });
  expect(world.send({ type: 'connection_metrics', connection: 'said', chunkMs: 0 })).toHaveLength(1);
});
