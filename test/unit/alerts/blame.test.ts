import { blameFor, type Situation } from '@auralis/server/alerts/blame';
import { EventLoopDelays } from '@auralis/server/alerts/event-loop-delays';
import { describe, expect, test } from '@jest/globals';

const CALM = { lostMs: 0, watchedMs: 15_000, worstDelayMs: 0, cpuPercent: 20 };
const STARVED = { lostMs: 7210, watchedMs: 22_100, worstDelayMs: 611.4, cpuPercent: 40 };
const DELIVERS = { goneS: Number.NaN, audioRate: 1, isLate: false, burstMs: 0, pcmRatio: Number.NaN };
const NOBODY = { count: 0, well: 0 };

/** Two of 40 listeners in trouble, on a node and with an engine that do well. */
const FEW: Situation = {
  about: 'listeners',
  stream: 'main',
  engine: DELIVERS,
  affected: { count: 2, names: ['anna', 'bob'] },
  others: { count: 38, well: 37 },
  elsewhere: NOBODY,
  node: CALM,
};
const ALONE = { affected: { count: 1, names: ['anna'] }, others: NOBODY };
const ALL = { affected: { count: 40, names: ['anna', 'bob', 'carol', 'dan', 'eve'] }, others: NOBODY };
const NO_ENGINE = { engine: { ...DELIVERS, goneS: 12, audioRate: Number.NaN } };

describe('who is to blame', () => {
  test.each<[string, Partial<Situation>, string, string]>([
    [
      'few of many',
      {},
      'network',
      '37 of 38 other listeners of stream main are ok, its engine delivers 1.00 s of audio a second and the event loop of this hub keeps up: the remaining cause is the link of anna and bob',
    ],
    [
      'one with nobody beside it',
      ALONE,
      'unknown',
      'its engine delivers 1.00 s of audio a second and the event loop of this hub keeps up, but there is no other listener to compare anna with',
    ],
    [
      'one with listeners of other streams beside it',
      { ...ALONE, elsewhere: { count: 9, well: 9 } },
      'network',
      'its engine delivers 1.00 s of audio a second and the event loop of this hub keeps up, and 9 of 9 listeners of other streams are ok: the remaining cause is the link of anna',
    ],
    [
      'all at once',
      ALL,
      'unknown',
      '40 of 40 listeners of stream main at once, though its engine delivers 1.00 s of audio a second and the event loop of this hub keeps up: look for what they have in common',
    ],
    [
      'most at once',
      { affected: { count: 30, names: ['anna'] }, others: { count: 10, well: 10 } },
      'unknown',
      '30 of 40 listeners of stream main at once, though its engine delivers 1.00 s of audio a second and the event loop of this hub keeps up: look for what they have in common',
    ],
    [
      'few, and the others no better',
      { others: { count: 38, well: 3 } },
      'unknown',
      '2 of 40 listeners of stream main at once, though its engine delivers 1.00 s of audio a second and the event loop of this hub keeps up: look for what they have in common',
    ],
    [
      'all, without an engine',
      { ...ALL, ...NO_ENGINE },
      'engine',
      'the engine of stream main has been offline for 12 s: 40 listeners wait',
    ],
    [
      'all, without an engine, while others are well',
      { ...ALL, ...NO_ENGINE, elsewhere: { count: 9, well: 8 } },
      'engine',
      'the engine of stream main has been offline for 12 s: 40 listeners wait, while 8 of 9 listeners of other streams are ok',
    ],
    [
      'without an engine, on a starved node',
      { ...ALL, ...NO_ENGINE, node: STARVED },
      'engine',
      'the engine of stream main has been offline for 12 s: 40 listeners wait',
    ],
    [
      'all, with a slow engine',
      { ...ALL, engine: { ...DELIVERS, audioRate: 0.521 } },
      'engine',
      'only 0.52 s of audio a second come from the engine of stream main, and the event loop of this hub keeps up',
    ],
    [
      'all, on a starved node',
      { ...ALL, node: STARVED },
      'node',
      'the event loop of this hub was blocked for 7.2 of the last 22 s, at most 611 ms at once',
    ],
    [
      'a slow engine, as a starved node sees it',
      { ...ALL, engine: { ...DELIVERS, audioRate: 0.5 }, node: STARVED },
      'node',
      'the event loop of this hub was blocked for 7.2 of the last 22 s, at most 611 ms at once',
    ],
    [
      'few, while a garbage collection held the hub up once',
      { node: { ...CALM, lostMs: 400, worstDelayMs: 400 } },
      'network',
      '',
    ],
    [
      'few, on a node that stood still for a while, and nearly all are well',
      { node: { ...CALM, lostMs: 2000, worstDelayMs: 400 } },
      'network',
      '',
    ],
    [
      'few, on a node that stands still every now and then',
      { node: { ...CALM, lostMs: 4000, worstDelayMs: 400 } },
      'node',
      '',
    ],
    ['a stream', { about: 'stream' }, 'network', ''],
    [
      'all, by a burst of the engine',
      { ...ALL, engine: { ...DELIVERS, burstMs: 10_040, audioRate: 0 } },
      'engine',
      'the engine of stream main sent 10.0 s of audio ahead of real time, at once',
    ],
    [
      'all, whose engine is late',
      { ...ALL, engine: { ...DELIVERS, isLate: true } },
      'engine',
      'the next chunk of the engine of stream main is late, and the event loop of this hub keeps up',
    ],
    ['few, while the engine is late for a moment', { engine: { ...DELIVERS, isLate: true } }, 'network', ''],
    [
      'a stream whose engine declares what its bytes are not',
      { about: 'stream', engine: { ...DELIVERS, pcmRatio: 0.5 } },
      'engine',
      'the bytes of the engine of stream main last 0.50 s for each second that it declares',
    ],
    ['a stream with a slow engine', { about: 'stream', engine: { ...DELIVERS, audioRate: 0.4 } }, 'engine', ''],
    [
      'beside an audio server of its own',
      { engine: null },
      'network',
      '37 of 38 other listeners of stream main are ok, the event loop of this hub keeps up: the remaining cause is the link of anna and bob',
    ],
    [
      'a player',
      { about: 'player', affected: { count: 1, names: ['anna'] } },
      'unknown',
      'anna receives all that is sent, so look at the player; 37 of 38 other listeners are ok',
    ],
    ['the engine', { about: 'engine' }, 'engine', 'it is a reading of the engine itself'],
    [
      'the engine on a busy host',
      { about: 'engine', node: { ...CALM, cpuPercent: 97.4 } },
      'engine',
      'it is a reading of the engine itself, while the CPU of this host is at 97 %',
    ],
    [
      'players',
      { about: 'player', others: { count: 5, well: 1 } },
      'unknown',
      'anna and bob receive all that is sent, so look at the players; 1 of 5 other listeners is ok',
    ],
    [
      'one, without an engine',
      { ...ALONE, ...NO_ENGINE },
      'engine',
      'the engine of stream main has been offline for 12 s: its one listener waits',
    ],
    [
      'a stream without an engine, and without listeners',
      { about: 'stream', affected: { count: 0, names: [] }, others: NOBODY, ...NO_ENGINE },
      'engine',
      'the engine of stream main has been offline for 12 s: nobody listens',
    ],
    ['a GPU', { about: 'gpu', stream: null, engine: null }, 'engine', ''],
    ['the node', { about: 'node', stream: null, engine: null }, 'node', 'it is a reading of this node itself'],
  ])('%s', (_, change, on, evidence) => {
    const blame = blameFor({ ...FEW, ...change });
    expect(blame.on).toBe(on);
    if (evidence !== '') expect(blame.evidence).toBe(evidence);
  });

  test('of many it names three', () => {
    const blame = blameFor({ ...FEW, affected: { count: 12, names: ['anna', 'bob', 'carol', 'dan', 'eve'] } });
    expect(blame.evidence).toMatch(/the link of anna, bob, carol and 9 more$/);
  });
});

