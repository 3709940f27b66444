import type { AudioFormat } from '@auralis/shared';
import { type Answer, type NoAnswer, takeSteps } from '../check/answer.js';
import { recordSchema } from '../check/record-schema.js';
import { noPlaceForStream } from '../check/refusal.js';
import type { Holders, NoPlace } from '../limits/places.js';
import type { HubCounters } from '../state/counters.js';
import type { EngineTotals } from '../state/engine-totals.js';
import type { Tables } from '../state/tables.js';
import { toTheEnd } from '../time/time-slicer.js';
import { Engine } from './engine.js';
import { EVENT_READER, EVENTS } from './event.js';

/** All engines, each with its row, and the door for their events. */
export class EngineRoom {
  /** JSON Schema of an event. */
  readonly recordSchema = recordSchema(EVENTS, 'An event of an engine');
  readonly #engines = new Map<string, Placed>();
  readonly #tables: Tables;
  readonly #counters: HubCounters;
  readonly #totals: EngineTotals;
  readonly #openStream: OpenStream;

  constructor(tables: Tables, counters: HubCounters, totals: EngineTotals, openStream: OpenStream) {
    this.#tables = tables;
    this.#counters = counters;
    this.#totals = totals;
    this.#openStream = openStream;
  }

  /** An engine publishes through the hub from now on. */
  joined(stream: string, format: AudioFormat | null, now: number): void {
    this.#engine(stream, now).joined(format, now);
  }

  left(stream: string): void {
    this.#engines.get(stream)?.engine.left();
  }

  /** A chunk was published. */
  heard(stream: string, payload: Uint8Array, now: number): void {
    this.#engines.get(stream)?.engine.heard(payload, now);
  }

  /**
   * Take an event or a list of them, as decoded. Good ones are taken, others refused and counted. `holders`: who gets
   * the place of the stream if it must be made.
   */
  take(stream: string, found: unknown, holders: Holders, now: number): Answer | NoAnswer {
    return toTheEnd(this.takeSteps(stream, found, holders, () => now));
  }

  /** The same, one event a step. */
  *takeSteps(stream: string, found: unknown, holders: Holders, now: () => number): Generator<void, Answer | NoAnswer> {
    const answer = yield* takeSteps(found, (each) => {
      const { record, ignored } = EVENT_READER.read(each);
      const at = now();
      // A stream is not made for a message without a good event in it, and may go between two steps.
      this.#open(stream, holders, at).take(record, at);
      if (ignored > 0) this.#counters.add('fields_ignored', ignored);
    });
    if (typeof answer !== 'string' && answer.refused > 0) {
      this.#engines.get(stream)?.engine.refused(answer.refused);
      this.#counters.add('messages_refused', answer.refused);
    }
    return answer;
  }

  /** Take everybody's last sign of life to be of now. */
  heardAll(now: number): void {
    for (const { engine } of this.#engines.values()) engine.signed(now);
  }

  /** Once a second: brings every row up to date, and lets go those whose stream has gone. */
  sweep(now: number): void {
    for (const [stream, { engine, streamRow }] of this.#engines) {
      if (this.#streamRow(stream) === streamRow) engine.refresh(now);
      else this.#remove(stream, engine);
    }
  }

  /** Return the engine of a stream, made if need be. @throws Refusal if there is no place for the stream */
  #open(stream: string, holders: Holders, now: number): Engine {
    const refusal = this.#openStream(stream, now, holders);
    if (refusal !== null) throw noPlaceForStream(refusal);
    return this.#engine(stream, now);
  }

  /** The engine of a stream that is there. */
  #engine(stream: string, now: number): Engine {
    const known = this.#engines.get(stream);
    const streamRow = this.#streamRow(stream);
    if (known?.streamRow === streamRow) return known.engine;
    if (known !== undefined) this.#remove(stream, known.engine);
    const engine = new Engine(stream, this.#tables.engines, this.#totals, now);
    this.#engines.set(stream, { engine, streamRow });
    return engine;
  }

  #remove(stream: string, engine: Engine): void {
    this.#engines.delete(stream);
    this.#tables.engines.close(engine.slot);
  }

  /** Tells a stream's row from one of the same name before it: its slot and that slot's generation. */
  #streamRow(stream: string): string {
    const { streams } = this.#tables;
    const slot = streams.slotOf(stream);
    return slot === undefined ? '' : `${slot}.${streams.generation[slot]}`;
  }
}

/** Makes the stream if need be, and keeps it from going idle. Returns why there is no place for it, or null. */
type OpenStream = (stream: string, now: number, holders: Holders) => NoPlace | null;

interface Placed {
  readonly engine: Engine;
  readonly streamRow: string;
}
