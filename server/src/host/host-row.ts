import { SCHEMAS, VALUES } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import { CounterWindow, DeviceCounters } from './counters.js';
import type { HostReading } from './host-source.js';

const HOST = SCHEMAS.hosts.index;
const CPU_WINDOW_MS = 30_000;
/** Disks are written in bursts of seconds. A rate over one second would be 0 or alarming, and neither is true. */
const RATE_WINDOW_MS = 5_000;
const MIB = 2 ** 20;

/** Readings of the hub's own process: `cpuMs` counts up. */
export interface ProcessReading {
  readonly memoryBytes: number;
  readonly cpuMs: number;
}

/** This host's row in `hosts`. Rates without a second sample are missing, not 0. */
export class HostRow {
  readonly #hosts: Tables['hosts'];
  readonly #slot: number;
  readonly #cpu = new CounterWindow(CPU_WINDOW_MS);
  readonly #processCpu = new CounterWindow(RATE_WINDOW_MS);
  readonly #disk = new CounterWindow(RATE_WINDOW_MS);
  readonly #network = new CounterWindow(RATE_WINDOW_MS);
  readonly #disks = new DeviceCounters();
  readonly #networks = new DeviceCounters();

  constructor(hosts: Tables['hosts'], key: string) {
    this.#hosts = hosts;
    this.#slot = hosts.open(key);
  }

  /** `at`: when the counters were read, ms. `listeners`: how many share the network. */
  write(host: HostReading, process: ProcessReading, listeners: number, at: number): void {
    this.#cpu.add(at, host.cpuBusy, host.cpuTotal);
    this.#processCpu.add(at, process.cpuMs, at);
    this.#disk.add(at, this.#disks.add(host.disks), at);
    this.#network.add(at, this.#networks.add(host.networks), at);
    const mbps = (this.#network.rate() * 1000 * 8) / 1e6;
    // The kernel sometimes takes back idle time, which would make a second more than fully busy.
    this.#set('cpu_percent', Math.min(100, this.#cpu.rate() * 100));
    this.#set('memory_used_mb', host.memoryUsedBytes / MIB);
    this.#set('memory_total_mb', host.memoryTotalBytes / MIB);
    this.#set('cgroup_limits', VALUES.hosts.cgroup_limits[host.cgroupLimits]);
    this.#set('process_memory_mb', process.memoryBytes / MIB);
    this.#set('process_cpu_percent', this.#processCpu.rate() * 100);
    this.#set('disk_mb_s', (this.#disk.rate() * 1000) / 1e6);
    this.#set('network_mbps', mbps);
    this.#set('network_mbps_per_client', listeners > 0 ? mbps / listeners : Number.NaN);
  }

  /** The host cannot be read any more. Old figures are not shown as new. */
  clear(): void {
    for (const column of Object.values(HOST)) this.#hosts.clear(this.#slot, column);
  }

  #set(column: keyof typeof HOST, value: number): void {
    this.#hosts.set(this.#slot, HOST[column], value);
  }
}
