import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { HUB, type Tables } from '../state/tables.js';
import { EventWindow } from '../time/windows.js';

/** A delay shorter than this is not seen; finer would wake the hub more often than its own work does. */
const RESOLUTION_MS = 20;
const GC_WINDOW_MS = 60_000;
const NS_PER_MS = 1e6;

/** How the hub itself fared since the last reading. */
export interface HealthReading {
  /** How late timers fired, ms; NaN where none did. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  /** Time in garbage collections that stopped the hub, ms. */
  readonly gcMs: number;
}

/** Watches this process's event loop and garbage collector. */
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
   * Call it behind the timers of a turn of the loop (`setImmediate`): read from a timer that fires before the histogram's
   * own, it would forget the very delay that both of them have just suffered.
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

/** Writes how the hub fares into its row in `hubs`. */
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
    // Sums of fractions: what is left of them when all have gone again may be a hair below 0.
    this.#hubs.set(this.#slot, HUB.gc_pause_ms, Math.max(0, this.#pauses.total(at)));
  }
}
