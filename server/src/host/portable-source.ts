import { cpus } from 'node:os';
import type { Systeminformation } from 'systeminformation';
import type { HostReading, HostSource } from './host-source.js';

/** The part of systeminformation that is used. */
export interface SystemInformation {
  mem(): Promise<Pick<Systeminformation.MemData, 'active' | 'total'>>;
  fsStats(): Promise<Pick<Systeminformation.FsStatsData, 'rx' | 'wx'> | null>;
  networkStats(interfaces: string): Promise<readonly NetworkStats[]>;
}

type NetworkStats = Pick<Systeminformation.NetworkStatsData, 'iface' | 'rx_bytes' | 'tx_bytes'>;

/**
 * All systems but Linux: CPU from Node, the rest from systeminformation. Most of its calls start programs (on Linux 3
 * to 16 each), so it is read every ten seconds only.
 */
export class PortableSource implements HostSource {
  readonly intervalMs = 10_000;
  readonly #load: () => Promise<SystemInformation>;
  #loaded: Promise<SystemInformation> | null = null;

  /** `load` is called at the first reading, because the package costs 9 MB and 30 ms. */
  constructor(load: () => Promise<SystemInformation> = async () => (await import('systeminformation')).default) {
    this.#load = load;
  }

  async read(): Promise<HostReading> {
    this.#loaded ??= this.#load();
    const system = await this.#loaded;
    // One after the other: together they would be a burst of processes.
    const memory = await system.mem();
    const disks = await system.fsStats();
    const networks = await system.networkStats('*');
    return {
      ...cpuTimes(),
      memoryUsedBytes: memory.active,
      memoryTotalBytes: memory.total,
      cgroupLimits: 'none',
      disks: new Map(disks === null ? [] : [['all', disks.rx + disks.wx]]),
      networks: new Map(
        networks
          .filter(({ iface }) => !/^lo\d*$/.test(iface))
          .map(({ iface, rx_bytes, tx_bytes }) => [iface, rx_bytes + tx_bytes]),
      ),
    };
  }

  close(): void {}
}

function cpuTimes(): { cpuBusy: number; cpuTotal: number } {
  let [cpuBusy, cpuTotal] = [0, 0];
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    cpuBusy += busy;
    cpuTotal += busy + times.idle;
  }
  return { cpuBusy, cpuTotal };
}
