import type { Column, Schema } from '@auralis/shared/catalogue';
import { MAX_FIXED, MAX_ROWS } from '@auralis/shared/limits';
import { Table } from '@auralis/shared/table';
import { describe, expect, test } from '@jest/globals';
import { WORLD_SCHEMA } from './frame-world.js';

const make = (capacity?: number) => new Table(WORLD_SCHEMA, capacity);

test('some cells at once are as one by one, and what was said again is no news', () => {
  const table = make();
  const one = make();
  for (const each of [table, one]) each.open('a');
  const columns = Uint16Array.of(2, 0, 3);
  const present = Uint8Array.of(1, 0, 1);
  for (const values of [
    [1.25, 7, Number.NaN],
    [-0, 7, 1e300],
    [3.5, 7, 2],
  ]) {
    table.setSome(0, columns, Float64Array.from(values), present);
    one.set(0, 2, values[0] as number);
    one.set(0, 3, values[2] as number);
    expect([0, 1, 2, 3].map((column) => table.get(0, column))).toEqual(
      [0, 1, 2, 3].map((column) => one.get(0, column)),
    );
  }
  const seen = table.nextStamp();
  table.setSome(0, columns, Float64Array.of(3.5, 9, 2), present);
  expect([table.lastStamp, table.rowStamp[0]].every((stamp) => (stamp as number) <= seen)).toBe(true);
  table.setSome(0, columns, Float64Array.of(3.5, 9, 3), present);
  expect([table.rowStamp[0], table.columnStamp[3]].every((stamp) => (stamp as number) > seen)).toBe(true);
  expect([table.columnStamp[0], table.columnStamp[2]].every((stamp) => (stamp as number) <= seen)).toBe(true);
});

