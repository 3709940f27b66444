import type { VALUES } from '@auralis/shared';

/**
 * Counters of a host. Bytes and ticks count up from any point in the past, so only differences mean something. NaN,
 * or a map without an entry, if the host does not say.
 */
export interface HostReading {
  /** CPU time spent working, and in all, of all cores together. Any unit, the same for both. */
  readonly cpuBusy: number;
  readonly cpuTotal: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  /** Which of CPU and memory are those of a container's cgroup, because it limits them. */
  readonly cgroupLimits: keyof typeof VALUES.hosts.cgroup_limits;
  /** Bytes read and written by each disk. */
  readonly disks: ReadonlyMap<string, number>;
  /** Bytes received and sent by each network interface. */
  readonly networks: ReadonlyMap<string, number>;
}

/** Source of readings of the host. */
export interface HostSource {
  /** Least time between two readings, by what one costs. */
  readonly intervalMs: number;
  /** Never called before the last call has ended. Rejects or throws if the host cannot be read. */
  read(): HostReading | Promise<HostReading>;
  close(): void;
}
