import { FrameBuilder, MsgpackFrameSink, SCHEMAS, Table } from '@auralis/shared';
import { seededRandom } from '../random.js';
import type { Figure, Scenario } from '../scenario.js';
import { SchemaRows } from '../schema-rows.js';
import { ratioOf, spreadOf } from '../statistics.js';

const { connections } = SCHEMAS;
const FOUR = ['chunks_sent', 'latency_ms', 'buffer_depth_ms', 'rtt_ms'] as const;
/** Median of so many frames is one round: single ones are too short for the clock and for the collector. */
const FRAMES = 60;
/** Two and a half minutes of ticks: by then a hub's code is compiled as it will be. */
const WARM_UP = 600;

/**
 * Delta frames against JSON.stringify of the same rows, and against patches of @colyseus/schema: bytes and time, in
 * this process.
 */
export const encode: Scenario = {
  id: 'encode',
  title: 'Encoding a frame: 1,000 rows × 4 columns, against JSON.stringify of all rows',
  async run({ mode, progress }) {
    const rounds = mode === 'quick' ? 7 : 25;
    const figures: Figure[] = [];
    for (const share of [1, 0.1]) {
      progress(`delta, ${share * 100} % of the rows changed`);
      figures.push(...measure(share, rounds, { bytes: share === 1 ? 0.035 : 0.009, time: 0.05 }));
    }
    progress('snapshot');
    figures.push(...measure('snapshot', rounds, null));
    return figures;
  },
};

type Work = number | 'snapshot';

/** One way of bringing the rows into bytes; returns how many. */
interface Way {
  readonly name: string;
  readonly encode: () => number;
  /** Medians of the rounds. */
  readonly bytes: number[];
  readonly us: number[];
}

function measure(work: Work, rounds: number, targets: { bytes: number; time: number } | null): Figure[] {
  const world = new World(1_000);
  const ways = waysOf(world, work);
  for (let round = -1; round < rounds; round++) oneRound(world, work === 'snapshot' ? 0.1 : work, ways, round < 0);
  const [hub, json, schema] = ways as [Way, Way, Way];
  const what = work === 'snapshot' ? 'snapshot' : `delta, ${work * 100} % of rows changed`;
  const line = (kind: 'size' | 'time', peer: Way, max: number | undefined): Figure => {
    const of = ({ bytes, us }: Way) => (kind === 'size' ? bytes : us);
    return {
      name: `${what}: ${kind}`,
      unit: kind === 'size' ? 'bytes' : 'µs',
      hub: spreadOf(of(hub)),
      peer: { name: peer.name, value: spreadOf(of(peer)) },
      ratio: ratioOf(of(hub), of(peer)),
      target: max === undefined ? null : { max, of: 'ratio' },
      notes: [],
    };
  };
  return [
    line('size', json, targets?.bytes),
    line('time', json, targets?.time),
    line('size', schema, undefined),
    line('time', schema, undefined),
  ];
}

function waysOf(world: World, work: Work): Way[] {
  const builder = new FrameBuilder(world.table, world.columns);
  const sink = new MsgpackFrameSink();
  const t = 1_700_000_000_000;
  builder.advance(1, 'hub@boot', t, [sink], true);
  world.schema.patch();
  const frame = () => {
    if (work === 'snapshot') builder.snapshot(1, 'hub@boot', t, sink);
    else builder.advance(1, 'hub@boot', t, [sink], true);
    return sink.writer.length;
  };
  const patch = () => {
    if (work !== 'snapshot') return world.schema.patch();
    const bytes = world.schema.snapshot();
    // Without this, changes would be kept without end.
    world.schema.patch();
    return bytes;
  };
  const way = (name: string, encode: () => number): Way => ({ name, encode, bytes: [], us: [] });
  return [
    way('hub', frame),
    way('JSON.stringify of all rows', () => JSON.stringify(world.rows).length),
    way(work === 'snapshot' ? 'state of @colyseus/schema' : 'patch of @colyseus/schema', patch),
  ];
}

/** Each way in turn, frame after frame; medians of their sizes and times. */
function oneRound(world: World, share: number, ways: readonly Way[], isWarmUp: boolean): void {
  const frames = isWarmUp ? WARM_UP : FRAMES;
  const samples = ways.map(() => ({ bytes: [] as number[], us: [] as number[] }));
  for (let frame = 0; frame < frames; frame++) {
    world.step(share);
    for (const [at, { encode }] of ways.entries()) {
      const begun = process.hrtime.bigint();
      const bytes = encode();
      const ended = process.hrtime.bigint();
      samples[at]?.bytes.push(bytes);
      samples[at]?.us.push(Number(ended - begun) / 1000);
    }
  }
  if (isWarmUp) return;
  for (const [at, { bytes, us }] of ways.entries()) {
    bytes.push(spreadOf(samples[at]?.bytes ?? []).median);
    us.push(spreadOf(samples[at]?.us ?? []).median);
  }
}

/** A table of listeners, and the same rows as objects with the same rounding, as a JSON protocol would hold them. */
class World {
  readonly table = new Table(connections, 1024);
  readonly columns = FOUR.map((name) => connections.index[name]);
  readonly rows: Record<string, string | number>[] = [];
  /** And once more, as @colyseus/schema holds them. */
  readonly schema = new SchemaRows();
  readonly #random = seededRandom(1);

  constructor(count: number) {
    for (let slot = 0; slot < count; slot++) {
      const id = `c${String(slot).padStart(5, '0')}${Math.floor(this.#random() * 2 ** 30).toString(36)}`;
      this.table.open(id, ['main', '', '127.0.0.1', '']);
      this.schema.open(id);
      this.rows.push({ id, chunks_sent: 0, latency_ms: 0, buffer_depth_ms: 0, rtt_ms: 0 });
      const at = [12_000 + this.#random() * 6_000, 60 + this.#random() * 60, 250 + this.#random() * 200];
      this.#write(slot, [...at, 30 + this.#random() * 60]);
    }
  }

  /**
   * A report of `share` of the rows: two or three more chunks, readings that wander by what a steady network does.
   */
  step(share: number): void {
    const random = this.#random;
    for (let slot = 0; slot < this.rows.length; slot++) {
      if (share < 1 && random() >= share) continue;
      const [sent, latency, depth, rtt] = this.columns.map((column) => this.table.get(slot, column)) as number[];
      this.#write(slot, [
        (sent as number) + (random() < 0.5 ? 2 : 3),
        wander(latency as number, 8, 20, 300, random()),
        wander(depth as number, 90, 60, 900, random()),
        wander(rtt as number, 6, 10, 250, random()),
      ]);
    }
  }

  #write(slot: number, values: readonly number[]): void {
    const row = this.rows[slot] as Record<string, string | number>;
    for (const [at, name] of FOUR.entries()) {
      const column = this.columns[at] as number;
      this.table.set(slot, column, values[at] as number);
      row[name] = this.table.get(slot, column);
    }
    this.schema.write(
      slot,
      FOUR.map((name) => row[name] as number),
    );
  }
}

/** A step of at least one unit of the last place, so that a changed row has four changed cells. */
function wander(value: number, step: number, min: number, max: number, dice: number): number {
  const change = (dice * 2 - 1) * step;
  const next = value + (Math.abs(change) < 1 ? Math.sign(change || 1) : change);
  return next < min || next > max ? value - change - Math.sign(change || 1) : next;
}
