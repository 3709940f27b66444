import { BUILT_IN_RULES } from '@auralis/server/alerts/built-in-rules';
import { seededRandom } from '@auralis/server/simulate/random';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { World as AlertWorld, NotedStore } from '../alerts/world.js';
import { Page } from './page.js';
import { type Pacing, World } from './world.js';

/** Listeners to chunks of any length, on links that jitter, with players that know what they do 100 ms later. */
const PAGES = 12;
const SECONDS = 200;
const STATUS_MS = 100;

/**
 * How long chunks are, and over how long listeners join: where chunks vary, before they are surprised by a long one.
 */
type Case = readonly [lengths: string, nextMs: () => () => number, joiningMs?: number];
const CASES: readonly Case[] = [
  ...[20, 200, 1_000, 2_000, 5_000, 10_000].map((ms): Case => [`${ms} ms`, () => () => ms]),
  ['20 ms to 2 s', () => varying(20, 2_000), 1_900],
  ['0.5 s to 10 s', () => varying(500, 10_000), 9_900],
];

/** The longest first: until a long chunk has come, its absence looks like a stalled engine. */
function varying(least: number, most: number): () => number {
  const random = seededRandom(7);
  let next = most;
  return () => {
    const ms = next;
    next = Math.round(least * (most / least) ** random());
    return ms;
  };
}

/** Everything that is said of a world's pages and stream, second by second, and every alert. */
class Judged {
  readonly said = new Set<string>();
  readonly pages: Page[] = [];
  readonly store = new NotedStore();
  readonly world: World;
  readonly #alerts: AlertWorld;

  constructor(nextMs: () => number, joiningMs = 12_000, pacing: Pacing = 'whole', beginsMs = 0) {
    this.world = new World(() => this.#look(), nextMs, pacing, beginsMs);
    const { tables, timeline } = this.world;
    this.#alerts = new AlertWorld(BUILT_IN_RULES, this.store, timeline.now, tables);
    for (let at = 0; at < PAGES; at++) {
      timeline.at(timeline.now + (at * joiningMs) / PAGES, () => {
        this.pages.push(new Page(this.world, `page${at}`, at, STATUS_MS));
      });
    }
  }

  #look(): void {
    const { world } = this;
    const { connections } = world.tables;
    this.#alerts.alerting.lookAtOnce(world.timeline.now);
    for (const slot of connections.slots()) {
      const client = connections.attributesOf(slot)[1] as string;
      this.said.add(world.word(client, 'status_reason'));
      this.said.add(world.word(client, 'trust'));
    }
  }
}

test.each([1_000, 10_000])('with chunks of %p ms, a player that stands still is found out all the same', (ms) => {
  const judged = new Judged(() => ms);
  judged.world.run(60);
  const [frozen] = judged.pages;
  frozen?.freeze();
  judged.world.run(60 + 8 * (ms / 1_000));
  expect(judged.world.word(frozen?.client ?? '', 'status_reason')).toBe('frozen');
  expect(judged.world.stream('listeners_ok', 'listeners_critical')).toEqual([PAGES - 1, 1]);
  expect(judged.store.transitions.map(({ alert }) => alert.rule)).toEqual(['listener-frozen']);
});

test.each([100, 1_000, 10_000])('with chunks of %p ms, an engine that stops is to blame for all that follows', (ms) => {
  let sent = 0;
  const judged = new Judged(() => (++sent * ms > 90_000 ? Number.POSITIVE_INFINITY : ms));
  judged.world.run(90 + (2 * ms) / 1_000 + 10);
  const alerts = judged.store.transitions.map(({ alert }) => [alert.rule, alert.blame?.on]);
  expect(alerts).toContainEqual(['stream-chunk-rate', 'engine']);
  expect(alerts.filter(([, on]) => on !== 'engine')).toEqual([]);
});

