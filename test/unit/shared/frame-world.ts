import type { Column, Schema } from '@auralis/shared/catalogue';
import { FrameBuilder } from '@auralis/shared/frame-builder';
import { type FrameSink, JsonFrameSink, MsgpackFrameSink } from '@auralis/shared/frame-sink';
import { decodeResponse, type Wire } from '@auralis/shared/live-codec';
import { rowFilter } from '@auralis/shared/membership';
import type { Frame, LiveForm } from '@auralis/shared/messages';
import { Replica } from '@auralis/shared/replica';
import { Table } from '@auralis/shared/table';
import { decode } from '@msgpack/msgpack';

/** Four columns of different scales, so that a mistake in one of them cannot hide behind another. */
export const SCALES = [0, 1, 3, 0] as const;

export const WORLD_SCHEMA: Schema = {
  table: 'hubs',
  attributes: ['group', 'note'],
  columns: SCALES.map(
    (scale, index): Column => ({
      id: [7, 130, 300, 70_000][index] as number,
      table: 'hubs',
      name: `c${index}`,
      index,
      scale,
      unit: 'count',
      worse: null,
      help: '',
    }),
  ),
  index: { c0: 0, c1: 1, c2: 2, c3: 3 },
};

/** Content of a table, written down plainly, with which replicas are compared. */
export type Picture = ReadonlyMap<string, { readonly attributes: string; readonly cells: readonly number[] }>;

/** The rows of `table` that `filter` lets through, and their cells in `columns`, as fixed-point integers. */
export function pictureOf(
  table: Table,
  columns: readonly number[],
  filter: ((slot: number) => boolean) | null,
): Picture {
  const picture = new Map<string, { attributes: string; cells: number[] }>();
  for (const slot of table.slots()) {
    if (filter !== null && !filter(slot)) continue;
    const cells = columns.map((column) => table.cells[column]?.[slot] as number);
    picture.set(table.keyOf(slot), { attributes: table.attributesOf(slot).join('|'), cells });
  }
  return picture;
}

/** Throws, with the first difference in words, unless `replica` holds exactly what `picture` does. */
export function assertSame(replica: Replica, picture: Picture, columns: readonly number[], where: string): void {
  const fail = (what: string): never => {
    throw new Error(`${where}: ${what}`);
  };
  if (replica.rows.size !== picture.size)
    fail(`${replica.rows.size} rows [${[...replica.rows.keys()]}], not ${picture.size} [${[...picture.keys()]}]`);
  for (const [key, expected] of picture) {
    const row = replica.rows.get(key) ?? fail(`row ${key} is not there`);
    if (row.key !== key) fail(`row ${key} says its key is ${row.key}`);
    if (row.attributes.join('|') !== expected.attributes)
      fail(`${key}: attributes ${row.attributes}, not ${expected.attributes}`);
    for (const [at, fixed] of expected.cells.entries()) {
      const column = WORLD_SCHEMA.columns[columns[at] as number] as Column;
      const wanted = Number.isNaN(fixed) ? null : fixed / 10 ** column.scale;
      if (!Object.is(row.value(column.id), wanted))
        fail(`${key}.${column.name} is ${row.value(column.id)}, not ${wanted}`);
    }
    for (const column of WORLD_SCHEMA.columns) {
      if (!columns.includes(column.index) && row.value(column.id) !== null)
        fail(`${key}.${column.name} is not in the channel`);
    }
  }
}

/** A dashboard: a replica, and how it stands to its channel's frames. */
class Viewer {
  readonly form: LiveForm;
  readonly columns: readonly number[];
  replica: Replica;
  state: 'live' | 'conflated' = 'live';
  /** The next frame to this viewer is lost on the way. */
  loseNext = false;

  constructor(form: LiveForm, columns: readonly number[]) {
    this.form = form;
    this.columns = columns;
    this.replica = new Replica(columns.map((index) => WORLD_SCHEMA.columns[index] as Column));
  }
}

/** One channel with its builder, the baseline as we believe it to be, and its viewers. */
class Channel {
  readonly number: number;
  readonly columns: readonly number[];
  readonly filter: ((slot: number) => boolean) | null;
  readonly builder: FrameBuilder;
  readonly sinks = { msgpack: new MsgpackFrameSink(), json: new JsonFrameSink() };
  readonly viewers: Viewer[] = [];
  picture: Picture = new Map();

  constructor(number: number, table: Table, columns: readonly number[], filter: ((slot: number) => boolean) | null) {
    this.number = number;
    this.columns = columns;
    this.filter = filter;
    this.builder = new FrameBuilder(table, columns, filter === null ? null : rowFilter(filter));
  }

  wire(form: LiveForm): Wire {
    return form === 'json' ? this.sinks.json.text : this.sinks.msgpack.writer.copy();
  }
}

