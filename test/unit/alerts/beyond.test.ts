import { describe, expect, test } from '@jest/globals';
import { type Cells, World } from './world.js';

/** Rules for what no threshold of the spec sees: what fires each, and what a stream without chunks keeps quiet. */
const LISTENER_RULES: readonly (readonly [rule: string, before: Cells, then: Cells])[] = [
  ['listener-rebuffering', {}, { playback_state: 'stalled' }],
  ['listener-running-out', { time_to_gap_ms: 2000 }, { time_to_gap_ms: 1999 }],
  ['repeated-rebuffering', { buffer_underruns: 3 }, { buffer_underruns: 5 }],
  ['listener-buffer-low', {}, { buffer_depth_ms: 10 }],
];

describe.each(LISTENER_RULES)('%s', (rule, before, then) => {
  const troubled = (stream: Cells) => {
    const world = new World();
    world.stream('main', stream);
    for (const each of ['a', 'b']) world.listener(each, before);
    world.pass(30);
    expect(world.firing()).toEqual(stream.audio_rate === undefined ? [] : ['stream-chunk-rate']);
    world.listener('a', { ...before, ...then });
    return world;
  };

  test('fires', () => {
    const world = troubled({});
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule, severity: 'warning', count: 1 })]);
  });

  test('and not where the stream itself has too little to send', () => {
    const world = troubled({ audio_rate: 0.5 });
    world.pass(60);
    expect(world.firing()).toEqual(['stream-chunk-rate']);
  });

  test('nor for who cannot be believed', () => {
    const world = troubled({});
    world.listener('a', { ...before, ...then, trust: 'stale' });
    world.pass(60);
    expect(world.firing()).toEqual([]);
  });
});

describe('what an engine does wrong', () => {
  test('a wrong format is told, and held against it with the figures', () => {
    const world = new World();
    world.stream('main', { status_reason: 'wrong_format', pcm_ratio: 0.5 });
    for (const each of ['a', 'b', 'c']) world.listener(each);
    world.listener('d', { playback_state: 'stalled', status: 'critical', status_reason: 'rebuffering' });
    world.pass(10);
    const evidence = 'the bytes of the engine of stream main last 0.50 s for each second that it declares';
    expect(world.alerts()).toEqual([
      expect.objectContaining({ rule: 'listener-rebuffering', blame: 'engine', evidence }),
      expect.objectContaining({ rule: 'stream-format', severity: 'error', blame: 'engine', evidence }),
    ]);
  });

  test('drops after a burst are the fault of the engine, and nothing else is', () => {
    const world = new World();
    world.stream('main', { dropped_per_min: 60, burst_ms: 10_000, status_reason: 'burst' });
    for (let n = 0; n < 20; n++) world.listener(`l${n}`);
    world.listener('a', { dropped_per_min: 60, status: 'warning', status_reason: 'engine_burst' });
    world.listener('far', { latency_ms: 900, status: 'warning', status_reason: 'latency' });
    world.pass(10);
    const blames = Object.fromEntries(world.alerts().map(({ rule, blame }) => [rule, blame]));
    expect(blames).toEqual({ 'listener-drops': 'engine', 'stream-drops': 'engine', 'listener-latency': 'network' });
  });
});

test.each([
  ['listener-not-starting', { status_reason: 'not_starting', status: 'critical', playback_state: 'starting' }],
  ['listener-errors', { error_rate_1min: 0.06, status_reason: 'chunk_errors', status: 'warning' }],
])('%s fires for a listener that says so, synced or not', (rule, cells) => {
  for (const trust of ['trusted', 'unsynced']) {
    const world = new World();
    world.stream();
    world.listener('a', { ...cells, trust });
    world.listener('b');
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule, severity: 'warning', count: 1 })]);
  }
});

test('a buffer of a few chunks is none too long, however long they are', () => {
  const world = new World();
  world.stream();
  world.listener('a', { buffer_depth_ms: 2_900, buffer_chunks: 2.9 });
  world.listener('b', { buffer_depth_ms: 990, buffer_chunks: 9.9 });
  world.pass(60);
  expect(world.firing()).toEqual([]);
  world.listener('a', { buffer_depth_ms: 3_100, buffer_chunks: 3.1 });
  world.pass(10);
  expect(world.firing()).toEqual(['listener-buffer-high']);
});

test('silence that is near is told before it is heard', () => {
  const world = new World();
  world.stream();
  world.listener('a', { time_to_gap_ms: 1999 });
  world.pass(2);
  expect(world.firing()).toEqual(['listener-running-out']);
});

test.each(['frozen', 'contradicting'])(
  'a player that is %s is told though nothing that it says is believed',
  (reason) => {
    const world = new World();
    world.stream();
    world.listener('a', { trust: 'contradicting', status: 'critical', status_reason: reason });
    world.listener('b');
    world.pass(10);
    expect(world.alerts()).toEqual([
      expect.objectContaining({
        rule: 'listener-frozen',
        blame: 'unknown',
        evidence: 'client-a receives all that is sent, so look at the player; 1 of 1 other listeners is ok',
      }),
    ]);
  },
);

test('a hub that comes late to its work, and one that has faults', () => {
  const world = new World();
  world.set('hubs', 'hub', { event_loop_delay_p99_ms: 199, errors: 2 });
  world.pass(30);
  expect(world.firing()).toEqual([]);
  world.set('hubs', 'hub', { event_loop_delay_p99_ms: 250, errors: 3 });
  world.pass(4);
  expect(world.firing()).toEqual(['internal-errors']);
  world.pass(1);
  expect(world.alerts().map(({ rule, severity, blame }) => [rule, severity, blame])).toEqual([
    ['internal-errors', 'error', 'node'],
    ['event-loop-delay', 'error', 'node'],
  ]);
});

test('a lost GPU is told, and ends no alert of its own until it is back and well', () => {
  const world = new World();
  world.set('gpus', 'GPU-1', { state: 'ok', memory_used_mb: 7000 });
  world.pass(10);
  expect(world.firing()).toEqual(['gpu-memory']);
  world.set('gpus', 'GPU-1', { state: 'lost', memory_used_mb: Number.NaN });
  world.pass(600);
  expect(world.firing().sort()).toEqual(['gpu-lost', 'gpu-memory']);
  const lost = world.alerts().find(({ rule }) => rule === 'gpu-lost');
  expect(lost).toMatchObject({ severity: 'critical', title: 'GPU lost', scope: 'gpu=GPU-1' });
  world.set('gpus', 'GPU-1', { state: 'ok', memory_used_mb: 100 });
  world.pass(20);
  expect(world.firing()).toEqual([]);
});

test('of a player that plays from segments, half a minute of buffer is no alert', () => {
  const world = new World();
  world.stream();
  world.listener('main~hls', { buffer_depth_ms: 34_000 });
  world.pass(60);
  expect(world.firing()).toEqual([]);
  world.listener('own', { buffer_depth_ms: 34_000 });
  world.pass(10);
  expect(world.firing()).toEqual(['listener-buffer-high']);
});
