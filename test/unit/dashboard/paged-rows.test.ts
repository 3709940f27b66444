import { byName } from '@auralis/client/dashboard/model/order';
import { type Asked, PAGE_ROWS, PagedRows } from '@auralis/client/dashboard/model/paged-rows';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { FakeFeed, row } from './fake-feed.js';

const TOPIC = 'connections/main';
const asked = (sort: string): Asked => ({ topic: TOPIC, columns: [], view: { sort }, compare: byName });

let feed: FakeFeed;
let rows: PagedRows;
let changes: number[];

beforeEach(() => {
  jest.useFakeTimers();
  feed = new FakeFeed();
  changes = [];
  rows = new PagedRows(feed, 250, (t) => changes.push(t));
});
afterEach(() => {
  jest.useRealTimers();
});

const offsets = () => feed.open(TOPIC).map(({ view }) => view?.offset);
/** Lets every page that is asked for come, of a table of 10,000. */
const come = () => {
  for (const { view, ...rest } of feed.open(TOPIC).map((subscription) => ({ subscription, view: subscription.view }))) {
    const first = view?.offset ?? 0;
    rest.subscription.brings(
      Array.from({ length: PAGE_ROWS }, (_, at) => row(`${view?.sort}-${first + at}`)),
      10_000,
    );
  }
  rows.arrange(false, performance.now());
};

test('asks for the pages in sight and no others, and knows how many rows there are', () => {
  rows.ask(asked('rtt_ms'));
  expect(offsets()).toEqual([0]);
  expect(feed.open(TOPIC)[0]?.view).toEqual({ sort: 'rtt_ms', offset: 0, limit: PAGE_ROWS });
  expect([rows.isKnown, rows.total, rows.keyAt(0)]).toEqual([false, 0, null]);
  come();
  expect([rows.isKnown, rows.total, rows.keyAt(7), rows.keyAt(PAGE_ROWS)]).toEqual([true, 10_000, 'rtt_ms-7', null]);
  jest.advanceTimersByTime(1_000);
  rows.show(2 * PAGE_ROWS - 5, 2 * PAGE_ROWS + 30);
  expect(offsets()).toEqual([PAGE_ROWS, 2 * PAGE_ROWS]);
  // The page that went knew the total; it does not become 0 before the new ones have come.
  expect([rows.total, rows.keyAt(0)]).toEqual([10_000, null]);
  come();
  expect(rows.keyAt(2 * PAGE_ROWS)).toBe(`rtt_ms-${2 * PAGE_ROWS}`);
  expect(rows.indexOf(`rtt_ms-${2 * PAGE_ROWS}`)).toBe(2 * PAGE_ROWS);
  expect(changes.length).toBeGreaterThan(0);
});

test('another question takes the place of the one before when it is answered', () => {
  rows.ask(asked('rtt_ms'));
  come();
  jest.advanceTimersByTime(1_000);
  rows.ask(asked('latency_ms'));
  rows.arrange(false, performance.now());
  expect(rows.keyAt(0)).toBe('rtt_ms-0');
  expect(feed.open(TOPIC)).toHaveLength(2);
  come();
  expect(rows.keyAt(0)).toBe('latency_ms-0');
  expect(feed.open(TOPIC)).toHaveLength(1);
  // And back before it is answered: nothing is left of it.
  jest.advanceTimersByTime(1_000);
  rows.ask(asked('rtt_ms'));
  jest.advanceTimersByTime(1_000);
  rows.ask(asked('latency_ms'));
  jest.advanceTimersByTime(1_000);
  expect(feed.open(TOPIC)).toHaveLength(1);
});

test('who scrolls and types fast does not ask faster than the hub allows: 64 times in 5 s', () => {
  for (let step = 0; step < 500; step++) {
    rows.ask(asked(`column${Math.floor(step / 20)}`));
    rows.show(step * 97, step * 97 + 60);
    jest.advanceTimersByTime(10);
  }
  expect(feed.all.length).toBeLessThanOrEqual(48);
  expect(feed.open(TOPIC).length).toBeLessThanOrEqual(4);
  jest.advanceTimersByTime(1_000);
  expect(offsets()).toContain(Math.floor((499 * 97) / PAGE_ROWS) * PAGE_ROWS);
});

test('a screen of any height holds a bounded number of pages', () => {
  rows.ask(asked('rtt_ms'));
  rows.show(0, 10_000);
  jest.advanceTimersByTime(1_000);
  expect(feed.open(TOPIC).length).toBeLessThanOrEqual(8);
});

test('none asked for, none held', () => {
  rows.ask(asked('rtt_ms'));
  come();
  rows.ask(null);
  expect([feed.open(TOPIC).length, rows.isKnown, rows.total]).toEqual([0, false, 0]);
});
