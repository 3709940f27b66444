import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxSource } from '@auralis/server/host/linux-source';
import { parseCpu, parseDisks, parseMemory, parseNetworks } from '@auralis/server/host/proc';
import { afterAll, describe, expect, test } from '@jest/globals';

const STAT =
  'cpu  213092 3603 40595 719597 1139 7 2301 107 50 0\ncpu0 104543 1780 20057 362413 184 0 1069 45 0 0\nintr 0\n';
const MEMINFO =
  'MemTotal:       24684744 kB\nMemFree:        19000000 kB\nMemAvailable:   21000000 kB\nBuffers:  1 kB\n';
const DISKSTATS = [
  '   7       0 loop0 11 0 28 3 0 0 0 0 0 4 3 0 0 0 0 0 0',
  ' 259       0 nvme0n1 193595 40368 9628930 77208 63870 51308 4355704 22283 0 22512 104926 24170 80 564408 2897',
  ' 259       1 nvme0n1p1 193000 40368 9628000 77208 63870 51308 4355704 22283 0 22512 104926',
  ' 253       0 dm-0 193595 0 9628930 1 63870 0 4355704 1 0 1 1',
  ' 104       0 cciss/c0d0 1 0 10 1 1 0 20 1 0 1 1',
  ' 259       3 nvme0c0n1 1 0 7 1 1 0 7 1 0 1 1',
  '',
].join('\n');
const NET_DEV = [
  'Inter-|   Receive                                                |  Transmit',
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
  '    lo: 20284969522 7509177    0    0    0     0          0         0 20284969522 7509177    0    0    0     0       0          0',
  '  eth0:584677343   19283    0    0    0     0          0         0  1290410   13725    0    0    0     0       0          0',
  'docker0: 1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0',
  'veth1:1: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0',
  '',
].join('\n');

describe('the text of /proc', () => {
  test('CPU: busy is all but idle and iowait; guests are within user', () => {
    const busy = 213_092 + 3603 + 40_595 + 7 + 2301 + 107;
    expect(parseCpu(STAT)).toEqual({ busy, total: busy + 719_597 + 1139 });
  });

  test('CPU of an old kernel, and of none', () => {
    expect(parseCpu('cpu  10 1 5 100\n')).toEqual({ busy: 16, total: 116 });
    expect(parseCpu('')).toEqual({ busy: Number.NaN, total: Number.NaN });
  });

  test('memory: what could be given to a program is not used', () => {
    expect(parseMemory(MEMINFO)).toEqual({ used: 3_684_744 * 1024, total: 24_684_744 * 1024 });
    expect(parseMemory('').used).toBeNaN();
  });

  test('disks: sectors of 512 bytes, read and written', () => {
    expect(parseDisks(DISKSTATS).get('nvme0n1')).toBe((9_628_930 + 4_355_704) * 512);
    expect(parseDisks('nonsense\n').size).toBe(0);
  });

  test('networks: both directions, without loopback; a count may touch the colon, a name may hold one', () => {
    expect([...parseNetworks(NET_DEV)]).toEqual([
      ['eth0', 584_677_343 + 1_290_410],
      ['docker0', 3000],
      ['veth1:1', 11],
    ]);
  });
});

describe('LinuxSource', () => {
  const root = mkdtempSync(join(tmpdir(), 'auralis-proc-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const put = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const device = (path: string) => mkdirSync(join(root, 'sys', path, 'device'), { recursive: true });
  put('proc/stat', STAT);
  put('proc/meminfo', MEMINFO);
  put('proc/diskstats', DISKSTATS);
  put('proc/net/dev', NET_DEV);

  test('in a container, what there is of interfaces counts; of disks, nothing is known', () => {
    const reading = new LinuxSource(root).read();
    expect([...reading.networks.keys()]).toEqual(['eth0', 'docker0', 'veth1:1']);
    expect(reading.disks.size).toBe(0);
  });

  test('hardware counts, and not what is built on it', () => {
    for (const name of ['block/nvme0n1', 'block/cciss!c0d0', 'block/nvme0c0n1', 'class/net/eth0']) device(name);
    const source = new LinuxSource(root);
    const reading = source.read();
    expect([...reading.disks.keys()]).toEqual(['nvme0n1', 'cciss/c0d0']);
    expect([...reading.networks.keys()]).toEqual(['eth0']);
    source.close();
  });

  test('a file that cannot be read is an error, not a zero', () => {
    expect(() => new LinuxSource('/nowhere').read()).toThrow('/nowhere/proc/stat');
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;

  onLinux('on this host: what other programs read, too', () => {
    const source = new LinuxSource();
    const { memoryTotalBytes, memoryUsedBytes, cgroupLimits, networks } = source.read();
    const [, total] = /^Mem: +(\d+)/m.exec(execFileSync('free', ['-b'], { encoding: 'utf8' })) ?? [];
    const isMachines = cgroupLimits === 'none' || cgroupLimits === 'cpu';
    expect([isMachines, memoryTotalBytes === Number(total)]).toEqual([isMachines, isMachines]);
    expect(memoryUsedBytes).toBeGreaterThan(0);
    expect(memoryUsedBytes).toBeLessThan(memoryTotalBytes);
    expect(networks.has('lo')).toBe(false);
    source.close();
  });

  onLinux('the files that stay open are read anew each time', async () => {
    const source = new LinuxSource();
    const before = source.read();
    const until = performance.now() + 200;
    while (performance.now() < until);
    const after = source.read();
    expect(after.cpuTotal).toBeGreaterThan(before.cpuTotal);
    expect(after.cpuBusy).toBeGreaterThan(before.cpuBusy);
    source.close();
  });
});
