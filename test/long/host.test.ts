import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseCpu, parseDisks } from '@auralis/server/host/proc';
import { afterEach, describe, expect, test } from '@jest/globals';
import { HubProcess, ROOT } from '../harness/hub.js';
import { FakeNvidiaSmi, type Run } from '../harness/nvidia-smi.js';

type Row = Record<string, string | number | null>;
interface Page {
  items: Row[];
  total: number;
}

let hub: HubProcess;
let smi: FakeNvidiaSmi | undefined;
const burners: ChildProcess[] = [];
afterEach(async () => {
  for (const burner of burners.splice(0)) burner.kill('SIGKILL');
  await hub.stop();
  // No test leaves a process.
  const left = smi?.alive ?? [];
  smi?.remove();
  smi = undefined;
  expect(left).toEqual([]);
});

const gpus = async () => (await hub.get<Page>('/api/v1/gpus')).items;
const host = async () => (await hub.get<Page>('/api/v1/hosts')).items[0] as Row;
/** Return its log lines about GPUs: level (30 info, 40 warn) and message. */
const linesOfGpus = () =>
  hub.log
    .split('\n')
    .filter((line) => line.includes('nvidia-smi'))
    .map((line) => JSON.parse(line) as { level: number; msg: string });

async function until<Value>(what: string, look: () => Promise<Value | undefined | false>): Promise<Value> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not in time: ${what}\n${hub.log}`);
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('GPUs, of a program that plays what nvidia-smi writes', () => {
  const start = async (runs: readonly Run[], ...args: string[]) => {
    smi = new FakeNvidiaSmi(runs);
    hub = await HubProcess.start(args, smi.env);
    return smi;
  };
  const T4 = { id: 'GPU-5f1c2a90-7b3d-41e8-9c06-2d84aa10f3b7', name: 'Tesla T4', memory_used_mb: 4327, power_w: 38.4 };

  test('figures are right, from one process, which is gone when the hub is', async () => {
    const fake = await start([{ play: ['rtx-3090-pair-driver-470'] }]);
    await until('two GPUs', async () => (await gpus()).length === 2);
    expect(fake.starts.map(({ args }) => args)).toEqual(['-q -x -l 1']);
    const [first, second] = await gpus();
    expect(first).toMatchObject({
      uuid: 'GPU-a1370f5e-22c4-4b0a-8f19-6b9f0c7d5511',
      name: 'NVIDIA GeForce RTX 3090',
      memory_used_mb: 7810,
      memory_total_mb: 24_268,
      utilization_percent: 97,
      temperature_c: 71,
      power_w: 318.1,
      clock_mhz: 1785,
      memory_clock_mhz: 9501,
      encoder_sessions: 0,
      decoder_percent: 0,
      mig_devices: null,
    });
    expect(second).toMatchObject({ utilization_percent: 0, power_w: 24.7 });
    expect(fake.alive).toHaveLength(1);
    expect((await hub.stop()).code).toBe(0);
    expect(fake.alive).toEqual([]);
    expect(linesOfGpus()).toEqual([]);
  });

  test('one that dies is started again; it is said once', async () => {
    const fake = await start([{ play: ['h100-driver-550'], count: 2, ending: 'die' }, { play: ['t4-driver-450'] }]);
    await until('the second run', async () => (await gpus()).some(({ name }) => name === 'Tesla T4'));
    expect(await gpus()).toMatchObject([
      { state: 'lost', memory_used_mb: null },
      { ...T4, state: 'ok' },
    ]);
    expect(fake.starts).toHaveLength(2);
    expect(fake.alive).toHaveLength(1);
    expect(linesOfGpus()).toMatchObject([{ level: 40, msg: expect.stringContaining('nvidia-smi ended (code 9)') }]);
  });

  test('one that has no driver says why, once, and is tried less and less often', async () => {
    const says = 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.\n';
    const fake = await start([{ play: [], count: 0, ending: 'die', says }]);
    await until('the third run', async () => fake.starts.length === 3);
    expect(await gpus()).toEqual([]);
    expect(linesOfGpus()).toMatchObject([{ level: 40, msg: expect.stringContaining('code 9 NVIDIA-SMI has failed') }]);
    await hub.stop();
    expect(fake.alive).toEqual([]);
  });

  test('one that hangs is ended and started again; until then its readings are not shown as new', async () => {
    const fake = await start([{ play: ['h100-driver-575'], count: 1, ending: 'hang' }, { play: ['t4-driver-450'] }]);
    const [first] = await until('the first reading', async () => (await gpus()).length === 1 && (await gpus()));
    expect(first?.power_w).toBe(409.2);
    await until('its readings to go', async () => (await gpus())[0]?.power_w === null);
    await until('the second run', async () => (await gpus()).some(({ name }) => name === 'Tesla T4'));
    expect(fake.alive).toEqual([fake.starts[1]?.pid]);
    expect(linesOfGpus()).toMatchObject([{ level: 40, msg: expect.stringContaining('has said nothing for 10 s') }]);
  });

  test('halves of documents between whole ones do no harm', async () => {
    await start([{ play: ['a100-mig-driver-510', 't4-driver-450'], truncated: true }]);
    const seen = new Set<unknown>();
    await until('both', async () => {
      for (const row of await gpus())
        if (row.state === 'ok') seen.add(`${row.name} ${row.memory_used_mb} ${row.mig_devices}`);
      return seen.size >= 2;
    });
    expect([...seen].sort()).toEqual(['NVIDIA A100-SXM4-40GB 6040 2', 'Tesla T4 4327 null']);
    expect(linesOfGpus()).toEqual([]);
  });

  test('--gpu-interval-s: other intervals are passed on, 0 starts nothing', async () => {
    const fake = await start([{ play: ['t4-driver-450'] }], '--gpu-interval-s', '5');
    await until('a start', async () => fake.starts.length === 1);
    expect(fake.starts[0]?.args).toBe('-q -x -l 5');
    await hub.stop();
    hub = await HubProcess.start(['--gpu-interval-s', '0'], fake.env);
    await until('a reading of the host', async () => (await host()).cpu_percent !== null);
    expect(fake.starts).toHaveLength(1);
  });

  test('a hub that is killed leaves none behind: the next document finds nobody to read it', async () => {
    const fake = await start([{ play: ['t4-driver-450'] }]);
    await until('a reading', async () => (await gpus()).length === 1);
    expect(fake.alive).toHaveLength(1);
    await hub.stop('SIGKILL');
    await until('its end', async () => fake.alive.length === 0);
  });

  test('one that may not be started is as one that is not there', async () => {
    smi = new FakeNvidiaSmi([{ play: ['t4-driver-450'] }]);
    smi.forbid();
    hub = await HubProcess.start([], smi.env);
    await until('a line', async () => linesOfGpus().length === 1);
    await until('a reading of the host', async () => (await host()).cpu_percent !== null);
    expect(linesOfGpus()).toMatchObject([{ level: 30, msg: 'there is no nvidia-smi here: no GPU is read' }]);
    expect(smi.starts).toEqual([]);
  });

  test('without the program: one line, and all else goes on', async () => {
    hub = await HubProcess.start([], { PATH: '/nowhere' });
    await until('a reading of the host', async () => (await host()).cpu_percent !== null);
    expect(await gpus()).toEqual([]);
    expect(linesOfGpus()).toMatchObject([{ level: 30, msg: 'there is no nvidia-smi here: no GPU is read' }]);
  });
});

onLinux('the host under load', () => {
  const cpuNow = () => parseCpu(readFileSync('/proc/stat', 'utf8'));

  test('CPU and the hub’s own row, beside what the kernel says', async () => {
    const before = cpuNow();
    hub = await HubProcess.start(['--gpu-interval-s', '0']);
    for (const _ of cpus()) burners.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    // Less than the 30 s of the window: what the hub shows is of the same time as what is measured here.
    await new Promise((resolve) => setTimeout(resolve, 8000));
    const row = await host();
    const after = cpuNow();
    // Where these tests run in a container with a quota, the machine's figure is another one.
    if (row.cgroup_limits === 'none' || row.cgroup_limits === 'memory') {
      const expected = ((after.busy - before.busy) / (after.total - before.total)) * 100;
      expect(expected).toBeGreaterThan(40);
      expect(Math.abs((row.cpu_percent as number) - expected)).toBeLessThan(20);
    } else expect(row.cpu_percent).toBeGreaterThan(40);
    expect(row.process_memory_mb).toBeGreaterThan(20);
    expect(row.memory_used_mb).toBeLessThan(row.memory_total_mb as number);
    expect(row.network_mbps_per_client).toBeNull();
    const { avg_cpu_percent } = await hub.get<{ avg_cpu_percent: number }>('/api/v1/metrics');
    expect(avg_cpu_percent).toBeGreaterThan(0);
  });

  test('disk, beside what the kernel says', async () => {
    const disks = () => parseDisks(readFileSync('/proc/diskstats', 'utf8'));
    hub = await HubProcess.start(['--gpu-interval-s', '0']);
    await until('a rate', async () => (await host()).disk_mb_s !== null);
    const before = disks();
    const folder = mkdtempSync(join(ROOT, 'test/dist/disk-'));
    const file = openSync(join(folder, 'file'), 'w');
    const megabyte = Buffer.alloc(2 ** 20, 'load');
    for (let count = 0; count < 64; count++) writeSync(file, megabyte);
    fsyncSync(file);
    closeSync(file);
    rmSync(folder, { recursive: true });
    const written = Math.max(...[...disks()].map(([name, bytes]) => bytes - (before.get(name) ?? bytes)));
    if (written < 32e6) {
      process.stdout.write('skipped: this checkout is on no disk of this host\n');
      return;
    }
    // 5 s hold all of it for some seconds; others may write too.
    const least = written / 1e6 / 5 / 2;
    await until(`${least} MB/s`, async () => ((await host()).disk_mb_s as number) >= least);
  });
});
