import {
  FrameBuilder,
  type FrameSink,
  HEARTBEAT_MS,
  JsonFrameSink,
  type LiveForm,
  MsgpackFrameSink,
  type Wire,
} from '@auralis/shared';
import type { WallClock } from '../time/clock.js';
import type { Feed, Subscription } from './subscription.js';
import type { Selection } from './topic.js';

/**
 * Shared by subscribers of one topic, interval and columns: one baseline, and each frame encoded once for each form
 * in use.
 */
export class Channel implements Feed {
  readonly id: number;
  readonly intervalMs: number;
  readonly selection: Selection;
  readonly subscriptions = new Set<Subscription>();
  /** When the next frame is due. */
  dueAt = Number.NaN;

  readonly #builder: FrameBuilder;
  readonly #source: string;
  readonly #clock: WallClock;
  readonly #msgpack: MsgpackFrameSink;
  readonly #json: JsonFrameSink;
  readonly #snapshots: Snapshots;
  #lastFrameAt = Number.NaN;
  #hasBegun = false;

  constructor(
    id: number,
    { source, clock, sinks, snapshots }: ChannelContext,
    intervalMs: number,
    selection: Selection,
    now: number,
  ) {
    this.id = id;
    this.#source = source;
    this.#clock = clock;
    this.intervalMs = intervalMs;
    this.selection = selection;
    this.#msgpack = sinks.msgpack;
    this.#json = sinks.json;
    this.#snapshots = snapshots;
    this.#builder = new FrameBuilder(selection.table, selection.columns, selection.selector);
    this.dueAt = now + intervalMs;
  }

  /** Cells that it remembers, row names included. */
  get cells(): number {
    const { table, mostRows, columns } = this.selection;
    const rows = this.#hasBegun ? this.#builder.size : Math.min(table.size, mostRows);
    return rows * (columns.length + CELLS_OF_ROW);
  }

  get seq(): number {
    return this.#builder.seq;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Take the baseline. Before that there are no frames. */
  begin(now: number): void {
    this.#builder.advance(this.id, this.#source, this.#clock.wallOf(now), [], true);
    this.#lastFrameAt = now;
    this.#hasBegun = true;
  }

  /**
   * Make the frame that is due if there is news or a heartbeat is due, and give it to every subscriber. Return how
   * many frames were sent.
   */
  tick(now: number): number {
    let sent = 0;
    // Missed ticks are not made up for: the next frame carries their changes.
    this.dueAt = Math.max(this.dueAt + this.intervalMs, now + this.intervalMs / 2);
    if (!this.#hasBegun) return 0;
    const sinks = this.#sinksInUse();
    const isHeartbeat = now - this.#lastFrameAt >= Math.max(HEARTBEAT_MS, this.intervalMs) - TICK_SLACK_MS;
    if (this.#builder.advance(this.id, this.#source, this.#clock.wallOf(now), sinks, isHeartbeat)) {
      this.#lastFrameAt = now;
      const msgpack = sinks.includes(this.#msgpack) ? this.#msgpack.writer.written() : null;
      const json = sinks.includes(this.#json) ? this.#json.text : null;
      for (const subscription of this.subscriptions) {
        const wire = subscription.session.form === 'json' ? json : msgpack;
        if (wire !== null && subscription.deliver(wire, now)) sent++;
      }
    }
    return sent;
  }

  /** Return the baseline as it is after the last frame. */
  snapshot(form: LiveForm, now: number): Wire {
    const steps = this.snapshotSteps(form, now);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** The same in steps. No channel may make frames before the last step, because they share the buffers. */
  *snapshotSteps(form: LiveForm, now: number): Generator<void, Wire> {
    const known = this.#snapshots.get(this.id, this.seq, form);
    if (known !== undefined) return known;
    const sink = form === 'json' ? this.#json : this.#msgpack;
    yield* this.#builder.snapshotSteps(this.id, this.#source, this.#clock.wallOf(now), sink);
    const wire = form === 'json' ? this.#json.text : this.#msgpack.writer.copy();
    this.#snapshots.keep(this.id, this.seq, form, wire);
    return wire;
  }

  #sinksInUse(): FrameSink[] {
    let msgpack = false;
    let json = false;
    for (const { session } of this.subscriptions) {
      if (session.form === 'json') json = true;
      else msgpack = true;
    }
    return [...(msgpack ? [this.#msgpack] : []), ...(json ? [this.#json] : [])];
  }
}

/** Timers run a little early or late. */
const TICK_SLACK_MS = 25;

/** Buffers for frames, one of each form for all channels, because a frame is sent before the next is written. */
export interface Sinks {
  readonly msgpack: MsgpackFrameSink;
  readonly json: JsonFrameSink;
}

/** State that all channels of a hub share. */
export interface ChannelContext {
  /** Hub and boot: `id@epoch`. */
  readonly source: string;
  readonly clock: WallClock;
  readonly sinks: Sinks;
  readonly snapshots: Snapshots;
}

/** Memory of a row beside its cells, in cells: its name, its place and its share of scratch memory. */
const CELLS_OF_ROW = 10;

/** The last snapshots, because many dashboards ask for the same at once. Bounded by bytes. */
export class Snapshots {
  readonly #wires = new Map<string, Wire>();
  #bytes = 0;

  /** Return the snapshot of a channel at `seq` in a form, or undefined. */
  get(channel: number, seq: number, form: LiveForm): Wire | undefined {
    return this.#wires.get(keyOf(channel, seq, form));
  }

  keep(channel: number, seq: number, form: LiveForm, wire: Wire): void {
    if (this.#bytes + wire.length > MAX_SNAPSHOT_BYTES) this.clear();
    this.#wires.set(keyOf(channel, seq, form), wire);
    this.#bytes += wire.length;
  }

  clear(): void {
    this.#wires.clear();
    this.#bytes = 0;
  }
}

const keyOf = (channel: number, seq: number, form: LiveForm) => `${channel} ${seq} ${form}`;

/** A few snapshots of 10,000 rows, of 1.3 MB each. */
const MAX_SNAPSHOT_BYTES = 8 * 1024 * 1024;

export const createSinks = (): Sinks => ({ msgpack: new MsgpackFrameSink(), json: new JsonFrameSink() });
