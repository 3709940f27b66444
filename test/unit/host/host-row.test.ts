import { HostRow } from '@auralis/server/host/host-row';
import type { HostReading } from '@auralis/server/host/host-source';
import { createTables } from '@auralis/server/state/tables';
import { SCHEMAS, VALUES } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';

type Column = keyof typeof SCHEMAS.hosts.index;

/** A host that is read once a second, by what its counters rise by in each. */
class World {
  readonly #hosts = createTables().hosts;
  readonly #row = new HostRow(this.#hosts, 'box');
  #at = 5_000;
  #cpu = { busy: 1e7, total: 5e7 };
  #disk = 9e12;
  #network = 8e12;
  #own = 12_345;

  second(rise: { busy?: number; disk?: number; network?: number; own?: number }, listeners = 4): void {
    this.#at += 1000;
    this.#cpu = { busy: this.#cpu.busy + (rise.busy ?? 0), total: this.#cpu.total + 200 };
    this.#disk += rise.disk ?? 0;
    this.#network += rise.network ?? 0;
    this.#own += rise.own ?? 0;
    const reading: HostReading = {
      cpuBusy: this.#cpu.busy,
      cpuTotal: this.#cpu.total,
      memoryUsedBytes: 3 * 2 ** 30,
      memoryTotalBytes: 8 * 2 ** 30,
      cgroupLimits: 'memory',
      disks: new Map([['nvme0n1', this.#disk]]),
      networks: new Map([['eth0', this.#network]]),
    };
    this.#row.write(reading, { memoryBytes: 80.5 * 2 ** 20, cpuMs: this.#own }, listeners, this.#at);
  }

  /** The host starts again, or its driver does. */
  reset(): void {
    this.#cpu = { busy: 0, total: 0 };
    this.#disk = 0;
    this.#network = 0;
  }

  clear(): void {
    this.#row.clear();
  }

  get(column: Column): number {
    return this.#hosts.get(this.#hosts.slotOf('box') as number, SCHEMAS.hosts.index[column]);
  }
}

const RATES: Column[] = ['cpu_percent', 'disk_mb_s', 'network_mbps', 'network_mbps_per_client', 'process_cpu_percent'];

test('the first second has states and no rates', () => {
  const world = new World();
  world.second({ busy: 200, disk: 1e9, network: 1e9 });
  for (const column of RATES) expect(world.get(column)).toBeNaN();
  expect(world.get('memory_used_mb')).toBe(3072);
  expect(world.get('memory_total_mb')).toBe(8192);
  expect(world.get('cgroup_limits')).toBe(VALUES.hosts.cgroup_limits.memory);
  expect(world.get('process_memory_mb')).toBe(80.5);
});

test('rates in their units', () => {
  const world = new World();
  for (let second = 0; second < 10; second++) {
    world.second({ busy: 50, disk: 12_500_000, network: 1_250_000, own: 30 }, 4);
  }
  expect(world.get('cpu_percent')).toBe(25);
  expect(world.get('disk_mb_s')).toBe(12.5);
  expect(world.get('network_mbps')).toBe(10);
  expect(world.get('network_mbps_per_client')).toBe(2.5);
  expect(world.get('process_cpu_percent')).toBe(3);
});

test('CPU is over 30 s: ten busy seconds are a third, and are forgotten thirty seconds later', () => {
  const world = new World();
  for (let second = 0; second < 60; second++) world.second({});
  for (let second = 0; second < 10; second++) world.second({ busy: 200 });
  expect(world.get('cpu_percent')).toBeCloseTo(33.3, 1);
  for (let second = 0; second < 29; second++) world.second({});
  expect(world.get('cpu_percent')).toBeCloseTo(3.3, 1);
  world.second({});
  expect(world.get('cpu_percent')).toBe(0);
});

test('counters that start anew are no spike', () => {
  const world = new World();
  for (let second = 0; second < 10; second++) world.second({ busy: 20, disk: 1e6, network: 1e6 });
  world.reset();
  let worst = 0;
  for (let second = 0; second < 10; second++) {
    world.second({ busy: 20, disk: 1e6, network: 1e6 });
    for (const column of ['cpu_percent', 'disk_mb_s', 'network_mbps'] as const) {
      const value = world.get(column);
      expect(value).not.toBeLessThan(0);
      if (value > worst) worst = value;
    }
  }
  expect(worst).toBe(10);
  expect(world.get('disk_mb_s')).toBe(1);
});

describe('missing is not zero', () => {
  test('nobody listens: the network is not shared by anyone', () => {
    const world = new World();
    for (let second = 0; second < 3; second++) world.second({ network: 1e6 }, 0);
    expect(world.get('network_mbps')).toBe(8);
    expect(world.get('network_mbps_per_client')).toBeNaN();
  });

  test('a host that cannot be read any more', () => {
    const world = new World();
    for (let second = 0; second < 3; second++) world.second({ busy: 1 });
    world.clear();
    for (const column of Object.keys(SCHEMAS.hosts.index) as Column[]) expect(world.get(column)).toBeNaN();
  });
});
