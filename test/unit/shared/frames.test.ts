import { type Column, SCHEMAS, type Schema } from '@auralis/shared/catalogue';
import { FrameBuilder } from '@auralis/shared/frame-builder';
import { JsonFrameSink, MsgpackFrameSink } from '@auralis/shared/frame-sink';
import { decodeResponse } from '@auralis/shared/live-codec';
import type { Frame } from '@auralis/shared/messages';
import { Replica } from '@auralis/shared/replica';
import { Table } from '@auralis/shared/table';
import { describe, expect, test } from '@jest/globals';
import { decode } from '@msgpack/msgpack';
import { assertSame, pictureOf, WORLD_SCHEMA } from './frame-world.js';

type WireColumn = [id: number, slots: Uint8Array | true | null, type: number, values: Uint8Array];

/** A table with one channel of all its columns, and what its frames look like to a stranger's decoder. */
function bench(schema: Schema = WORLD_SCHEMA, columns = schema.columns.map((column) => column.index)) {
  const table = new Table(schema);
  const builder = new FrameBuilder(table, columns);
  const sink = new MsgpackFrameSink();
  const json = new JsonFrameSink();
  const replica = new Replica(schema.columns as readonly Column[]);
  const frame = () => decodeResponse(sink.writer.copy()) as Frame;
  return {
    table,
    builder,
    replica,
    json,
    /** Writes the next delta, applies it and returns it as a stranger's decoder sees it. */
    advance(): unknown[] {
      expect(builder.advance(1, 'hub@1', 5, [sink, json], true)).toBe(true);
      if (replica.seq < 0) replica.seq = 0;
      expect(replica.apply(frame())).not.toBeNull();
      return decode(sink.writer.written()) as unknown[];
    },
    snapshot(): unknown[] {
      builder.snapshot(1, 'hub@1', 5, sink);
      replica.apply(frame());
      return decode(sink.writer.written()) as unknown[];
    },
  };
}

const columnsOf = (message: unknown[]): WireColumn[] => message.at(-1) as WireColumn[];
const firstColumn = (message: unknown[]): WireColumn => columnsOf(message)[0] as WireColumn;

describe('a frame', () => {
  test('of nothing is a heartbeat: an empty delta of the next seq', () => {
    const { builder, advance } = bench();
    expect(builder.advance(1, 'hub@1', 5, [], false)).toBe(false);
    expect(builder.seq).toBe(0);
    expect(advance()).toEqual([19, 1, 'hub@1', 1, 5, 0, [], [], []]);
  });

  test('is not written for a change in a column that the channel does not carry', () => {
    const { table, builder, advance } = bench(WORLD_SCHEMA, [0, 1]);
    const slot = table.open('a');
    advance();
    table.set(slot, 2, 5);
    expect(builder.advance(1, 'hub@1', 5, [], false)).toBe(false);
    table.set(slot, 1, 5);
    expect(builder.advance(1, 'hub@1', 5, [], false)).toBe(true);
  });

  test('of a snapshot shows the rows as of its seq, even when their slots have been given away since', () => {
    const { table, advance, snapshot, replica } = bench();
    const slot = table.open('a', ['x', 'y']);
    table.set(slot, 0, 12);
    advance();
    table.close(slot);
    table.open('b', ['z']);
    expect(snapshot().slice(3)).toEqual([1, 5, 1, [[0, 'a', ['x', 'y']]], [[7, null, 0, Uint8Array.of(12)]]]);
    expect(advance().slice(3, 8)).toEqual([2, 5, 1, [0], [[0, 'b', ['z', '']]]]);
    expect([...replica.rows.keys()]).toEqual(['b']);
    expect(replica.rows.get('b')?.value(7)).toBeNull();
  });

  test('writes a column whose slots are those of the column before as `true`', () => {
    const { table, advance } = bench();
    for (let row = 0; row < 40; row++) table.open(`row-${row}`);
    advance();
    for (const slot of [3, 9]) for (const column of [0, 1, 3]) table.set(slot, column, slot);
    expect(columnsOf(advance())).toEqual([
      [7, Uint8Array.of(3, 0, 9, 0), 0, Uint8Array.of(3, 9)],
      [130, true, 0, Uint8Array.of(30, 90)],
      [70_000, true, 0, Uint8Array.of(3, 9)],
    ]);
  });

  test('says missing in a dense column and in a sparse one', () => {
    const { table, advance, replica } = bench();
    for (let row = 0; row < 9; row++) table.set(table.open(`row-${row}`), 0, row === 4 ? Number.NaN : 1);
    expect(firstColumn(advance())).toEqual([7, null, 0, Uint8Array.of(1, 1, 1, 1, 0x80, 1, 1, 1, 1)]);
    table.clear(2, 0);
    expect(firstColumn(advance())).toEqual([7, Uint8Array.of(2, 0), 0, Uint8Array.of(0x80)]);
    expect(replica.rows.get('row-2')?.value(7)).toBeNull();
    table.set(2, 0, -3);
    expect(firstColumn(advance())).toEqual([7, Uint8Array.of(2, 0), 0, Uint8Array.of(0xfd)]);
  });

  test('leaves a column out of a snapshot that nobody has reported', () => {
    const { table, advance, snapshot } = bench();
    table.set(table.open('a'), 2, 0);
    advance();
    expect(columnsOf(snapshot())).toEqual([[300, null, 0, Uint8Array.of(0)]]);
  });

  test('in JSON carries decimals, absolute, and null for missing', () => {
    const { table, advance, json } = bench();
    for (let row = 0; row < 9; row++) table.set(table.open(`row-${row}`), 1, 1.5);
    advance();
    table.set(3, 1, 2.25);
    table.clear(5, 1);
    advance();
    expect(JSON.parse(json.text)).toEqual([19, 1, 'hub@1', 2, 5, 9, [], [], [[130, [3, 5], null, [2.3, null]]]]);
  });
});

