import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HostRow } from '@auralis/server/host/host-row';
import { LinuxSource } from '@auralis/server/host/linux-source';
import { createTables } from '@auralis/server/state/tables';
import { SCHEMAS, VALUES } from '@auralis/shared';
import { afterEach, describe, expect, test } from '@jest/globals';

const MIB = 2 ** 20;
const NONE_OF_V1 = '9223372036854771712';
const MACHINE = {
  'proc/stat': 'cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 0 1 4 0\ncpu1 1 0 1 4 0\ncpu2 1 0 1 4 0\ncpu3 1 0 1 4 0\n',
  'proc/meminfo': `MemTotal: ${(8192 * MIB) / 1024} kB\nMemAvailable: ${(6144 * MIB) / 1024} kB\n`,
  'proc/diskstats': '',
  'proc/net/dev': '',
};

/** A machine with four CPUs and 8 GiB, a container on it, and its row in `hosts`. */
class Container {
  readonly #root = mkdtempSync(join(tmpdir(), 'auralis-cgroup-'));
  readonly #hosts = createTables().hosts;
  readonly #row = new HostRow(this.#hosts, 'box');
  readonly #source: LinuxSource;
  #at = 1_000;

  constructor(cgroup: Readonly<Record<string, string>>) {
    this.put(MACHINE);
    this.limit(cgroup);
    this.#source = new LinuxSource(this.#root, () => this.#at);
  }

  put(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.#root, path)), { recursive: true });
      writeFileSync(join(this.#root, path), text);
    }
  }

  limit(files: Readonly<Record<string, string>>): void {
    this.put(Object.fromEntries(Object.entries(files).map(([name, text]) => [`sys/fs/cgroup/${name}`, text])));
  }

  /** A second passes, and the host is read. Return its row. */
  second() {
    this.#at += 1_000;
    this.#row.write(this.#source.read(), { memoryBytes: 0, cpuMs: 0 }, 0, this.#at);
    const slot = this.#hosts.slotOf('box') as number;
    const { index } = SCHEMAS.hosts;
    const limits = this.#hosts.get(slot, index.cgroup_limits);
    return {
      limits: Object.entries(VALUES.hosts.cgroup_limits).find(([, value]) => value === limits)?.[0],
      cpu: this.#hosts.get(slot, index.cpu_percent),
      used: this.#hosts.get(slot, index.memory_used_mb),
      total: this.#hosts.get(slot, index.memory_total_mb),
    };
  }

  remove(): void {
    this.#source.close();
    rmSync(this.#root, { recursive: true });
  }
}

let container: Container;
const start = (cgroup: Readonly<Record<string, string>>) => {
  container = new Container(cgroup);
  return container;
};
afterEach(() => container.remove());

/** The machine works for 40 of 1000 ticks in the second. */
const MACHINE_4_PERCENT = { 'proc/stat': MACHINE['proc/stat'].replace('100 0 100 800', '120 0 120 1760') };

const v2 = (usedMs: number) => ({
  'cpu.stat': `usage_usec ${usedMs * 1000}\nuser_usec 7\nsystem_usec 7\nnr_periods 0\n`,
  'memory.current': `${300 * MIB}\n`,
  'memory.stat': `anon 1\nfile 2\ninactive_anon 3\nactive_anon 4\ninactive_file ${100 * MIB}\nactive_file 5\n`,
});
const v1 = (usedMs: number) => ({
  'cpuacct/cpuacct.usage': `${usedMs * 1e6}\n`,
  'cpu/cpu.cfs_period_us': '50000\n',
  'memory/memory.usage_in_bytes': `${300 * MIB}\n`,
  'memory/memory.stat': `cache 1\ninactive_file ${7 * MIB}\ntotal_inactive_file ${100 * MIB}\n`,
});

describe.each([
  {
    version: 'version 2',
    usage: v2,
    limits: { 'cpu.max': '200000 100000\n', 'memory.max': `${512 * MIB}\n` },
    none: { 'cpu.max': 'max 100000\n', 'memory.max': 'max\n' },
  },
  {
    version: 'version 1',
    usage: v1,
    limits: { 'cpu/cpu.cfs_quota_us': '100000\n', 'memory/memory.limit_in_bytes': `${512 * MIB}\n` },
    none: { 'cpu/cpu.cfs_quota_us': '-1\n', 'memory/memory.limit_in_bytes': `${NONE_OF_V1}\n` },
  },
])('cgroup of $version', ({ usage, limits, none }) => {
  const [cpuLimit, memoryLimit] = Object.entries(limits).map(([name, text]) => ({ [name]: text }));

  test('CPU is of two cores of quota, memory of the limit, without pages that can be dropped', () => {
    start({ ...usage(5_000), ...limits });
    expect(container.second()).toEqual({ limits: 'both', cpu: Number.NaN, used: 200, total: 512 });
    container.put(MACHINE_4_PERCENT);
    container.limit(usage(6_500));
    expect(container.second()).toEqual({ limits: 'both', cpu: 75, used: 200, total: 512 });
  });

  test('without limits both are the machine’s', () => {
    start({ ...usage(5_000), ...none });
    container.second();
    container.put(MACHINE_4_PERCENT);
    container.limit(usage(6_500));
    expect(container.second()).toEqual({ limits: 'none', cpu: 4, used: 2048, total: 8192 });
  });

  test('each has its own limit', () => {
    start({ ...usage(0), ...none, ...cpuLimit });
    expect(container.second()).toMatchObject({ limits: 'cpu', used: 2048, total: 8192 });
    container.limit({ ...none, ...memoryLimit });
    expect(container.second()).toMatchObject({ limits: 'memory', used: 200, total: 512 });
  });

  test('another quota, or none, makes no spike: what was counted before is forgotten', () => {
    start({ ...usage(0), ...limits });
    container.second();
    container.limit(usage(1_000));
    expect(container.second().cpu).toBe(50);
    container.limit(none);
    expect(container.second()).toMatchObject({ limits: 'none', cpu: Number.NaN });
    container.second();
    container.put(MACHINE_4_PERCENT);
    expect(container.second().cpu).toBe(4);
    container.limit({ ...limits, ...usage(9_000) });
    expect(container.second().cpu).toBeNaN();
    container.second();
    container.limit(usage(9_200));
    expect(container.second().cpu).toBe(10);
  });
});

test('limits above what the machine has limit nothing', () => {
  start({ ...v2(0), 'cpu.max': '400000 100000\n', 'memory.max': `${9000 * MIB}\n` });
  expect(container.second()).toMatchObject({ limits: 'none', used: 2048, total: 8192 });
});

test('a quota without its account is as none', () => {
  start({ 'cpu.max': '100000 100000\n' });
  expect(container.second()).toMatchObject({ limits: 'none', total: 8192 });
});