describe.each(CASES)('chunks of %s', (_, nextMs, joiningMs) => {
  let judged: Judged;
  beforeAll(() => {
    judged = new Judged(nextMs(), joiningMs);
    judged.world.run(SECONDS);
  });

  test('honest listeners are well from first to last, and so is the stream', () => {
    expect([...judged.said].filter((word) => !['ok', 'trusted', 'unsynced'].includes(word))).toEqual([]);
    expect(judged.world.stream('listeners_ok', 'status', 'chunks_dropped')).toEqual([PAGES, 0, 0]);
  });

  test('no alert fires', () => {
    expect(judged.store.transitions.map(({ alert }) => alert.rule)).toEqual([]);
  });

  test('the audio rate is 1, as long as chunks come', () => {
    const [rate = 0] = judged.world.stream('audio_rate');
    expect(Math.abs(rate - 1)).toBeLessThanOrEqual(0.2);
    for (let at = 0; at < PAGES; at++) {
      const [own = 0] = judged.world.row(`page${at}`, 'audio_rate');
      expect(Math.abs(own - 1)).toBeLessThanOrEqual(0.2);
    }
  });
});

/** Repeat these lengths. */
function repeated(...lengths: number[]): () => number {
  let count = 0;
  return () => lengths[count++ % lengths.length] as number;
}

/** One length for `untilMs` of audio, then another. */
function changing(ms: number, untilMs: number, laterMs: number): () => number {
  let sentMs = 0;
  return () => {
    const next = sentMs < untilMs ? ms : laterMs;
    sentMs += next;
    return next;
  };
}

const UNEVEN: readonly [name: string, next: () => () => number][] = [
  ['20, 20 and 4,000 ms', () => repeated(20, 20, 4_000)],
  ['20, 20 and 10,000 ms', () => repeated(20, 20, 10_000)],
  ['20 ms to 6 s', () => repeated(20, 20, 4_000, 100, 5_000, 50, 2_000, 20, 1_000, 3_000, 20, 6_000)],
  ['0.5 to 10 s', () => varying(500, 10_000)],
  ['100 ms for 10 s, then 4,000 ms', () => changing(100, 10_000, 4_000)],
];

/** Values of `streams.status_reason`. */
const [FINE, SLOW_RATE] = [0, 4];

/** Run a world for `SECONDS`. Return the reasons of its stream's status, and the alerts of too little audio. */
function accusations(next: () => number, pacing: Pacing) {
  // Engines connect before they have anything to say.
  const judged = new Judged(next, 12_000, pacing, 700);
  const reasons = new Set<number>();
  for (let second = 0; second < SECONDS; second++) {
    judged.world.run(1);
    for (const reason of judged.world.stream('status_reason')) reasons.add(reason);
  }
  const rules = judged.store.transitions.map(({ alert }) => alert.rule).filter((rule) => rule.endsWith('-chunk-rate'));
  return { reasons: [...reasons], rules: [...new Set(rules)], said: [...judged.said] };
}

describe.each(['whole', 'played'] as const)('chunks that are sent when %s', (pacing) => {
  test.each(UNEVEN)('of %s are never too little audio, from the first on', (_, next) => {
    const { reasons, rules, said } = accusations(next(), pacing);
    expect(rules).toEqual([]);
    expect(reasons).not.toContain(SLOW_RATE);
    expect(said).not.toContain('slow_rate');
  });

  test('of 20, 20 and 4,000 ms are fine from the first on', () => {
    expect(accusations(repeated(20, 20, 4_000), pacing).reasons).toEqual([FINE]);
  });
});

test.each([20, 100])('half of the audio is found within seconds, from the start on, if chunks last %p ms', (ms) => {
  const judged = new Judged(() => ms, 12_000, 'slow');
  judged.world.run(6);
  expect(judged.store.transitions.map(({ alert }) => [alert.rule, alert.blame?.on])).toContainEqual([
    'stream-chunk-rate',
    'engine',
  ]);
});

test.each(UNEVEN)('half of the audio in chunks of %s is found', (_, next) => {
  expect(accusations(next(), 'slow').rules).toContain('stream-chunk-rate');
});
