import type { OpenFiles } from './open-files.js';

/** CPU of a cgroup: `cores` of its quota. `usedMs`, of all cores together, counts up. */
export interface CgroupCpu {
  readonly cores: number;
  readonly usedMs: number;
}

export interface CgroupMemory {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/**
 * What a container may use: its own cgroup is the root of what it sees of `/sys/fs/cgroup`. On a machine, that is the
 * root of all, which has no limits. Limits may change while the hub runs, so they are read each time.
 */
export class Cgroup {
  readonly #files: OpenFiles;
  readonly #cpu: () => CgroupCpu | null;
  readonly #memory: () => CgroupMemory | null;

  constructor(files: OpenFiles) {
    this.#files = files;
    // Files of a controller are there from the start of a container, or never.
    this.#cpu = this.#firstOf(
      [['cpu.max', 'cpu.stat'], () => this.#cpuOfV2()],
      [['cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us', 'cpuacct/cpuacct.usage'], () => this.#cpuOfV1()],
    );
    this.#memory = this.#firstOf(
      [['memory.max', 'memory.current', 'memory.stat'], () => this.#memoryOfV2()],
      [
        ['memory/memory.limit_in_bytes', 'memory/memory.usage_in_bytes', 'memory/memory.stat'],
        () => this.#memoryOfV1(),
      ],
    );
  }

  /** Return null where no cgroup limits the CPU. */
  cpu(): CgroupCpu | null {
    return this.#cpu();
  }

  /** Return null where no cgroup limits the memory. */
  memory(): CgroupMemory | null {
    return this.#memory();
  }

  #firstOf<Reading>(
    ...versions: readonly [files: readonly string[], read: () => Reading | null][]
  ): () => Reading | null {
    const found = versions.find(([files]) => files.every((name) => this.#files.has(pathOf(name))));
    return found?.[1] ?? (() => null);
  }

  #cpuOfV2(): CgroupCpu | null {
    const [quota = '', period = ''] = this.#text('cpu.max').split(' ');
    if (quota === 'max') return null;
    const usedMs = fieldOf(this.#text('cpu.stat'), 'usage_usec') / 1000;
    return { cores: Number(quota) / Number(period), usedMs };
  }

  #cpuOfV1(): CgroupCpu | null {
    const quota = this.#text('cpu/cpu.cfs_quota_us');
    if (quota === '-1') return null;
    const usedMs = Number(this.#text('cpuacct/cpuacct.usage')) / 1e6;
    return { cores: Number(quota) / Number(this.#text('cpu/cpu.cfs_period_us')), usedMs };
  }

  #memoryOfV2(): CgroupMemory | null {
    const limit = this.#text('memory.max');
    if (limit === 'max') return null;
    const cache = fieldOf(this.#text('memory.stat'), 'inactive_file');
    return memoryOf(limit, this.#text('memory.current'), cache);
  }

  #memoryOfV1(): CgroupMemory | null {
    const limit = this.#text('memory/memory.limit_in_bytes');
    if (Number(limit) > Number.MAX_SAFE_INTEGER) return null;
    const cache = fieldOf(this.#text('memory/memory.stat'), 'total_inactive_file');
    return memoryOf(limit, this.#text('memory/memory.usage_in_bytes'), cache);
  }

  #text(name: string): string {
    return this.#files.text(pathOf(name)).trim();
  }
}

const pathOf = (name: string) => `/sys/fs/cgroup/${name}`;

/** As `docker stats` has it: file pages that nobody used lately could be given to a program, so they are not used. */
function memoryOf(limit: string, current: string, cache: number): CgroupMemory {
  return { usedBytes: Math.max(0, Number(current) - cache), limitBytes: Number(limit) };
}

/** Return a number of a file of lines `name number`; NaN where it is missing. */
function fieldOf(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? Number.NaN : Number(line.slice(name.length));
}
