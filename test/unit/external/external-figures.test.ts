import { describe, expect, test } from '@jest/globals';
import { ANYBODY } from '../limits/holders.js';
import { columnsOf, ExternalWorld } from './world.js';

const MOST_COUNT = 2 ** 42;

/** A server that reports what is true of a connection for so many seconds. */
function honest(world: ExternalWorld, connection: string, seconds = 5): void {
  world.opened(connection);
  world.pass(seconds, (second) =>
    world.metrics(connection, {
      chunksSent: second * 10,
      chunksDropped: 0,
      bytesSent: second * 1_000,
      rttMs: 20,
      client: { bufferDepthMs: 300, playbackState: 'playing', bufferUnderruns: 0 },
    }),
  );
}

const streamFigures = (world: ExternalWorld) =>
  (
    [
      'buffer_depth_p5_ms',
      'buffer_depth_p50_ms',
      'rtt_p99_ms',
      'dropped_per_min',
      'chunks_sent',
      'chunks_dropped',
      'audio_gap_ms',
      'listeners_critical',
      'listeners_warning',
    ] as const
  ).map((column) => world.stream(column));

describe('a figure of a reported connection that cannot be', () => {
  test.each([
    ['chunks_sent', { chunksSent: MOST_COUNT }],
    ['chunks_dropped', { chunksDropped: MOST_COUNT }],
    ['bytes_sent', { bytesSent: MOST_COUNT }],
    ['rtt_ms', { rttMs: 86_400_000 }],
    ['buffer_depth_ms', { client: { bufferDepthMs: -86_400_000 } }],
    ['buffer_depth_ms', { client: { bufferDepthMs: 86_400_000 } }],
    ['buffer_underruns', { client: { bufferUnderruns: MOST_COUNT } }],
    ['chunks_received', { client: { chunksReceived: MOST_COUNT } }],
    ['underrun_duration_ms', { client: { underrunDurationMs: 86_400_000 } }],
  ])('%s of %j is taken, shown and marked, and changes nothing of its stream', (column, lie) => {
    const world = new ExternalWorld();
    honest(world, 'neighbour');
    honest(world, 'liar');
    world.metrics('liar', { client: { chunksReceived: 0, underrunDurationMs: 0 } });
    const [before, summary] = [streamFigures(world), world.summary];
    world.metrics('liar', lie);
    world.pass(2);
    const [said] = Object.values('client' in lie ? (lie.client as object) : lie);
    expect(columnsOf(world.row('main:liar'), 'trust', 'impossible_figure', column as 'rtt_ms')).toEqual([
      'impossible',
      column,
      said,
    ]);
    expect(streamFigures(world)).toEqual(before);
    expect(world.summary).toMatchObject({
      total_chunks_sent: summary.total_chunks_sent,
      total_chunks_dropped: summary.total_chunks_dropped,
    });
    expect([world.hub('figures_impossible'), world.hub('messages_refused')]).toEqual([1, 0]);
  });

  test('goes on from there: what follows is counted', () => {
    const world = new ExternalWorld();
    honest(world, 'a');
    for (const chunksSent of [MOST_COUNT - 20, MOST_COUNT - 10]) {
      world.metrics('a', { chunksSent });
      world.pass(1);
    }
    expect([world.row('main:a')?.chunks_sent, world.stream('chunks_sent')]).toEqual([60, 60]);
  });
});

test('a counter that began before the hub knew its connection is where counting begins', () => {
  const world = new ExternalWorld();
  world.opened('a');
  world.pass(1);
  world.metrics('a', { chunksSent: MOST_COUNT - 10, chunksDropped: 1_000_000 });
  world.metrics('b', { chunksSent: MOST_COUNT - 10, client: { bufferUnderruns: 5_000 } });
  world.pass(1);
  world.metrics('a', { chunksSent: MOST_COUNT });
  world.metrics('b', { chunksSent: MOST_COUNT });
  expect([world.stream('chunks_sent'), world.stream('chunks_dropped')]).toEqual([20, 0]);
  expect(columnsOf(world.row('main:b'), 'impossible_figure')).toEqual(['none']);
  expect(world.hub('figures_impossible')).toBe(0);
});

test('a player with 34 s in its buffer is believed, one with a day is not', () => {
  const world = new ExternalWorld();
  world.player(null, 'cid="main",sid="hls",bl=(34000),sta=p', 'cid="main",sid="liar",bl=(86400000),sta=p');
  world.pass(1);
  expect([world.row('main~hls')?.trust, world.row('main~liar')?.trust]).toEqual(['trusted', 'impossible']);
  expect(world.stream('buffer_depth_p50_ms')).toBe(34_000);
});

test('silence that a player with CMCD adds up beyond the time that passed enters no total', () => {
  const world = new ExternalWorld();
  const say = (fields: string) => world.player(null, `cid="main",sid="s",sta=p,${fields}`);
  say('bsa=0,bsda=0');
  world.pass(5);
  say('bsd=86400000,bsa=4398046511104');
  world.pass(1);
  expect(columnsOf(world.row('main~s'), 'trust', 'impossible_figure')).toEqual(['impossible', 'underrun_duration_ms']);
  expect([world.stream('audio_gap_ms'), world.stream('listeners_critical')]).toEqual([0, 0]);
});

test('an engine whose chunks rise by more than time allows is marked, and the rise enters no total', () => {
  const world = new ExternalWorld();
  const say = (sent: number) => world.engines.take('main', { type: 'chunks', sent, dropped: 0 }, ANYBODY, world.now);
  say(100);
  world.pass(1);
  say(MOST_COUNT - 10);
  const marked = () => world.tables.engines.get(0, world.tables.engines.schema.index.chunks_marked ?? -1);
  expect([world.summary.total_chunks_sent, marked()]).toEqual([100, 1]);
  world.pass(1);
  say(MOST_COUNT);
  expect([world.summary.total_chunks_sent, marked()]).toEqual([110, 0]);
});