describe('what the node remembers of itself', () => {
  /** Looks, each so long after the one before, with what the event loop says of the time before that one. */
  const watched = (looks: readonly (readonly [gapMs: number, delayMs: number])[]) => {
    const watch = new EventLoopDelays();
    let now = 0;
    watch.observe(now, 0);
    for (const [gapMs, delayMs] of looks) {
      now += gapMs;
      watch.observe(now, delayMs);
    }
    return watch.state(20);
  };

  test('delays of the event loop that somebody hears', () => {
    const calm = Array(10).fill([1000, 5]);
    expect(watched([...calm, [1000, 600], [1000, 300], [1000, 199]])).toEqual({
      lostMs: 900,
      watchedMs: 14_900,
      worstDelayMs: 600,
      cpuPercent: 20,
    });
  });

  test('that it comes late itself, at once, and not again when the event loop says so too', () => {
    expect(
      watched([
        [1000, 0],
        [6000, 0],
      ]),
    ).toMatchObject({ lostMs: 5000, worstDelayMs: 5000 });
    expect(
      watched([
        [1000, 0],
        [6000, 0],
        [1000, 5100],
      ]),
    ).toMatchObject({ lostMs: 5000, worstDelayMs: 5000 });
  });

  test('for a quarter of a minute; a missing figure is none', () => {
    expect(watched([[1000, 900], ...Array(15).fill([1000, Number.NaN])])).toMatchObject({
      lostMs: 0,
      watchedMs: 15_000,
    });
  });
});
