import {
  FrameBuilder,
  type FrameSink,
  HEARTBEAT_MS,
  JsonFrameSink,
  type LiveForm,
  MsgpackFrameSink,
  type Wire,
} from '@auralis/shared';
import type { WallClock } from '../clock.js';
import type { Feed, Subscription } from './subscription.js';
import type { Selection } from './topic.js';

/**
 * What subscribers of one topic, interval and columns share: one baseline, and each frame encoded once for each form that
 * somebody reads.
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
  #lastFrameAt = Number.NaN;
  /** Snapshots at the present seq, made when first wanted. */
  readonly #snapshots = new Map<LiveForm, Wire>();

  constructor(
    id: number,
    { source, clock, sinks }: ChannelContext,
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
    this.#builder = new FrameBuilder(selection.table, selection.columns, selection.selector);
    this.#builder.advance(id, source, clock.wallOf(now), [], true);
    this.#lastFrameAt = now;
    this.dueAt = now + intervalMs;
  }

  get seq(): number {
    return this.#builder.seq;
  }

  /**
   * Makes the frame that is due, if there is any news or a heartbeat is due, and gives it to every subscriber. Returns how
   * many frames were sent.
   */
  tick(now: number): number {
    let sent = 0;
    // Ticks that were missed are not made up for: the next frame carries their changes.
    this.dueAt = Math.max(this.dueAt + this.intervalMs, now + this.intervalMs / 2);
    const sinks = this.#sinksInUse();
    const isHeartbeat = now - this.#lastFrameAt >= Math.max(HEARTBEAT_MS, this.intervalMs) - TICK_SLACK_MS;
    if (this.#builder.advance(this.id, this.#source, this.#clock.wallOf(now), sinks, isHeartbeat)) {
      this.#lastFrameAt = now;
      this.#snapshots.clear();
      const msgpack = sinks.includes(this.#msgpack) ? this.#msgpack.writer.written() : null;
      const json = sinks.includes(this.#json) ? this.#json.text : null;
      for (const subscription of this.subscriptions) {
        const wire = subscription.session.form === 'json' ? json : msgpack;
        if (wire !== null && subscription.deliver(wire, now)) sent++;
      }
    }
    for (const subscription of this.subscriptions) if (subscription.catchUp(now)) sent++;
    return sent;
  }

  /** The baseline as it is after the last frame. */
  snapshot(form: LiveForm, now: number): Wire {
    let wire = this.#snapshots.get(form);
    if (wire === undefined) {
      const sink = form === 'json' ? this.#json : this.#msgpack;
      this.#builder.snapshot(this.id, this.#source, this.#clock.wallOf(now), sink);
      wire = form === 'json' ? this.#json.text : this.#msgpack.writer.copy();
      this.#snapshots.set(form, wire);
    }
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

/** Buffers for frames, one of each form for all channels: a frame is sent before the next is written. */
export interface Sinks {
  readonly msgpack: MsgpackFrameSink;
  readonly json: JsonFrameSink;
}

/** What all channels of a hub have in common. */
export interface ChannelContext {
  /** Hub and boot: `id@epoch`. */
  readonly source: string;
  readonly clock: WallClock;
  readonly sinks: Sinks;
}

export const createSinks = (): Sinks => ({ msgpack: new MsgpackFrameSink(), json: new JsonFrameSink() });
