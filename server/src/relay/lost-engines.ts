import { MAX_STREAMS } from '@auralis/shared';
import { STREAM, type Tables } from '../state/tables.js';

/** An engine that the hub's own restart cut off is back by then. */
const RETURN_MS = 30_000;

/** Names of streams that had an engine, kept over restarts. */
export interface EngineMemory {
  names(): Iterable<string>;
  add(name: string): void;
  remove(name: string): void;
}

/**
 * Tells a stream that lost its engine during a restart of the hub from one that never had any. Otherwise listeners
 * without an engine would seem to wait for a first one. Time is an argument.
 */
export class LostEngines {
  readonly #streams: Tables['streams'];
  readonly #memory: EngineMemory;
  readonly #startedAt: number;
  /** In the order in which they came. */
  readonly #names: Set<string>;
  /** Streams that have had a row since the hub started. */
  readonly #seen = new Set<string>();

  constructor(streams: Tables['streams'], memory: EngineMemory, startedAt: number) {
    this.#streams = streams;
    this.#memory = memory;
    this.#startedAt = startedAt;
    this.#names = new Set(memory.names());
  }

  /** Call once a second. */
  tick(now: number): void {
    const streams = this.#streams;
    for (const slot of streams.slots()) {
      const name = streams.keyOf(slot);
      if (streams.get(slot, STREAM.publishing) === 1) this.#remember(name);
      if (!this.#names.has(name)) continue;
      this.#seen.add(name);
      const isLost = streams.get(slot, STREAM.publishing) === 0 && now - this.#startedAt > RETURN_MS;
      if (isLost && Number.isNaN(streams.get(slot, STREAM.engine_offline_since))) {
        streams.set(slot, STREAM.engine_offline_since, streams.epochS(this.#startedAt));
      }
    }
    for (const name of this.#seen) if (streams.slotOf(name) === undefined) this.#forget(name);
  }

  #remember(name: string): void {
    if (this.#names.has(name)) return;
    const [oldest] = this.#names;
    if (this.#names.size >= MAX_STREAMS && oldest !== undefined) this.#forget(oldest);
    this.#names.add(name);
    this.#memory.add(name);
  }

  #forget(name: string): void {
    this.#seen.delete(name);
    if (this.#names.delete(name)) this.#memory.remove(name);
  }
}
