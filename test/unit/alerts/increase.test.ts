import { Increases } from '@auralis/server/alerts/increase';
import { SCHEMAS, Table } from '@auralis/shared';
import { expect, test } from '@jest/globals';

const COLUMN = SCHEMAS.hubs.index.errors;

/** A counter looked at once a second; `write` gets the value of each second, or undefined for none. */
function world(windowS: number, counts = () => true) {
  const table = new Table(SCHEMAS.hubs);
  const increases = new Increases(table, COLUMN, windowS, counts);
  let slot = table.open('hub');
  let now = 0;
  return {
    table,
    pass(values: readonly (number | undefined)[]): number[] {
      return values.map((value) => {
        if (value !== undefined) table.set(slot, COLUMN, value);
        now += 1000;
        increases.observe(now);
        return increases.readings[slot] as number;
      });
    },
    reopen() {
      table.close(slot);
      slot = table.open('again');
    },
  };
}

test('is what the counter rose by in the window', () => {
  expect(world(3).pass([5, 6, 8, 8, 8, 8, 9])).toEqual([0, 1, 3, 3, 2, 0, 1]);
});

test('what stood there at first, and what it falls to, is no rise; missing is neither', () => {
  expect(world(10).pass([100, 101, 3, 4, undefined, Number.NaN, 5])).toEqual([0, 1, 1, 2, 2, 2, 3]);
});

test('a row that takes the slot of another begins anew', () => {
  const { pass, reopen } = world(10);
  expect(pass([1, 5])).toEqual([0, 4]);
  reopen();
  expect(pass([90, 91])).toEqual([0, 1]);
});

test('what rises while it does not count is left out', () => {
  let counts = true;
  const { pass } = world(10, () => counts);
  expect(pass([1, 2])).toEqual([0, 1]);
  counts = false;
  expect(pass([7, 9])).toEqual([1, 1]);
  counts = true;
  expect(pass([10])).toEqual([2]);
});

test('a window of an hour is as coarse as a minute, and no longer than it says by more than that', () => {
  const { pass } = world(3600);
  expect(pass([0, 1]).at(-1)).toBe(1);
  const later = pass(Array(3700).fill(undefined));
  expect(later[3500]).toBe(1);
  expect(later.at(-1)).toBe(0);
});
