import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Column } from '@auralis/shared/catalogue';
import { FrameBuilder } from '@auralis/shared/frame-builder';
import { MsgpackFrameSink, VALUE_TYPE } from '@auralis/shared/frame-sink';
import { encodeResponse } from '@auralis/shared/live-codec';
import { rowFilter } from '@auralis/shared/membership';
import { readMsgpack } from '@auralis/shared/msgpack/reader';
import { Table } from '@auralis/shared/table';
import { expect, test } from '@jest/globals';
import { describeWith } from '../../harness/program.js';
import { WORLD_SCHEMA } from './frame-world.js';

/** Debian's own interpreter, which has Debian's python3-msgpack. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('../../../../examples/python/live_decoder.py', import.meta.url));
const SOURCE = 'hub@1';
const COLUMNS = WORLD_SCHEMA.columns.map((column) => column.index);

type Decoded = Record<string, Record<string, { seq: number; rows: Record<string, DecodedRow> }>>;
type DecodedRow = { attributes: string[]; values: Record<string, number | null> };

/** Output of the example for these messages, given in either of its two ways. */
function run(messages: readonly Uint8Array[], hex: boolean): { rows: Decoded; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-'));
  try {
    const file = join(folder, 'messages.hex');
    if (hex) writeFileSync(file, messages.map((message) => Buffer.from(message).toString('hex')).join('\n'));
    const { status, stdout, stderr } = spawnSync(PYTHON, hex ? [SCRIPT, '--hex', file] : [SCRIPT], {
      input: hex ? '' : framed(messages),
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(stderr.toString());
    return { rows: JSON.parse(stdout.toString()) as Decoded, stderr: stderr.toString() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function framed(messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(message.length);
      return [length, message];
    }),
  );
}

/** The table as the example should print it. */
function expected(table: Table, filter: (slot: number) => boolean): Record<string, DecodedRow> {
  const rows: Record<string, DecodedRow> = {};
  for (const slot of table.slots()) {
    if (!filter(slot)) continue;
    const values: Record<string, number | null> = {};
    for (const { id, index } of WORLD_SCHEMA.columns) {
      const value = table.get(slot, index);
      values[id] = Number.isNaN(value) ? null : value;
    }
    rows[table.keyOf(slot)] = { attributes: [...table.attributesOf(slot)], values };
  }
  return rows;
}

/** A column that no frame has mentioned is not known to the decoder: that is missing, too. */
function withEveryColumn(rows: Record<string, DecodedRow>): Record<string, DecodedRow> {
  const none = Object.fromEntries(WORLD_SCHEMA.columns.map(({ id }) => [id, null]));
  return Object.fromEntries(
    Object.entries(rows).map(([key, row]) => [key, { ...row, values: { ...none, ...row.values } }]),
  );
}

function welcome(): Uint8Array {
  const catalogue = WORLD_SCHEMA.columns.map(({ index: _, ...entry }: Column) => entry);
  const message = { hub: SOURCE, version: '0', now: 0, tables: {}, catalogue };
  return encodeResponse({ kind: 'welcome', welcome: message }, 'msgpack') as Uint8Array;
}

/** Numbers from a seed (mulberry32): the same run every time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function change(table: Table, random: (below: number) => number, rows: number): void {
  // Columns that all rows count in step travel in bits.
  if (random(3) === 0) for (const slot of table.slots()) table.add(slot, 0, random(3));
  for (let step = random(40); step > 0; step--) {
    const key = `row-${random(rows)}`;
    const slot = table.slotOf(key);
    const what = random(10);
    const size = 10 ** (1 + random(9)) * (random(9) === 0 ? 1000 : 1);
    if (slot === undefined) table.open(key, [what < 5 ? 'odd' : 'ü✓', `${step}`]);
    else if (what === 0) table.close(slot);
    else if (what === 1) table.setAttributes(slot, ['even', '']);
    else if (what === 2) table.clear(slot, random(4));
    else table.set(slot, random(4), ((random(2) * 2 - 1) * random(size)) / 10);
  }
}

/** Has the frame a column of type 8? */
function hasBits(message: Uint8Array): boolean {
  const columns = (readMsgpack(message) as unknown[]).at(-1);
  return Array.isArray(columns) && columns.some(([, , type]) => (type & VALUE_TYPE.BITS) !== 0);
}

describeWith(PYTHON, 'an outsider’s decoder in Python', decoder, ['-c', 'import msgpack']);

function decoder(): void {
  test.each([1, 2, 3, 4, 5, 6])('has the rows of the table after a run of changes, seed %d', (seed) => {
    const random = randomFrom(seed);
    const table = new Table(WORLD_SCHEMA);
    const filter = (slot: number) => table.attributesOf(slot)[0] !== 'odd';
    const all = new FrameBuilder(table, COLUMNS);
    const some = new FrameBuilder(table, COLUMNS, rowFilter(filter));
    const sink = new MsgpackFrameSink();
    const messages = [welcome()];
    const take = () => messages.push(sink.writer.copy());
    for (const [at, builder] of [all, some].entries()) {
      builder.snapshot(at + 1, SOURCE, 0, sink);
      take();
    }
    for (let tick = 0; tick < 150; tick++) {
      change(table, random, 60);
      for (const [at, builder] of [all, some].entries()) {
        if (builder.advance(at + 1, SOURCE, tick, [sink], random(2) === 0)) take();
        if (random(20) > 0) continue;
        builder.snapshot(at + 1, SOURCE, tick, sink);
        take();
      }
    }
    expect(messages.filter(hasBits).length).toBeGreaterThan(10);
    const { rows, stderr } = run(messages, seed % 2 === 0);
    expect(stderr).toBe('');
    expect(rows[1]?.[SOURCE]?.seq).toBe(all.seq);
    expect(withEveryColumn(rows[1]?.[SOURCE]?.rows ?? {})).toEqual(expected(table, () => true));
    expect(withEveryColumn(rows[2]?.[SOURCE]?.rows ?? {})).toEqual(expected(table, filter));
  });

  test('reads wide slots', () => {
    const table = new Table(WORLD_SCHEMA);
    const builder = new FrameBuilder(table, COLUMNS);
    const sink = new MsgpackFrameSink();
    for (let row = 0; row < 66_000; row++) table.set(table.open(`${row}`), 0, row);
    builder.advance(1, SOURCE, 0, [], true);
    builder.snapshot(1, SOURCE, 0, sink);
    const messages = [welcome(), sink.writer.copy()];
    for (const slot of [3, 65_999]) for (const column of [0, 2]) table.set(slot, column, 5);
    builder.advance(1, SOURCE, 0, [sink], true);
    messages.push(sink.writer.copy());
    const rows = withEveryColumn(run(messages, false).rows[1]?.[SOURCE]?.rows ?? {});
    const wanted = expected(table, () => true);
    expect(Object.keys(rows)).toHaveLength(66_000);
    // Matchers take seconds over so many rows; these are the ones that could go wrong.
    for (const key of ['0', '3', '65535', '65536', '65999']) expect(rows[key]).toEqual(wanted[key]);
  });

  test('refuses a delta that does not follow, and forgets a source that is gone', () => {
    const table = new Table(WORLD_SCHEMA);
    const builder = new FrameBuilder(table, COLUMNS);
    const sink = new MsgpackFrameSink();
    const frame = (source: string) => {
      builder.advance(1, source, 0, [sink], true);
      return sink.writer.copy();
    };
    builder.snapshot(1, SOURCE, 0, sink);
    const start = sink.writer.copy();
    builder.snapshot(1, 'other@1', 0, sink);
    const other = sink.writer.copy();
    table.open('a');
    const [first, lost, third] = [frame(SOURCE), frame(SOURCE), frame(SOURCE)];
    expect(lost).toBeDefined();
    const gone = encodeResponse({ kind: 'gone', channel: 1, source: 'other@1' }, 'msgpack') as Uint8Array;
    const { rows, stderr } = run([welcome(), start, other, first, third, gone], true);
    expect(stderr.trim()).toBe('channel 1, hub@1: delta 3 does not follow');
    expect(rows).toEqual({ 1: { [SOURCE]: { seq: 1, rows: { a: { attributes: ['', ''], values: {} } } } } });
  });
}