describe('the width of a column', () => {
  const widths: [number, type: number, bytes: number][] = [
    [127, 0, 1],
    [-127, 0, 1],
    [128, 1, 2],
    [-128, 1, 2],
    [32_767, 1, 2],
    [-32_767, 1, 2],
    [32_768, 2, 4],
    [-32_768, 2, 4],
    [0x7fff_ffff, 2, 4],
    [-0x7fff_ffff, 2, 4],
    [0x8000_0000, 3, 8],
    [-0x8000_0000, 3, 8],
    [2 ** 51, 3, 8],
    [-(2 ** 51), 3, 8],
  ];

  test.each(widths)('that holds %d has type %d, %d bytes a value, and missing beside it', (value, type, bytes) => {
    const { table, advance, replica, snapshot } = bench();
    const [a, b] = [table.open('a'), table.open('b')];
    table.set(a, 0, value);
    const check = (column: WireColumn) => {
      expect(column[2]).toBe(type);
      expect(column[3]).toHaveLength(bytes * 2);
      expect(replica.rows.get('a')?.value(7)).toBe(value);
      expect(replica.rows.get('b')?.value(7)).toBeNull();
    };
    check(firstColumn(advance()));
    check(firstColumn(snapshot()));
    table.set(b, 0, 0);
    advance();
    expect(replica.rows.get('b')?.value(7)).toBe(0);
  });

  test('follows the difference in a delta, not the value', () => {
    const { table, advance, snapshot } = bench();
    const slot = table.open('a');
    table.set(slot, 0, 2 ** 40);
    expect(firstColumn(advance())[2]).toBe(3);
    table.set(slot, 0, 2 ** 40 + 1);
    expect(firstColumn(advance())).toEqual([7, null, 0, Uint8Array.of(1)]);
    expect(firstColumn(snapshot())[2]).toBe(3);
  });

  test('holds the largest difference there is exactly', () => {
    const { table, advance, replica } = bench();
    const slot = table.open('a');
    table.set(slot, 0, -(2 ** 51));
    advance();
    table.set(slot, 0, 2 ** 51 - 1);
    advance();
    expect(replica.rows.get('a')?.value(7)).toBe(2 ** 51 - 1);
  });
});

