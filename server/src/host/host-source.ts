/**
 * What a host's counters stand at. Bytes and ticks count up from some point in the past and mean nothing but by their
 * difference; NaN, or a map without an entry, where the host does not say.
 */
export interface HostReading {
  /** CPU time spent working, and in all, of all cores together: in any unit, the same for both. */
  readonly cpuBusy: number;
  readonly cpuTotal: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  /** Bytes read and written by each disk. */
  readonly disks: ReadonlyMap<string, number>;
  /** Bytes received and sent by each network interface. */
  readonly networks: ReadonlyMap<string, number>;
}

/** Where readings of the host come from. */
export interface HostSource {
  /** How often it may be read: what it costs decides. */
  readonly intervalMs: number;
  /** Never called again before its answer is there. Rejects, or throws, where the host cannot be read. */
  read(): HostReading | Promise<HostReading>;
  close(): void;
}
