const SECTOR_BYTES = 512;

/**
 * Read the first line of /proc/stat, in ticks (proc(5)). Busy is everything but idle and iowait, as in psutil. Guest
 * time is part of user time already.
 */
export function parseCpu(stat: string): { busy: number; total: number } {
  const found = /^cpu +([\d ]+)/.exec(stat)?.[1];
  if (found === undefined) return { busy: Number.NaN, total: Number.NaN };
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = found
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, total: busy + idle + iowait };
}

/** Return how many CPUs /proc/stat has lines of. */
export function countCpus(stat: string): number {
  return stat.match(/^cpu\d+ /gm)?.length ?? 0;
}

/**
 * Read /proc/meminfo, in bytes. Used memory could not be given to a new program; caches that can be dropped are free.
 */
export function parseMemory(meminfo: string): { used: number; total: number } {
  const lines = meminfo.split('\n');
  const field = (name: string) => {
    const line = lines.find((each) => each.startsWith(`${name}:`));
    return Number(/^\w+: +(\d+) kB/.exec(line ?? '')?.[1]) * 1024;
  };
  const total = field('MemTotal');
  return { used: total - field('MemAvailable'), total };
}

/** Read /proc/diskstats: bytes read and written by name, with partitions, loops and what lies on top of disks. */
export function parseDisks(diskstats: string): Map<string, number> {
  const disks = new Map<string, number>();
  for (const line of diskstats.split('\n')) {
    const fields = line.trim().split(/ +/);
    const [name, read, written] = [fields[2], Number(fields[5]), Number(fields[9])];
    if (name !== undefined && read + written >= 0) disks.set(name, (read + written) * SECTOR_BYTES);
  }
  return disks;
}

/** Read /proc/net/dev: bytes received and sent, by interface, without loopback. */
export function parseNetworks(dev: string): Map<string, number> {
  const networks = new Map<string, number>();
  for (const line of dev.split('\n')) {
    // A long count may follow the colon without a space.
    const [name, counts] = [line.slice(0, line.lastIndexOf(':')).trim(), line.slice(line.lastIndexOf(':') + 1)];
    const fields = counts.trim().split(/ +/);
    const bytes = Number(fields[0]) + Number(fields[8]);
    if (name !== '' && name !== 'lo' && bytes >= 0) networks.set(name, bytes);
  }
  return networks;
}