describe('rows', () => {
  test('have a key, a slot and the attributes of the schema', () => {
    const table = make();
    const slot = table.open('a', ['x']);
    expect(table.slotOf('a')).toBe(slot);
    expect(table.keyOf(slot)).toBe('a');
    expect(table.attributesOf(slot)).toEqual(['x', '']);
    table.setAttributes(slot, ['1', '2', '3']);
    expect(table.attributesOf(slot)).toEqual(['1', '2']);
    expect([table.size, table.highWater, table.isLive(slot)]).toEqual([1, 1, true]);
  });

  test('with a key in use are refused, and nothing changes', () => {
    const table = make();
    table.set(table.open('a'), 0, 5);
    expect(() => table.open('a')).toThrow('hubs: there is a row "a" already');
    expect([table.size, table.highWater, table.get(0, 0)]).toEqual([1, 1, 5]);
  });

  test('give their slot to the next row, with every cell missing', () => {
    const table = make();
    const slot = table.open('a', ['x']);
    for (let column = 0; column < 4; column++) table.set(slot, column, 1);
    table.open('b');
    table.close(slot);
    expect([table.isLive(slot), table.slotOf('a'), table.keyOf(slot), table.size]).toEqual([false, undefined, '', 1]);
    expect(table.open('c')).toBe(slot);
    expect(table.highWater).toBe(2);
    expect(table.attributesOf(slot)).toEqual(['', '']);
    for (let column = 0; column < 4; column++) expect(table.get(slot, column)).toBeNaN();
  });

  test('are counted up by generation: odd while live, never the same for two rows of one slot', () => {
    const table = make();
    const seen: number[] = [];
    for (const key of ['a', 'b', 'c']) {
      const slot = table.open(key);
      seen.push(table.generation[slot] as number);
      table.close(slot);
      seen.push(table.generation[slot] as number);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that are not live are neither closed nor described', () => {
    const table = make();
    expect(() => table.close(0)).toThrow('hubs: slot 0 is not live');
    table.close(table.open('a'));
    expect(() => table.close(0)).toThrow('not live');
    expect(() => table.setAttributes(0, [])).toThrow('not live');
    expect(table.isLive(99_999)).toBe(false);
  });

  test('are listed in the order in which they were opened', () => {
    const table = make();
    for (const key of ['a', 'b', 'c']) table.open(key);
    table.close(0);
    table.open('d');
    expect([...table.slots()].map((slot) => table.keyOf(slot))).toEqual(['b', 'c', 'd']);
  });

  test('with names of Object.prototype are rows like any other', () => {
    const table = make();
    for (const key of ['__proto__', 'constructor', '']) expect(table.keyOf(table.open(key))).toBe(key);
    expect(table.slotOf('toString')).toBeUndefined();
  });

  test('survive the growth of the table, cells, stamps and all', () => {
    const table = make(1);
    for (let row = 0; row < 1_000; row++) table.set(table.open(`row-${row}`, [`${row}`]), row % 4, row);
    for (let row = 0; row < 1_000; row++) {
      expect(table.attributesOf(row)[0]).toBe(`${row}`);
      for (let column = 0; column < 4; column++)
        expect(table.get(row, column)).toBe(column === row % 4 ? row : Number.NaN);
      expect([table.rowStamp[row], table.attributeStamp[row], table.generation[row]]).toEqual([1, 1, 1]);
    }
  });

  test('for which there is room move nothing, and room for rows that never come costs no memory', () => {
    const before = process.memoryUsage.rss();
    const wide = { ...WORLD_SCHEMA, columns: Array.from({ length: 64 }, () => WORLD_SCHEMA.columns[0] as Column) };
    const table = new Table(wide, 400_000);
    const { rowStamp, generation } = table;
    for (let row = 0; row < 1_000; row++) table.set(table.open(`row-${row}`), row % 64, row);
    expect([table.rowStamp, table.generation].map((each) => each.length)).toEqual([400_000, 400_000]);
    expect([table.rowStamp === rowStamp, table.generation === generation]).toEqual([true, true]);
    expect(table.cells.map((column, at) => [column[at], column[at + 1]])).toEqual(
      table.cells.map((_, at) => [at, Number.NaN]),
    );
    // 200 MB of address space, of which one page or two of each column are in use.
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(50);
  });

  test('end at MAX_ROWS, and a refused row leaves no trace', () => {
    const narrow: Schema = { ...WORLD_SCHEMA, attributes: [], columns: WORLD_SCHEMA.columns.slice(0, 1) };
    const table = new Table(narrow, MAX_ROWS);
    for (let row = 0; row < MAX_ROWS; row++) table.open(`${row}`);
    for (let again = 0; again < 3; again++) expect(() => table.open('more')).toThrow(`more than ${MAX_ROWS} rows`);
    expect([table.size, table.highWater, table.slotOf('more')]).toEqual([MAX_ROWS, MAX_ROWS, undefined]);
    table.close(5);
    expect(table.open('more')).toBe(5);
  });
});

describe('cells', () => {
  test('are missing until they are set: missing is not zero', () => {
    const table = make();
    const slot = table.open('a');
    expect(table.get(slot, 0)).toBeNaN();
    table.set(slot, 0, 0);
    expect(table.get(slot, 0)).toBe(0);
    table.clear(slot, 0);
    expect(table.get(slot, 0)).toBeNaN();
  });

  const quantised: [column: number, given: number, kept: number][] = [
    [0, 1.4, 1],
    [0, 1.5, 2],
    [0, -1.5, -1],
    [1, 0.05, 0.1],
    [1, 12.34, 12.3],
    [2, 0.1 + 0.2, 0.3],
    [2, -0.0004, 0],
    [0, -0, 0],
    [0, MAX_FIXED, MAX_FIXED],
    [0, -MAX_FIXED, -MAX_FIXED],
    [0, MAX_FIXED + 1, Number.NaN],
    [1, MAX_FIXED, Number.NaN],
    [0, Number.NaN, Number.NaN],
    [0, Infinity, Number.NaN],
    [2, -Infinity, Number.NaN],
    [2, 1e308, Number.NaN],
  ];
  test.each(quantised)('of column %d keep of %d: %d', (column, given, kept) => {
    const table = make();
    const slot = table.open('a');
    table.set(slot, column, given);
    expect(Object.is(table.get(slot, column), kept)).toBe(true);
  });

  test('that count add up in fixed point, from 0 where they were missing', () => {
    const table = make();
    const slot = table.open('a');
    for (let time = 0; time < 1_000; time++) table.add(slot, 1, 0.1);
    expect(table.get(slot, 1)).toBe(100);
    table.add(slot, 1, 0.04);
    expect(table.get(slot, 1)).toBe(100);
    table.add(slot, 0, 0);
    expect(table.get(slot, 0)).toBe(0);
  });

  test('that count are not lost to an amount that no cell can hold', () => {
    const table = make();
    const slot = table.open('a');
    for (const amount of [Number.NaN, Infinity, 1e300]) table.add(slot, 0, amount);
    expect(table.get(slot, 0)).toBeNaN();
    table.add(slot, 0, MAX_FIXED - 1);
    table.nextStamp();
    for (const amount of [Number.NaN, -Infinity, 1e300, 2]) table.add(slot, 0, amount);
    expect(table.get(slot, 0)).toBe(MAX_FIXED - 1);
    expect(table.rowStamp[slot]).toBe(1);
  });
});

describe('stamps', () => {
  test('say what changed since a reader last looked, to each reader by itself', () => {
    const table = make();
    const [a, b] = [table.open('a'), table.open('b')];
    const first = table.nextStamp();
    table.set(b, 1, 5);
    const second = table.nextStamp();
    table.setAttributes(a, ['new']);
    const since = (seen: number) => [a, b].map((slot) => (table.rowStamp[slot] as number) > seen);
    expect([since(0), since(first), since(second)]).toEqual([
      [true, true],
      [true, true],
      [true, false],
    ]);
    expect((table.columnStamp[1] as number) > first).toBe(true);
    expect((table.columnStamp[0] as number) > 0).toBe(false);
    expect((table.attributeStamp[a] as number) > second).toBe(true);
    expect((table.attributeStamp[b] as number) > first).toBe(false);
  });

  test('stay where a write changes nothing', () => {
    const table = make();
    const slot = table.open('a');
    table.set(slot, 0, 5);
    const seen = table.nextStamp();
    table.set(slot, 0, 5);
    table.set(slot, 0, 5.2);
    table.set(slot, 1, Number.NaN);
    table.clear(slot, 2);
    table.add(slot, 0, 0);
    expect((table.rowStamp[slot] as number) > seen).toBe(false);
    expect(Math.max(...table.columnStamp) > seen).toBe(false);
  });

  test('mark a row that closed', () => {
    const table = make();
    const slot = table.open('a');
    const seen = table.nextStamp();
    table.close(slot);
    expect((table.rowStamp[slot] as number) > seen).toBe(true);
  });
});