test('a table of more rows than 65,536 has wide slots where it needs them, and stays equal', () => {
  const rows = 70_000;
  const { table, builder, replica, advance, snapshot } = bench();
  for (let row = 0; row < rows; row++) table.set(table.open(`row-${row}`, ['g']), row % 3, row);
  advance();
  const check = (what: string) => assertSame(replica, pictureOf(table, [0, 1, 2, 3], null), [0, 1, 2, 3], what);
  check('first');
  for (const slot of [65_535, 65_536, 69_999]) for (const column of [0, 3]) table.set(slot, column, -slot);
  const [wide, same] = columnsOf(advance()) as [WireColumn, WireColumn];
  expect(wide.slice(0, 3)).toEqual([7, expect.any(Uint8Array), 2 + 4]);
  expect(new DataView((wide[1] as Uint8Array).slice().buffer).getUint32(8, true)).toBe(69_999);
  expect(same.slice(0, 3)).toEqual([70_000, true, 2 + 4]);
  table.set(65_535, 1, 1);
  const [narrow] = columnsOf(advance());
  expect(narrow?.slice(0, 3)).toEqual([130, Uint8Array.of(0xff, 0xff), 0]);
  check('sparse');
  for (let slot = 0; slot < rows; slot += 2) table.close(slot);
  for (let row = 0; row < 100; row++) table.set(table.open(`new-${row}`), 2, row);
  for (const slot of table.slots()) table.add(slot, 0, 1);
  advance();
  check('after half of them went');
  snapshot();
  check('snapshot');
  expect(builder.size).toBe(rows / 2 + 100);
});

describe('a replica', () => {
  const delta = (seq: number): Frame => ({
    kind: 'delta',
    form: 'msgpack',
    channel: 1,
    source: 'hub@1',
    seq,
    t: 0,
    total: 0,
    removed: [],
    added: [],
    columns: [],
  });

  test('takes no delta before its first snapshot, and none out of sequence', () => {
    const { replica, snapshot, advance } = bench();
    expect(replica.apply(delta(1))).toBeNull();
    snapshot();
    for (let seq = 1; seq < 4; seq++) advance();
    for (const seq of [0, 2, 3, 5]) expect(replica.apply(delta(seq))).toBeNull();
    expect(replica.apply(delta(4))).not.toBeNull();
    expect(replica.seq).toBe(4);
  });

  test('says which rows came, went and changed', () => {
    const { table, builder, replica } = bench();
    const sink = new MsgpackFrameSink();
    const step = () => {
      builder.advance(1, 'hub@1', 5, [sink], true);
      return replica.apply(decodeResponse(sink.writer.copy()) as Frame);
    };
    replica.seq = 0;
    for (const key of ['a', 'b', 'c']) table.set(table.open(key), 0, 1);
    expect(step()).toEqual({ reset: false, added: ['a', 'b', 'c'], removed: [], changed: new Set() });
    table.set(0, 0, 2);
    table.close(1);
    table.setAttributes(2, ['new']);
    expect(step()).toEqual({ reset: false, added: [], removed: ['b'], changed: new Set(['a', 'c']) });
    expect(step()).toEqual({ reset: false, added: [], removed: [], changed: new Set() });
    builder.snapshot(1, 'hub@1', 5, sink);
    const change = replica.apply(decodeResponse(sink.writer.copy()) as Frame);
    expect(change).toEqual({ reset: true, added: ['a', 'c'], removed: ['a', 'c'], changed: new Set() });
  });
});

test('a SNAPSHOT in steps writes 1,000 rows or one column at a time, and the same as in one piece', () => {
  const { columns } = SCHEMAS.connections;
  const table = new Table(SCHEMAS.connections);
  for (let row = 0; row < 2_500; row++) {
    const slot = table.open(`c${row}`, ['main', '', '', '']);
    for (const { index } of columns.slice(0, 5)) table.set(slot, index, row + index);
  }
  const builder = new FrameBuilder(
    table,
    columns.map(({ index }) => index),
  );
  builder.advance(1, 'hub@1', 0, [], true);
  const [whole, stepped] = [new MsgpackFrameSink(), new MsgpackFrameSink()];
  builder.snapshot(1, 'hub@1', 0, whole);
  const written = { rows: 0, columns: 0 };
  const [row, column] = [stepped.row.bind(stepped), stepped.column.bind(stepped)];
  stepped.row = (...args) => {
    written.rows++;
    row(...args);
  };
  stepped.column = (out) => {
    written.columns++;
    column(out);
  };
  const most = { rows: 0, columns: 0 };
  for (const steps = builder.snapshotSteps(1, 'hub@1', 0, stepped); steps.next().done !== true; ) {
    most.rows = Math.max(most.rows, written.rows);
    most.columns = Math.max(most.columns, written.columns);
    written.rows = written.columns = 0;
  }
  expect(most).toEqual({ rows: 1_000, columns: 1 });
  expect(Buffer.from(stepped.writer.written()).equals(whole.writer.written())).toBe(true);
});
