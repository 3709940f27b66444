import { HUB, type Tables } from '../state/tables.js';
import { GpuMonitor } from './gpu-monitor.js';
import { GpuRows } from './gpu-rows.js';
import { HostRow } from './host-row.js';
import type { HostSource } from './host-source.js';
import { HealthProbe, HubHealth } from './hub-health.js';
import { LinuxSource } from './linux-source.js';
import { startNvidiaSmi } from './nvidia-smi.js';
import { PortableSource } from './portable-source.js';

export interface HostContext {
  readonly tables: Tables;
  /** This hub's row in `hubs`. */
  readonly hubSlot: number;
  /** Key of this host's row. */
  readonly hostName: string;
  /** Seconds between two readings of the GPUs; 0 leaves them alone. */
  readonly gpuIntervalS: number;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly now: () => number;
}

/** A host that has not answered for this many of its intervals is unknown. */
const STALE_INTERVALS = 10;

/** Reads the host, its GPUs and the hub's own event loop, once a second, into `hosts`, `gpus` and `hubs`. */
export class Host {
  readonly #context: HostContext;
  readonly #source: HostSource;
  readonly #row: HostRow;
  readonly #health: HubHealth;
  readonly #probe = new HealthProbe();
  readonly #gpus: GpuMonitor | null;
  #isReading = false;
  #isStopped = false;
  #nextReadAt = Number.NEGATIVE_INFINITY;
  #lastReadAt: number;
  #hasFailed = false;

  constructor(context: HostContext, source = process.platform === 'linux' ? new LinuxSource() : new PortableSource()) {
    const { tables, hubSlot, gpuIntervalS, log, now } = context;
    this.#context = context;
    this.#source = source;
    this.#row = new HostRow(tables.hosts, context.hostName);
    this.#health = new HubHealth(tables.hubs, hubSlot);
    this.#lastReadAt = now();
    this.#gpus =
      gpuIntervalS === 0
        ? null
        : new GpuMonitor({
            start: (events) => startNvidiaSmi(gpuIntervalS, events),
            rows: new GpuRows(tables.gpus),
            log,
            intervalMs: gpuIntervalS * 1000,
            now,
          });
  }

  /** Call once a second, from a timer. `isIdle`: the hub has no peers. */
  tick(isIdle = false): void {
    this.#gpus?.tick();
    const now = this.#context.now();
    if (!this.#isReading && now >= this.#nextReadAt) {
      // Half a tick early, so that a timer that fires a little early still counts.
      this.#nextReadAt = now + this.#source.intervalMs - 500;
      void this.#read();
    }
    if (now - this.#lastReadAt > STALE_INTERVALS * this.#source.intervalMs) this.#row.clear();
    setImmediate(() => {
      if (this.#isStopped) return;
      this.#health.write(this.#probe.read(), this.#context.now());
      this.#probe.pace(isIdle);
    });
  }

  /** Resolve when nothing of it runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#probe.close();
    this.#source.close();
    await this.#gpus?.stop();
  }

  async #read(): Promise<void> {
    const { tables, hubSlot, now, log } = this.#context;
    this.#isReading = true;
    try {
      const reading = await this.#source.read();
      const at = now();
      if (this.#isStopped) return;
      const { user, system } = process.cpuUsage();
      const own = { memoryBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 };
      this.#row.write(reading, own, tables.hubs.get(hubSlot, HUB.active_connections), at);
      this.#lastReadAt = at;
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) log.warn(`the host cannot be read: ${(error as Error).message}`);
      this.#hasFailed = true;
    } finally {
      this.#isReading = false;
    }
  }
}
