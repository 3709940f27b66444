import { compare, type HubAccount, type OwnAccount } from '@auralis/server/simulate/accounts';
import { behaviourOf } from '@auralis/server/simulate/behaviour';
import { KINDS, planOf, SimulationError, type SimulationOptions } from '@auralis/server/simulate/options';
import { formatSummary, type SimulationSummary } from '@auralis/server/simulate/summary';
import { describe, expect, test } from '@jest/globals';

const OWN: OwnAccount = {
  connectionId: 'abc',
  client: 'sim-normal-1',
  kind: 'normal',
  stream: 'main',
  joinedAfterSeq: 100,
  received: 90,
  lastSeq: 200,
  outOfOrder: 0,
  reportsSent: 5,
  end: 'drained',
  publishedSeq: 200,
};
const HUB: HubAccount = { sent: 90, dropped: 10, reports: 5, refused: 0 };

describe('accounts', () => {
  test('that add up have no mismatch and no loss', () => {
    expect(compare(OWN, HUB)).toEqual({ lost: 0, mismatches: [] });
  });

  const name = 'sim-normal-1 (normal, main, abc): ';
  const cases: [string, Partial<OwnAccount>, Partial<HubAccount>, string][] = [
    [
      'a chunk that nobody booked',
      {},
      { dropped: 9 },
      '100 chunks were published while it was there, but 90 sent + 9 dropped are booked',
    ],
    [
      'a chunk booked twice',
      {},
      { dropped: 11 },
      '100 chunks were published while it was there, but 90 sent + 11 dropped are booked',
    ],
    ['a chunk sent that never came', { received: 89 }, {}, '90 chunks sent, but 89 received'],
    ['a chunk that came without being sent', { received: 91 }, {}, '91 chunks received, but only 90 sent'],
    ['a chunk that came twice', { outOfOrder: 1 }, {}, '1 chunks came twice or out of order'],
    ['a chunk that was never published', { lastSeq: 201 }, {}, 'chunk 201 came, but only 200 were published'],
    ['a report that was not counted', {}, { reports: 4 }, '5 reports sent, but 4 taken'],
    ['a report that was never sent', {}, { reports: 6 }, '5 reports sent, but 6 taken'],
    ['a refusal', {}, { refused: 1 }, '1 of its messages were refused'],
    [
      'a cut connection: a chunk nobody booked',
      { end: 'cut', received: 80 },
      { dropped: 9 },
      '100 chunks were published while it was there, but 90 sent + 9 dropped are booked',
    ],
    [
      'a cut connection: a report too many',
      { end: 'cut', received: 80 },
      { reports: 6 },
      '5 reports sent, but 6 taken',
    ],
    [
      'one that left: fewer booked than it has',
      { end: 'left', lastSeq: 160 },
      { sent: 40, dropped: 19, reports: 1 },
      '60 to 100 chunks were published while it was there, but 40 sent + 19 dropped are booked',
    ],
  ];
  test.each(cases)('show %s', (_, own, hub, what) => {
    expect(compare({ ...OWN, ...own }, { ...HUB, ...hub }).mismatches).toContain(name + what);
  });

  test('show a connection that the hub does not know', () => {
    expect(compare(OWN, null).mismatches).toEqual([`${name}the hub has no row of it`]);
  });

  test('of one that closed with unread data say what was lost, and that is no mismatch', () => {
    expect(compare({ ...OWN, end: 'cut', received: 70, lastSeq: 170 }, { ...HUB, reports: 4 })).toEqual({
      lost: 20,
      mismatches: [],
    });
  });

  test('of one that left hold within what it can know', () => {
    const left = { ...OWN, end: 'left' as const, received: 50, lastSeq: 160 };
    for (const dropped of [10, 30, 50]) {
      expect(compare(left, { ...HUB, sent: 50, dropped })).toEqual({ lost: 0, mismatches: [] });
    }
    expect(compare(left, { ...HUB, sent: 50, dropped: 51 }).mismatches).toHaveLength(1);
    expect(
      compare({ ...left, received: 0, lastSeq: 0 }, { ...HUB, sent: 0, dropped: 0, reports: 0 }).mismatches,
    ).toEqual([]);
  });
});