/**
 * A hub in small: a table, channels with subsets and filters, and viewers that come late, fall behind and lose
 * frames.
 */
export class World {
  readonly table = new Table(WORLD_SCHEMA, 2);
  readonly channels: readonly Channel[];
  frames = 0;
  #t = 1_700_000_000_000.5;

  constructor() {
    const { table } = this;
    const even: (slot: number) => boolean = (slot) => table.attributesOf(slot)[0] !== 'odd';
    const positive: (slot: number) => boolean = (slot) => (table.cells[0]?.[slot] as number) >= 0;
    this.channels = [
      new Channel(1, table, [0, 1, 2, 3], null),
      new Channel(2, table, [2, 0], null),
      new Channel(0xfffffffe, table, [0, 1, 2, 3], even),
      new Channel(4, table, [3, 1], positive),
    ];
    for (const channel of this.channels) {
      this.join(channel, 'msgpack');
      this.join(channel, 'json');
    }
  }

  /** A newcomer gets the baseline at the channel's present frame, whatever the table has become since. */
  join(channel: Channel, form: LiveForm): void {
    if (channel.viewers.length >= 6) channel.viewers.splice(2, 1);
    const viewer = new Viewer(form, channel.columns);
    channel.viewers.push(viewer);
    this.#snapshot(channel, viewer);
  }

  resume(channel: Channel, viewer: Viewer): void {
    if (viewer.state === 'conflated') this.#snapshot(channel, viewer);
  }

  tick(evenEmpty: boolean): void {
    this.#t += 100;
    for (const channel of this.channels) {
      const { msgpack, json } = channel.sinks;
      const before = channel.builder.seq;
      const wrote = channel.builder.advance(channel.number, 'hub@1', this.#t, [msgpack, json], evenEmpty);
      if (channel.builder.seq !== before + (wrote ? 1 : 0)) throw new Error('seq does not count the frames');
      if (evenEmpty && !wrote) throw new Error('no heartbeat');
      // Copied now: a snapshot for one viewer is written into the same sink.
      const wires = { msgpack: channel.wire('msgpack'), json: channel.wire('json') };
      channel.picture = pictureOf(this.table, channel.columns, channel.filter);
      for (const viewer of [...channel.viewers]) {
        if (wrote) this.#deliver(channel, viewer, wires[viewer.form]);
        if (viewer.state === 'live') this.#check(channel, viewer, wrote ? 'delta' : 'no frame');
      }
    }
  }

  #deliver(channel: Channel, viewer: Viewer, wire: Wire): void {
    if (viewer.state === 'conflated') return;
    if (viewer.loseNext) {
      viewer.loseNext = false;
      // The gap shows at the next frame, which must change nothing; then a snapshot heals it.
      const beyond = { ...this.#decode(channel, wire), seq: viewer.replica.seq + 2 };
      if (viewer.replica.apply(beyond) !== null) throw new Error('a delta out of sequence was applied');
      const past = { ...beyond, seq: viewer.replica.seq };
      if (viewer.replica.apply(past) !== null) throw new Error('a delta was applied twice');
      this.#snapshot(channel, viewer);
      return;
    }
    const change = viewer.replica.apply(this.#decode(channel, wire));
    if (change === null) throw new Error('a delta in sequence was refused');
  }

  #snapshot(channel: Channel, viewer: Viewer): void {
    const sink: FrameSink = channel.sinks[viewer.form];
    channel.builder.snapshot(channel.number, 'hub@1', this.#t, sink);
    const change = viewer.replica.apply(this.#decode(channel, channel.wire(viewer.form)));
    if (change?.reset !== true) throw new Error('a snapshot was refused');
    viewer.state = 'live';
    this.#check(channel, viewer, 'snapshot');
  }

  /** Every frame passes a stranger's decoder too. */
  #decode(channel: Channel, wire: Wire): Frame {
    this.frames++;
    if (typeof wire !== 'string') {
      const message = decode(wire) as unknown[];
      if (message[1] !== channel.number || wire[2] !== 0xce)
        throw new Error('the channel is not where a gateway rewrites it');
    }
    const frame = decodeResponse(wire);
    if (frame.kind !== 'snapshot' && frame.kind !== 'delta') throw new Error(`no frame: ${frame.kind}`);
    return frame;
  }

  #check(channel: Channel, viewer: Viewer, what: string): void {
    const where = `channel ${channel.number}, ${viewer.form}, ${what} ${viewer.replica.seq}`;
    assertSame(viewer.replica, channel.picture, channel.columns, where);
    if (viewer.replica.total !== channel.picture.size) throw new Error(`${where}: total ${viewer.replica.total}`);
    if (viewer.replica.seq !== channel.builder.seq)
      throw new Error(`${where}: the builder is at ${channel.builder.seq}`);
  }
}
