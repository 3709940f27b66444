import { FrameBuilder, MsgpackFrameSink, SCHEMAS, Table } from '@auralis/shared';
import { seededRandom } from '../random.js';
import { reportsOf } from '../reports.js';
import type { Figure, Scenario } from '../scenario.js';
import { ratioOf, spreadOf } from '../statistics.js';

const { connections } = SCHEMAS;
const FRAMES = 12;
/** Frames of 1,000 rows, a tenth of 10,000: as in `encode`, until a hub's code is compiled as it will be. */
const WARM_UP = 600;

/** Frames of whole rows, with every column that a listener's row really has, against JSON of all rows. */
export const trace: Scenario = {
  id: 'trace',
  title: 'Encoding whole rows: every column of a connection, against JSON.stringify of all rows',
  async run({ mode, progress }) {
    const rounds = mode === 'quick' ? 3 : 9;
    const figures: Figure[] = [];
    for (const rows of [1_000, 10_000]) {
      const count = `${rows.toLocaleString('en-GB')} rows`;
      progress(`${count}, ticks of a stream`);
      figures.push(...measure(`${count}, a tick of 250 ms in a stream`, new TickWorld(rows), rounds, 0.05));
      for (const share of [0.01, 0.1, 1]) {
        progress(`${count}, ${share * 100} % of the cells`);
        const world = new CellWorld(rows, share);
        figures.push(...measure(`${count}, ${share * 100} % of cells changed`, world, rounds, null));
      }
    }
    return figures;
  },
};

/** A table that changes from frame to frame, and the same rows as objects. */
interface World {
  readonly table: Table;
  readonly rows: object[];
  step(): void;
}

/**
 * Rows as V8 likes them best: objects to which fifty properties were added one by one are hash tables, which
 * `JSON.stringify` reads three times as slowly.
 */
function settle(rows: object[]): void {
  for (const [at, row] of rows.entries()) rows[at] = JSON.parse(JSON.stringify(row));
}

function measure(name: string, world: World, rounds: number, max: number | null): Figure[] {
  const columns = connections.columns.map(({ index }) => index);
  const builder = new FrameBuilder(world.table, columns);
  const sink = new MsgpackFrameSink();
  const frame = () => builder.advance(1, 'hub@boot', 1_700_000_000_000, [sink], true);
  frame();
  settle(world.rows);
  const hub = { bytes: [] as number[], us: [] as number[] };
  const json = { bytes: [] as number[], us: [] as number[] };
  for (let at = 0; at < (WARM_UP * 1_000) / world.rows.length; at++) {
    world.step();
    frame();
  }
  for (let round = 1; round <= rounds; round++) {
    const ours = { bytes: [] as number[], us: [] as number[] };
    const theirs = { bytes: [] as number[], us: [] as number[] };
    for (let at = 0; at < FRAMES; at++) {
      world.step();
      const begun = process.hrtime.bigint();
      frame();
      const between = process.hrtime.bigint();
      const text = JSON.stringify(world.rows);
      theirs.us.push(Number(process.hrtime.bigint() - between) / 1000);
      ours.us.push(Number(between - begun) / 1000);
      ours.bytes.push(sink.writer.length);
      theirs.bytes.push(Buffer.byteLength(text));
    }
    for (const kind of ['bytes', 'us'] as const) {
      hub[kind].push(spreadOf(ours[kind]).median);
      json[kind].push(spreadOf(theirs[kind]).median);
    }
  }
  return (['bytes', 'us'] as const).map((kind) => ({
    name: `${name}: ${kind === 'bytes' ? 'size' : 'time'}`,
    unit: kind === 'bytes' ? 'bytes' : 'µs',
    hub: spreadOf(hub[kind]),
    peer: { name: 'JSON.stringify of all rows', value: spreadOf(json[kind]) },
    ratio: ratioOf(hub[kind], json[kind]),
    target: max === null ? null : { max, of: 'ratio' },
    notes: [],
  }));
}

/** Rows of listeners to which audio is streamed: the base of both worlds. */
abstract class Rows implements World {
  readonly table = new Table(connections, 16_384);
  readonly rows: Record<string, string | number>[] = [];
  protected readonly random = seededRandom(7);

  constructor(count: number) {
    for (let slot = 0; slot < count; slot++) {
      const id = `c${String(slot).padStart(5, '0')}${Math.floor(this.random() * 2 ** 30).toString(36)}`;
      this.table.open(id, ['main', '', '127.0.0.1', '']);
      this.rows.push({ id, stream: 'main', client: '', address: '127.0.0.1', reason: '' });
    }
  }

  abstract step(): void;

