import { FrameBuilder, MsgpackFrameSink, SCHEMAS, Table } from '@auralis/shared';
import { seededRandom } from '../random.js';
import type { Figure, Scenario } from '../scenario.js';
import { ratioOf, spreadOf } from '../statistics.js';

const { connections } = SCHEMAS;
const FOUR = ['chunks_sent', 'latency_ms', 'buffer_depth_ms', 'rtt_ms'] as const;
/** Median of so many frames is one round: single ones are too short for the clock and for the collector. */
const FRAMES = 60;
/** Two and a half minutes of ticks: by then a hub's code is compiled as it will be. */
const WARM_UP = 600;

/** Delta frames against JSON.stringify of the same rows: bytes and time, in this process. */
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

function measure(work: Work, rounds: number, targets: { bytes: number; time: number } | null): Figure[] {
  const world = new World(1_000);
  const builder = new FrameBuilder(world.table, world.columns);
  const sink = new MsgpackFrameSink();
  const t = 1_700_000_000_000;
  const frame = () => {
    if (work === 'snapshot') builder.snapshot(1, 'hub@boot', t, sink);
    else builder.advance(1, 'hub@boot', t, [sink], true);
  };
  builder.advance(1, 'hub@boot', t, [sink], true);
  const samples = {
    hubBytes: [] as number[],
    jsonBytes: [] as number[],
    hubUs: [] as number[],
    jsonUs: [] as number[],
  };
  for (let round = -1; round < rounds; round++) {
    const one = oneRound(world, work === 'snapshot' ? 0.1 : work, frame, sink, round < 0 ? WARM_UP : FRAMES);
    if (round < 0) continue;
    for (const key of Object.keys(one) as (keyof typeof one)[]) samples[key].push(one[key]);
  }
  const what = work === 'snapshot' ? 'snapshot' : `delta, ${work * 100} % of rows changed`;
  const line = (kind: 'size' | 'time'): Figure => {
    const [hub, json] =
      kind === 'size' ? [samples.hubBytes, samples.jsonBytes] : ([samples.hubUs, samples.jsonUs] as const);
    const max = kind === 'size' ? targets?.bytes : targets?.time;
    return {
      name: `${what}: ${kind}`,
      unit: kind === 'size' ? 'bytes' : 'µs',
      hub: spreadOf(hub),
      peer: { name: 'JSON.stringify of all rows', value: spreadOf(json) },
      ratio: ratioOf(hub, json),
      target: max === undefined ? null : { max, of: 'ratio' },
      notes: [],
    };
  };
  return [line('size'), line('time')];
}

/** Frames and texts in turn; medians of their sizes and times. */
function oneRound(world: World, share: number, frame: () => void, sink: MsgpackFrameSink, frames: number) {
  const hubUs: number[] = [];
  const jsonUs: number[] = [];
  const hubBytes: number[] = [];
  const jsonBytes: number[] = [];
  for (let at = 0; at < frames; at++) {
    world.step(share);
    const begun = process.hrtime.bigint();
    frame();
    const between = process.hrtime.bigint();
    const text = JSON.stringify(world.rows);
    const ended = process.hrtime.bigint();
    hubUs.push(Number(between - begun) / 1000);
    jsonUs.push(Number(ended - between) / 1000);
    hubBytes.push(sink.writer.length);
    jsonBytes.push(Buffer.byteLength(text));
  }
  const [bytes, texts, us, jsUs] = [hubBytes, jsonBytes, hubUs, jsonUs].map((values) => spreadOf(values).median);
  return { hubBytes: bytes as number, jsonBytes: texts as number, hubUs: us as number, jsonUs: jsUs as number };
}

/** A table of listeners, and the same rows as objects with the same rounding, as a JSON protocol would hold them. */
class World {
  readonly table = new Table(connections, 1024);
  readonly columns = FOUR.map((name) => connections.index[name]);
  readonly rows: Record<string, string | number>[] = [];
  readonly #random = seededRandom(1);

  constructor(count: number) {
    for (let slot = 0; slot < count; slot++) {
      const id = `c${String(slot).padStart(5, '0')}${Math.floor(this.#random() * 2 ** 30).toString(36)}`;
      this.table.open(id, ['main', '', '127.0.0.1', '']);
      this.rows.push({ id, chunks_sent: 0, latency_ms: 0, buffer_depth_ms: 0, rtt_ms: 0 });
      const at = [12_000 + this.#random() * 6_000, 60 + this.#random() * 60, 250 + this.#random() * 200];
      this.#write(slot, [...at, 30 + this.#random() * 60]);
    }
  }

  /** A report of `share` of the rows: two or three more chunks, readings that wander by what a steady network does. */
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
  }
}

/** A step of at least one unit of the last place, so that a changed row has four changed cells. */
function wander(value: number, step: number, min: number, max: number, dice: number): number {
  const change = (dice * 2 - 1) * step;
  const next = value + (Math.abs(change) < 1 ? Math.sign(change || 1) : change);
  return next < min || next > max ? value - change - Math.sign(change || 1) : next;
}
