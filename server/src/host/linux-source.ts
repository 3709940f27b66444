import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import type { HostReading, HostSource } from './host-source.js';
import { parseCpu, parseDisks, parseMemory, parseNetworks } from './proc.js';

/** Files of /proc are made as they are read, most in pages of 4 KiB. Larger files are read up to their first line. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Reads /proc without a fork and without a thread: four files that stay open, some tens of µs in all. The kernel
 * makes them from memory, so reading in place blocks the hub less than waiting for a thread.
 */
export class LinuxSource implements HostSource {
  readonly intervalMs = 1000;
  readonly #root: string;
  readonly #files = new Map<string, number>();
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #disks: RealDevices;
  readonly #networks: RealDevices;

  /** `root`: parent of `proc` and `sys`. */
  constructor(root = '') {
    this.#root = root;
    this.#disks = new RealDevices(`${root}/sys/block`);
    this.#networks = new RealDevices(`${root}/sys/class/net`);
  }

  read(): HostReading {
    const cpu = parseCpu(this.#text('stat'));
    const memory = parseMemory(this.#text('meminfo'));
    const networks = parseNetworks(this.#text('net/dev'));
    const real = this.#networks.among(networks);
    return {
      cpuBusy: cpu.busy,
      cpuTotal: cpu.total,
      memoryUsedBytes: memory.used,
      memoryTotalBytes: memory.total,
      disks: this.#disks.among(parseDisks(this.#text('diskstats'))),
      // A container has no hardware interface of its own, so the ones it has count.
      networks: real.size > 0 ? real : networks,
    };
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #text(name: string): string {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = openSync(`${this.#root}/proc/${name}`, 'r');
      this.#files.set(name, file);
    }
    let length = 0;
    while (length < BUFFER_BYTES) {
      const read = readSync(file, this.#buffer, length, BUFFER_BYTES - length, length);
      if (read === 0) break;
      length += read;
    }
    return this.#buffer.toString('latin1', 0, length);
  }
}

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
