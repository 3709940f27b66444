import { type IntervalHistogram, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { HUB, type Tables } from '../state/tables.js';
import { EventWindow } from '../time/windows.js';

/** Shorter delays are not seen. A finer resolution would wake the hub more often than its work does. */
const RESOLUTION_MS = 20;
/** Without peers a delay harms nobody, and waking up 50 times a second would be a third of the hub's CPU. */
const IDLE_RESOLUTION_MS = 200;
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
  readonly #monitor: typeof monitorEventLoopDelay;
  readonly #collections: PerformanceObserver;
  #resolutionMs = RESOLUTION_MS;
  #delays: IntervalHistogram;
  #gcMs = 0;

  constructor(monitor = monitorEventLoopDelay) {
    this.#monitor = monitor;
    this.#delays = this.#begin();
    this.#collections = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gcMs += duration;
    });
    this.#collections.observe({ entryTypes: ['gc'] });
  }

  /** Sample less often while the hub is idle. What was sampled before a change is dropped: call after `read`. */
  pace(isIdle: boolean): void {
    const resolutionMs = isIdle ? IDLE_RESOLUTION_MS : RESOLUTION_MS;
    if (resolutionMs === this.#resolutionMs) return;
    this.#delays.disable();
    this.#resolutionMs = resolutionMs;
    this.#delays = this.#begin();
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

  #begin(): IntervalHistogram {
    const delays = this.#monitor({ resolution: this.#resolutionMs });
    delays.enable();
    return delays;
  }

  /** The histogram holds the time from one sample to the next, the wanted interval included. */
  #lateness(percentile: number): number {
    if (this.#delays.count === 0) return Number.NaN;
    return Math.max(0, this.#delays.percentile(percentile) / NS_PER_MS - this.#resolutionMs);
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