describe('a plan', () => {
  const OPTIONS: SimulationOptions = {
    chunkMs: 100,
    url: 'http://127.0.0.1:8000',
    streams: 1,
    listeners: 10,
    durationS: 1,
    audio: true,
    slow: 2,
    frozen: 1,
    lying: 0,
    skewed: 3,
    lossy: 0,
    hidden: 1,
  };

  test('has as many of each kind as were asked for, each with a name of its own', () => {
    const { streams, listeners } = planOf(OPTIONS);
    const count = (kind: string) => listeners.filter((listener) => listener.kind === kind).length;
    expect(streams).toEqual(['main']);
    expect(KINDS.map(count)).toEqual([3, 2, 1, 0, 3, 0, 1]);
    expect(new Set(listeners.map(({ client }) => client)).size).toBe(10);
  });

  test('spreads listeners over streams', () => {
    const { streams, listeners } = planOf({ ...OPTIONS, streams: 3, listeners: 9 });
    expect(streams).toEqual(['sim-1', 'sim-2', 'sim-3']);
    for (const stream of streams) expect(listeners.filter((listener) => listener.stream === stream)).toHaveLength(3);
  });

  test.each([
    [{ listeners: 6 }, '7 listeners with faults are more than the 6 in all'],
    [{ url: 'ws://x' }, 'url: http://… or https://…, not "ws://x"'],
    [{ url: 'nonsense' }, 'url: '],
    [{ streams: 0 }, 'streams: 1 at least'],
  ])('%j is refused', (wrong, message) => {
    expect(() => planOf({ ...OPTIONS, ...wrong })).toThrow(SimulationError);
    expect(() => planOf({ ...OPTIONS, ...wrong })).toThrow(message);
  });
});

test('kinds that come in variants take turns', () => {
  const variants = [0, 1, 2, 3];
  expect(variants.map((index) => behaviourOf('slow', index).end)).toEqual(['drain', 'cut', 'drain', 'cut']);
  expect(variants.map((index) => behaviourOf('skewed', index).clockSkewMs)).toEqual([
    -15_000, 15_000, 86_400_000, -15_000,
  ]);
  expect(variants.map((index) => behaviourOf('lossy', index).disconnects)).toEqual([false, false, true, false]);
});

describe('the summary', () => {
  const kind = {
    kind: 'slow',
    listeners: 2,
    connections: 2,
    left: 0,
    refused: 0,
    sent: 50,
    dropped: 40,
    received: 45,
    lost: 5,
    reportsSent: 9,
    reportsTaken: 9,
    underruns: 3,
  } as const;
  const SUMMARY: SimulationSummary = {
    ok: true,
    url: 'http://127.0.0.1:8000',
    durationS: 10,
    hubRestarted: false,
    unsettled: 0,
    streams: [{ stream: 'main', published: 100, taken: 100, publishedInAll: 100, reconnects: 0, killed: false }],
    kinds: [kind],
    mismatches: [],
  };

  test('shows a table and that the accounts are exact', () => {
    expect(formatSummary(SUMMARY)).toBe(
      [
        '10.0 s',
        'stream main: 100 chunks published',
        '',
        'kind  listeners  connections  refused  sent  dropped  received  lost  reports  underruns',
        'slow          2            2        0    50       40        45     5        9          3',
        '',
        'accounts: exact',
        '',
      ].join('\n'),
    );
    expect(JSON.parse(JSON.stringify(SUMMARY))).toEqual(SUMMARY);
  });

  test('shows that the hub began anew, and what that left open', () => {
    const [stream] = SUMMARY.streams;
    const back = { ...stream, publishedInAll: 180, reconnects: 1 } as (typeof SUMMARY.streams)[0];
    const text = formatSummary({ ...SUMMARY, hubRestarted: true, unsettled: 6, streams: [back] });
    expect(text.split('\n').slice(1, 4)).toEqual([
      'stream main: 180 chunks published, engine came back once',
      'the hub began anew',
      '6 connections cannot be held against its counts: they went with it',
    ]);
  });

  test('shows what does not add up', () => {
    expect(formatSummary({ ...SUMMARY, ok: false, mismatches: ['one', 'two'] })).toMatch(
      /accounts: 2 do not add up\n {2}one\n {2}two\n$/,
    );
  });
});