  protected write(slot: number, name: keyof typeof connections.index, value: number): void {
    const column = connections.index[name];
    this.table.set(slot, column, value);
    (this.rows[slot] as Record<string, string | number>)[name] = this.table.get(slot, column);
  }
}

/** Columns of a report, by the field that they come from. */
const REPORTED = {
  chunksReceived: 'chunks_received',
  avgLatencyMs: 'latency_ms',
  bufferDepthMs: 'buffer_depth_ms',
  jitterMs: 'jitter_ms',
  rttMs: 'client_rtt_ms',
  clockOffsetMs: 'clock_offset_ms',
} as const;

const TICK_MS = 250;
const CHUNK_MS = 100;
const CHUNK_BYTES = 19_230;
/** Ticks between two reports of a listener: the SDK reports every 2 s. */
const REPORT_EVERY = 8;
const BOOT_S = 1_700_000_000;

/**
 * As a stream goes on: chunks to everybody, a report of every eighth listener, a rate a second, a ping now and then.
 */
class TickWorld extends Rows {
  readonly #reports = reportsOf('full') as { metrics: Record<keyof typeof REPORTED, number> }[];
  #tick = 0;
  #chunks = 0;

  constructor(count: number) {
    super(count);
    for (let slot = 0; slot < count; slot++) {
      for (const name of ['chunks_dropped', 'dropped_per_min', 'backlog_bytes', 'state'] as const)
        this.write(slot, name, 0);
      for (const name of ['messages_refused', 'chunk_errors', 'error_rate', 'hidden', 'error_rate_marked'] as const)
        this.write(slot, name, 0);
      this.write(slot, 'connected_at', BOOT_S + slot);
      this.write(slot, 'clock', 1);
      this.write(slot, 'playback_state', 2);
      this.write(slot, 'buffer_underruns', 1);
      this.write(slot, 'underrun_duration_ms', 80);
      this.write(slot, 'output_latency_ms', 23.2);
      this.write(slot, 'startup_ms', 640);
      this.write(slot, 'clock_error_ms', 3.5);
    }
    for (let tick = 0; tick < REPORT_EVERY; tick++) this.step();
  }

  step(): void {
    this.#tick++;
    this.#chunks = Math.floor((this.#tick * TICK_MS) / CHUNK_MS);
    for (let slot = 0; slot < this.rows.length; slot++) {
      const isReporting = (slot + this.#tick) % REPORT_EVERY === 0;
      if (isReporting) this.#report(slot);
      const inFlight = ((this.#tick + slot) % REPORT_EVERY) * 2.5;
      this.write(slot, 'chunks_sent', this.#chunks);
      this.write(slot, 'bytes_sent', this.#chunks * CHUNK_BYTES);
      this.write(slot, 'chunks_in_flight', Math.floor(inFlight));
      this.write(slot, 'outstanding_ms', Math.floor(inFlight) * CHUNK_MS);
      if (this.#tick % 4 === 0) this.write(slot, 'chunk_send_rate', 9.9 + this.random() * 0.2);
      if ((slot + this.#tick) % 40 === 0) this.write(slot, 'rtt_ms', 40 + this.random() * 8);
    }
  }

  #report(slot: number): void {
    // Each listener walks through the same readings from a place of its own.
    const { metrics } = this.#reports[(slot * 7 + Math.floor(this.#tick / REPORT_EVERY)) % this.#reports.length] as {
      metrics: Record<keyof typeof REPORTED, number>;
    };
    for (const [field, column] of Object.entries(REPORTED)) {
      this.write(slot, column, metrics[field as keyof typeof REPORTED]);
    }
    const seconds = (this.#tick * TICK_MS) / 1000;
    this.write(slot, 'last_seq', this.#chunks);
    this.write(slot, 'reports', Math.floor(this.#tick / REPORT_EVERY));
    this.write(slot, 'last_report_at', BOOT_S + seconds);
    this.write(slot, 'sent_at_ms', BOOT_S * 1000 + seconds * 1000 + this.random() * TICK_MS);
  }
}

/** Cells here and there, of any column: the worst that could happen to the packing. */
class CellWorld extends Rows {
  readonly #share: number;

  constructor(count: number, share: number) {
    super(count);
    this.#share = share;
    for (let slot = 0; slot < count; slot++) {
      for (const { name } of connections.columns) this.write(slot, name as never, 100 + this.random() * 900);
    }
  }

  step(): void {
    for (let slot = 0; slot < this.rows.length; slot++) {
      for (const { index, name, scale } of connections.columns) {
        if (this.#share < 1 && this.random() >= this.#share) continue;
        const size = (1 + Math.floor(this.random() * 60)) / 10 ** scale;
        this.write(slot, name as never, this.table.get(slot, index) + (this.random() < 0.5 ? -size : size));
      }
    }
  }
}
