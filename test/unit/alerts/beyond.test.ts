import { describe, expect, test } from '@jest/globals';
import { type Cells, World } from './world.js';

/** Rules for what no threshold of the spec sees: what fires each, and what a stream without chunks keeps quiet. */
const LISTENER_RULES: readonly (readonly [rule: string, before: Cells, then: Cells])[] = [
  ['listener-stalled', {}, { playback_state: 'stalled' }],
  ['listener-running-out', { time_to_silence_ms: 2000 }, { time_to_silence_ms: 1999 }],
  ['listener-interrupted', { buffer_underruns: 3 }, { buffer_underruns: 5 }],
  ['listener-buffer-low', {}, { buffer_depth_ms: 10 }],
];

describe.each(LISTENER_RULES)('%s', (rule, before, then) => {
  const troubled = (stream: Cells) => {
    const world = new World();
    world.stream('main', stream);
    for (const each of ['a', 'b']) world.listener(each, before);
    world.pass(30);
    expect(world.firing()).toEqual(stream.chunk_send_rate === undefined ? [] : ['stream-chunk-rate']);
    world.listener('a', { ...before, ...then });
    return world;
  };

  test('fires', () => {
    const world = troubled({});
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule, severity: 'warning', count: 1 })]);
  });

  test('and not where the stream itself has too little to send', () => {
    const world = troubled({ chunk_send_rate: 5 });
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

test('silence that is near is told before it is heard', () => {
  const world = new World();
  world.stream();
  world.listener('a', { time_to_silence_ms: 1999 });
  world.pass(2);
  expect(world.firing()).toEqual(['listener-running-out']);
});

test.each(['frozen', 'contradicts'])(
  'a player that is %s is told though nothing that it says is believed',
  (reason) => {
    const world = new World();
    world.stream();
    world.listener('a', { trust: 'diverged', health: 'critical', health_reason: reason });
    world.listener('b');
    world.pass(10);
    expect(world.alerts()).toEqual([
      expect.objectContaining({
        rule: 'listener-frozen',
        blame: 'unknown',
        evidence: 'client-a receives all that is sent, so look at the player; 1 of 1 other listeners is well',
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
  expect(world.firing()).toEqual(['hub-faults']);
  world.pass(1);
  expect(world.alerts().map(({ rule, severity, blame }) => [rule, severity, blame])).toEqual([
    ['hub-faults', 'error', 'node'],
    ['hub-stands-still', 'error', 'node'],
  ]);
});
