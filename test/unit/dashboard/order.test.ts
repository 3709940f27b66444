import { byName, byValue, isDescending, nextSort, RowOrder } from '@auralis/client/dashboard/model/order';
import { describe, expect, test } from '@jest/globals';
import { row } from './fake-feed.js';

const latency = (descending: boolean) => byValue((each) => each.get('latency_ms'), descending, byName);
const rowsOf = (values: Readonly<Record<string, number | null>>) =>
  new Map(Object.entries(values).map(([key, latency_ms]) => [key, row(key, { latency_ms })]));

test('a head is sorted by its worst first, then the other way, then back', () => {
  const atFirst = { label: 'Status', worstFirst: true };
  const once = nextSort(atFirst, 'RTT', atFirst);
  const twice = nextSort(once, 'RTT', atFirst);
  expect([once, twice, nextSort(twice, 'RTT', atFirst)]).toEqual([
    { label: 'RTT', worstFirst: true },
    { label: 'RTT', worstFirst: false },
    atFirst,
  ]);
  expect(isDescending(once, { worse: 'more' })).toBe(true);
  expect(isDescending(once, { worse: 'less' })).toBe(false);
  expect(isDescending(once, { worse: 'both' })).toBe(false);
  expect(isDescending(twice, { worse: 'both' })).toBe(true);
  expect(isDescending(once, { worse: null })).toBe(true);
});

describe('an order', () => {
  test('puts what is missing last, either way, and equal ones by name', () => {
    const rows = rowsOf({ c10: 5, none: null, c2: 5, most: 9 });
    const keys = (descending: boolean) => {
      const order = new RowOrder();
      order.update(rows, latency(descending), false, 0);
      return order.keys;
    };
    expect(keys(true)).toEqual(['most', 'c2', 'c10', 'none']);
    expect(keys(false)).toEqual(['c2', 'c10', 'most', 'none']);
  });

  test('is made anew once a second, and not while somebody points at a row', () => {
    const order = new RowOrder();
    const compare = latency(true);
    order.update(rowsOf({ a: 1, b: 2 }), compare, false, 0);
    order.update(rowsOf({ a: 3, b: 2 }), compare, false, 999);
    expect(order.keys).toEqual(['b', 'a']);
    order.update(rowsOf({ a: 3, b: 2 }), compare, true, 5_000);
    expect(order.keys).toEqual(['b', 'a']);
    order.update(rowsOf({ a: 3, b: 2 }), compare, false, 5_000);
    expect(order.keys).toEqual(['a', 'b']);
    order.update(rowsOf({ a: 3, b: 2 }), latency(false), true, 5_001);
    expect(order.keys).toEqual(['b', 'a']);
  });

  test('meanwhile gives the place of a row that went to one that came, and moves no other', () => {
    const order = new RowOrder();
    const compare = latency(true);
    order.update(rowsOf({ a: 9, b: 8, c: 7 }), compare, false, 0);
    order.update(rowsOf({ a: 9, c: 7, z: 100 }), compare, true, 1);
    expect(order.keys).toEqual(['a', 'z', 'c']);
    order.update(rowsOf({ c: 7 }), compare, true, 2);
    expect(order.keys).toEqual(['c']);
    order.update(rowsOf({ c: 7, d: 50, e: 60 }), compare, true, 3);
    expect(order.keys).toEqual(['c', 'e', 'd']);
  });
});
