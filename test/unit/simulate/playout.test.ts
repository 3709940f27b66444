import { Arrivals, HubClock } from '@auralis/server/simulate/arrivals';
import { Playout, START_AT_MS } from '@auralis/server/simulate/playout';
import { seededRandom } from '@auralis/server/simulate/random';
import { ReadingPace } from '@auralis/server/simulate/reading-pace';
import { describe, expect, test } from '@jest/globals';

describe('a player', () => {
  test('begins when enough is buffered, then plays in real time', () => {
    const playout = new Playout(1_000);
    expect([playout.state, playout.depthMs, playout.startupMs]).toEqual(['idle', 0, null]);
    playout.push(100, 1_050);
    expect([playout.state, playout.depthMs]).toEqual(['starting', 100]);
    for (const at of [1_100, 1_150]) playout.push(100, at);
    expect([playout.state, playout.depthMs, playout.startupMs]).toEqual(['playing', START_AT_MS, 150]);
    for (let at = 1_250; at <= 11_150; at += 100) playout.push(100, at);
    expect([playout.depthMs, playout.underruns, playout.silenceMs]).toEqual([START_AT_MS, 0, 0]);
  });

  test('that runs empty counts once, and the silence until it has enough again', () => {
    const playout = new Playout(0);
    for (let ms = 0; ms < START_AT_MS; ms += 100) playout.push(100, 0);
    playout.advance(START_AT_MS - 50);
    expect([playout.depthMs, playout.underruns]).toEqual([50, 0]);
    playout.advance(START_AT_MS + 60);
    expect([playout.state, playout.depthMs, playout.underruns, playout.silenceMs]).toEqual(['stalled', 0, 1, 60]);
    for (let ms = 0; ms < START_AT_MS - 100; ms += 100) playout.push(100, START_AT_MS + 200);
    expect([playout.state, playout.depthMs, playout.silenceMs]).toEqual(['stalled', START_AT_MS - 100, 200]);
    playout.push(100, START_AT_MS + 300);
    expect([playout.state, playout.underruns, playout.silenceMs, playout.startupMs]).toEqual(['playing', 1, 300, 0]);
  });

  test('of chunks of 10 s begins 200 ms after the first, so that the next may be late by as much', () => {
    const playout = new Playout(0);
    playout.push(10_000, 1_000);
    playout.advance(1_199);
    expect(playout.state).toBe('starting');
    playout.advance(1_300);
    expect([playout.state, playout.depthMs, playout.startupMs]).toEqual(['playing', 9_900, 1_200]);
    for (let at = 11_190; at < 100_000; at += 10_000) playout.push(10_000, at);
    expect([playout.underruns, playout.depthMs > 10_000]).toEqual([0, true]);
  });

  test('that is frozen plays nothing, believes that it plays, and keeps no more than 10 s', () => {
    const playout = new Playout(0);
    playout.push(300, 0);
    playout.freeze(100);
    for (let at = 200; at <= 60_000; at += 100) playout.push(100, at);
    expect([playout.state, playout.depthMs, playout.underruns]).toEqual(['playing', 10_000, 0]);
  });
});

describe('a reader held to a pace', () => {
  test('of half of what comes reads half of it in the long run, whatever it reads at once', () => {
    for (const atOnce of [1, 3, 20]) {
      const pace = new ReadingPace(5, 0);
      let now = 0;
      let read = 0;
      while (now < 1_000_000) {
        let pause = 0;
        for (let index = 0; index < atOnce; index++, read++) pause = pace.take(now);
        now += Math.max(pause, 1);
      }
      expect(Math.abs(read - 5_000)).toBeLessThanOrEqual(atOnce + 3);
    }
  });

  test('never pauses where chunks come slowly enough', () => {
    const pace = new ReadingPace(5, 0);
    for (let now = 0; now < 100_000; now += 200) expect(pace.take(now)).toBe(0);
  });
});

describe('the clock', () => {
  test('takes the offset of the exchange with the shortest round trip, and says how wrong it may be', () => {
    const clock = new HubClock();
    expect([clock.estimate, clock.rttMs]).toEqual([null, null]);
    clock.add(1_000, 16_010, 16_011, 1_101);
    expect([clock.rttMs, clock.estimate?.errorMs]).toEqual([100, 51]);
    clock.add(2_000, 17_001, 17_001, 2_002);
    expect([clock.rttMs, clock.estimate]).toEqual([2, { offsetMs: 15_000, errorMs: 2 }]);
    for (let index = 0; index < 7; index++) clock.add(3_000, 18_200, 18_200, 3_400);
    expect(clock.estimate?.errorMs).toBe(2);
    clock.add(3_000, 18_200, 18_200, 3_400);
    expect(clock.estimate?.errorMs).toBe(201);
  });

  test('of arrivals: a steady delay has an age and no jitter, a changing one has both', () => {
    const steady = new Arrivals();
    expect(steady.ageMs).toBeNull();
    for (let at = 0; at < 10_000; at += 100) steady.push(at, at + 40);
    expect([steady.ageMs, steady.jitterMs]).toEqual([40, 0]);
    const changing = new Arrivals();
    for (let index = 0; index < 1_000; index++) changing.push(index * 100, index * 100 + 40 + (index % 2) * 20);
    expect(changing.ageMs).toBeCloseTo(50, -1);
    expect(changing.jitterMs).toBeCloseTo(20, 1);
  });
});

test('random numbers are the same for the same seed, and spread evenly', () => {
  const [one, same, other] = [seededRandom(1), seededRandom(1), seededRandom(2)];
  const numbers = Array.from({ length: 10_000 }, one);
  expect(Array.from({ length: 10_000 }, same)).toEqual(numbers);
  expect(other()).not.toBe(numbers[0]);
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = numbers.filter((number) => Math.floor(number * 10) === tenth).length / numbers.length;
    expect(share).toBeCloseTo(0.1, 1);
  }
});
