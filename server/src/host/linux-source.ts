import { existsSync } from 'node:fs';
import { Cgroup } from './cgroup.js';
import type { HostReading, HostSource } from './host-source.js';
import { OpenFiles } from './open-files.js';
import { countCpus, parseCpu, parseDisks, parseMemory, parseNetworks } from './proc.js';

/**
 * Reads /proc without a fork and without a thread: four files that stay open, some tens of µs in all. The kernel
 * makes them from memory, so reading in place blocks the hub less than waiting for a thread. In a container with
 * limits, CPU and memory are those of its cgroup.
 */
export class LinuxSource implements HostSource {
  readonly intervalMs = 1000;
  readonly #files: OpenFiles;
  readonly #cgroup: Cgroup;
  readonly #disks: RealDevices;
  readonly #networks: RealDevices;
  readonly #now: () => number;
  /** The quota that the CPU was last compared with; Infinity is the whole machine. */
  #cores: number | null = null;

  /** `root`: parent of `proc` and `sys`. `now`: ms that only rise. */
  constructor(root = '', now = () => performance.now()) {
    this.#files = new OpenFiles(root);
    this.#cgroup = new Cgroup(this.#files);
    this.#disks = new RealDevices(`${root}/sys/block`);
    this.#networks = new RealDevices(`${root}/sys/class/net`);
    this.#now = now;
  }

  read(): HostReading {
    const cpu = this.#cpu(this.#files.text('/proc/stat'));
    const memory = this.#memory(this.#files.text('/proc/meminfo'));
    const networks = parseNetworks(this.#files.text('/proc/net/dev'));
    const real = this.#networks.among(networks);
    return {
      cpuBusy: cpu.busy,
      cpuTotal: cpu.total,
      memoryUsedBytes: memory.used,
      memoryTotalBytes: memory.total,
      cgroupLimits: cpu.isCgroup ? (memory.isCgroup ? 'both' : 'cpu') : memory.isCgroup ? 'memory' : 'none',
      disks: this.#disks.among(parseDisks(this.#files.text('/proc/diskstats'))),
      // A container has no hardware interface of its own, so the ones it has count.
      networks: real.size > 0 ? real : networks,
    };
  }

  close(): void {
    this.#files.close();
  }

  /** A quota of all cores and more limits nothing. */
  #cpu(stat: string): { busy: number; total: number; isCgroup: boolean } {
    const cgroup = this.#cgroup.cpu();
    const isCgroup = cgroup !== null && cgroup.cores < countCpus(stat);
    const cores = isCgroup ? cgroup.cores : Number.POSITIVE_INFINITY;
    const counters = isCgroup ? { busy: cgroup.usedMs, total: this.#now() * cores } : parseCpu(stat);
    const isOther = this.#cores !== null && this.#cores !== cores;
    this.#cores = cores;
    // Counts against another quota are to be forgotten.
    return { ...(isOther ? UNKNOWN_CPU : counters), isCgroup };
  }

  /** A limit above the memory of the machine limits nothing; version 1 writes no limit as such a one. */
  #memory(meminfo: string): { used: number; total: number; isCgroup: boolean } {
    const machine = parseMemory(meminfo);
    const cgroup = this.#cgroup.memory();
    if (cgroup === null || cgroup.limitBytes >= machine.total) return { ...machine, isCgroup: false };
    return { used: cgroup.usedBytes, total: cgroup.limitBytes, isCgroup: true };
  }
}

const UNKNOWN_CPU = { busy: Number.NaN, total: Number.NaN };

/**
 * Tells hardware from what is built on it. A byte that crosses a partition, a RAID, a bridge or a VLAN is counted
 * there and again by the disk or card below. Only the latter count.
 */
class RealDevices {
  readonly #directory: string;
  /** Whether each present device is hardware. Names that left are dropped: each container brings a new one. */
  #known = new Map<string, boolean>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  among(all: ReadonlyMap<string, number>): Map<string, number> {
    const known = new Map<string, boolean>();
    const real = new Map<string, number>();
    for (const [name, count] of all) {
      const isReal = this.#known.get(name) ?? this.#isReal(name);
      known.set(name, isReal);
      if (isReal) real.set(name, count);
    }
    this.#known = known;
    return real;
  }

  #isReal(name: string): boolean {
    // One of several paths to an NVMe disk that also has its own name.
    if (/^nvme\d+c\d+n\d+$/.test(name)) return false;
    return existsSync(`${this.#directory}/${name.replaceAll('/', '!')}/device`);
  }
}
