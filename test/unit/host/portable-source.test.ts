import { PortableSource } from '@auralis/server/host/portable-source';
import { expect, test } from '@jest/globals';

const answers = (disks: { rx: number; wx: number } | null) => ({
  mem: async () => ({ active: 3e9, total: 8e9 }),
  fsStats: async () => disks,
  networkStats: async () => [
    { iface: 'lo0', rx_bytes: 1e12, tx_bytes: 1e12 },
    { iface: 'en0', rx_bytes: 700, tx_bytes: 77 },
  ],
});

test('what systeminformation says, in the terms of a reading', async () => {
  const source = new PortableSource(async () => answers({ rx: 1000, wx: 24 }));
  const reading = await source.read();
  expect(reading).toMatchObject({ memoryUsedBytes: 3e9, memoryTotalBytes: 8e9 });
  expect(reading.disks).toEqual(new Map([['all', 1024]]));
  expect(reading.networks).toEqual(new Map([['en0', 777]]));
  expect(reading.cpuTotal).toBeGreaterThan(reading.cpuBusy);
});

test('where there are no figures of disks, nothing is known of them', async () => {
  expect((await new PortableSource(async () => answers(null)).read()).disks.size).toBe(0);
});

test('the package itself has these calls, and they answer here', async () => {
  const reading = await new PortableSource().read();
  expect(reading.memoryTotalBytes).toBeGreaterThan(reading.memoryUsedBytes);
  expect(reading.cpuBusy).toBeGreaterThan(0);
});
