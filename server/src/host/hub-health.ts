import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { HUB, type Tables } from '../state/tables.js';
import { EventWindow } from '../time/windows.js';

/** Shorter delays are not seen. A finer resolution would wake the hub more often than its work does. */
const RESOLUTION_MS = 20;
const GC_WINDOW_MS = 60_000;
const NS_PER_MS = 1e6;

/** Event loop and garbage collector since the last reading. */
export interface HealthReading {
  /** How late timers fired, ms; NaN if none did. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  /** Time in garbage collections that blocked the loop, ms. */
  readonly gcMs: number;
}

/** Observes this process's event loop and garbage collector. */
export class HealthProbe {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #collections: PerformanceObserver;
  #gcMs = 0;

  constructor() {
    this.#delays.enable();
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gcMs += duration;
    });
    this.#collections.observe({ entryTypes: ['gc'] });
  }

  /**
   * Read the histogram. Call behind the timers of a turn (`setImmediate`): a timer that fires before the histogram's
   * own would miss the delay that both had.
   */
  read(): HealthReading {
    const reading = { loopDelayP50Ms: this.#lateness(50), loopDelayP99Ms: this.#lateness(99), gcMs: this.#gcMs };
    this.#delays.reset();
    this.#gcMs = 0;
    return reading;
  }

  close(): void {
    this.#delays.disable();
    this.#collections.disconnect();
  }

  /** The histogram holds the time from one sample to the next, the wanted 20 ms included. */
  #lateness(percentile: number): number {
    if (this.#delays.count === 0) return Number.NaN;
    return Math.max(0, this.#delays.percentile(percentile) / NS_PER_MS - RESOLUTION_MS);
  }
}

/** Writes those readings into the hub's row. */
export class HubHealth {
  readonly #hubs: Tables['hubs'];
  readonly #slot: number;
  readonly #pauses = new EventWindow(GC_WINDOW_MS);

  constructor(hubs: Tables['hubs'], slot: number) {
    this.#hubs = hubs;
    this.#slot = slot;
  }

  write(reading: HealthReading, at: number): void {
    this.#pauses.add(at, reading.gcMs);
    this.#hubs.set(this.#slot, HUB.event_loop_delay_p50_ms, reading.loopDelayP50Ms);
    this.#hubs.set(this.#slot, HUB.event_loop_delay_p99_ms, reading.loopDelayP99Ms);
    // Sums of fractions may end a hair below 0.
    this.#hubs.set(this.#slot, HUB.gc_pause_ms, Math.max(0, this.#pauses.total(at)));
  }
}
