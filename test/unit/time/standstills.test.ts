import { StandstillDetector } from '@auralis/server/time/standstills';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, hub, relay, sweep } from '../relay/world.js';

describe('attention', () => {
  test('a hub that ticks late stood still, reads once, and judges again', () => {
    const attention = new StandstillDetector();
    expect([0, 50, 1_050, 1_100].map((at) => attention.tick(at))).toEqual([0, 0, 0, 0]);
    expect(attention.mayJudge()).toBe(true);
    expect(attention.tick(126_100)).toBe(125_000);
    expect([attention.mayJudge(), attention.mayJudge()]).toEqual([false, true]);
  });

  test('one that stands still all the time judges every other second', () => {
    const attention = new StandstillDetector();
    const judged = Array.from({ length: 6 }, (_, second) => {
      attention.tick(second * 2_000);
      return attention.mayJudge();
    });
    expect(judged).toEqual([true, false, true, false, true, false]);
  });
});

test('silence counts only while the hub attends', () => {
  const listener = connect('listen');
  const engine = connect('publish');
  clock.now += 60_000;
  sweep.run(clock.now);
  clock.now += 125_000;
  relay.heardAll(clock.now);
  sweep.run(clock.now);
  expect([listener.peer.closedWith, engine.peer.closedWith, hub('stalled_closed')]).toEqual([null, null, 0]);
  clock.now += 121_000;
  sweep.run(clock.now);
  expect(hub('stalled_closed')).toBe(2);
});

test('remembers for 10 s how long no tick came, also before the tick that ends it', () => {
  const attention = new StandstillDetector();
  expect(attention.recentMs(0)).toBe(0);
  for (let now = 0; now <= 1_000; now += 50) attention.tick(now);
  expect(attention.recentMs(1_049)).toBe(0);
  expect(attention.recentMs(4_000)).toBe(3_000);
  attention.tick(4_000);
  for (let now = 4_050; now <= 13_950; now += 50) attention.tick(now);
  expect(attention.recentMs(13_999)).toBe(3_000);
  expect(attention.recentMs(14_000)).toBe(0);
});

test('takes no notice of ticks that are a little late', () => {
  const attention = new StandstillDetector();
  for (let now = 0; now <= 10_000; now += 240) attention.tick(now);
  expect(attention.recentMs(10_000)).toBe(0);
});
