import { CONNECTION, CONNECTION_ATTRIBUTE, type Tables } from '../state/tables.js';
import { isBufferBelieved, isSynced } from '../state/trust.js';
import { type Exposition, labelsOf } from './exposition.js';
import { OTHER } from './named-streams.js';
import type { Family } from './naming.js';

/** Seconds. Targets (100 ms of latency, 150 to 500 ms of buffer) and thresholds (50, 500, 1,000 ms) are bounds. */
const LATENCY_BOUNDS = [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10] as const;
const BUFFER_BOUNDS = [0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 10] as const;

/** A row takes 0.2 µs. */
const ROWS_A_STEP = 4_000;

export const LATENCY_FAMILY: Family = {
  name: 'auralis_listener_latency_seconds',
  type: 'histogram',
  unit: 'seconds',
  help: 'Latency of each listener with a synced clock, looked at once a second: counts are listener-seconds',
};
export const BUFFER_FAMILY: Family = {
  name: 'auralis_listener_buffer_depth_seconds',
  type: 'histogram',
  unit: 'seconds',
  help: 'Buffer depth of each listener that can be believed, looked at once a second: counts are listener-seconds',
};

/**
 * How many listener-seconds were spent at which latency and buffer depth, by stream, since the stream got lines of
 * its own.
 */
export class ListenerHistograms {
  readonly #latency = new ByStream(LATENCY_BOUNDS);
  readonly #buffer = new ByStream(BUFFER_BOUNDS);

  /** Once a second, so that it does not matter who asks for the page, and how often. */
  *observe({ connections }: Tables, named: ReadonlySet<string>): Generator<void> {
    this.#latency.keepOnly(named);
    this.#buffer.keepOnly(named);
    const latency = connections.cells[CONNECTION.latency_ms] as Float64Array;
    const depth = connections.cells[CONNECTION.buffer_depth_ms] as Float64Array;
    let seen = 0;
    for (const slot of connections.slots()) {
      if (++seen % ROWS_A_STEP === 0) yield;
      const hasLatency = !Number.isNaN(latency[slot]) && isSynced(connections, slot);
      const hasDepth = !Number.isNaN(depth[slot]) && isBufferBelieved(connections, slot);
      if (!hasLatency && !hasDepth) continue;
      const name = connections.attributesOf(slot)[CONNECTION_ATTRIBUTE.stream] ?? '';
      const stream = named.has(name) ? name : OTHER;
      if (hasLatency) this.#latency.add(stream, connections.get(slot, CONNECTION.latency_ms) / 1000);
      if (hasDepth) this.#buffer.add(stream, connections.get(slot, CONNECTION.buffer_depth_ms) / 1000);
    }
  }

  write(page: Exposition): void {
    page.family(LATENCY_FAMILY);
    this.#latency.write(page);
    page.family(BUFFER_FAMILY);
    this.#buffer.write(page);
  }
}

/** A histogram for each stream. */
class ByStream {
  readonly #bounds: readonly number[];
  readonly #streams = new Map<string, { readonly counts: Float64Array; sum: number }>();

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  add(stream: string, value: number): void {
    let found = this.#streams.get(stream);
    if (found === undefined) {
      found = { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
      this.#streams.set(stream, found);
    }
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++;
    found.counts[at] = (found.counts[at] as number) + 1;
    found.sum += value;
  }

  /** A stream that has no lines any more begins anew when it gets some again: a reset, as of any counter. */
  keepOnly(named: ReadonlySet<string>): void {
    for (const stream of this.#streams.keys()) if (stream !== OTHER && !named.has(stream)) this.#streams.delete(stream);
  }

  write(page: Exposition): void {
    for (const [stream, { counts, sum }] of this.#streams) {
      page.histogram(labelsOf({ stream }), this.#bounds, counts, sum);
    }
  }
}
