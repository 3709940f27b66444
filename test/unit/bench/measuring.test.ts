import { encodeResponse, OP } from '@auralis/shared';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startBoardFan } from '../../bench/board-fans.js';
import { type Fan, LAST_TICK_MS, startHubFan } from '../../bench/fans.js';
import { LiveReader } from '../../bench/load/live-frames.js';
import { Load, sleep } from '../../bench/load.js';
import { cpuDuring, residentBytes } from '../../bench/os-account.js';
import { textReports } from '../../bench/reports.js';
import { takeTurns } from '../../bench/rounds.js';
import { RefusedError } from '../../bench/scenario.js';

/** CPU and memory are read from `/proc`. */
const onLinux = process.platform === 'linux' ? describe : describe.skip;

/** Occupies this process. */
function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const fans: Fan[] = [];
let load: Load | null = null;
afterEach(async () => {
  await Promise.all([load?.stop(), ...fans.splice(0).map(({ server }) => server.stop())]);
  load = null;
});

onLinux('the account of the operating system', () => {
  test('is what a process used, and not how long it took', async () => {
    const before = process.cpuUsage();
    const { cpuNs, elapsedNs } = await cpuDuring([process.pid], async () => {
      work(200);
      await new Promise((resolve) => setTimeout(resolve, 400));
    });
    const { user, system } = process.cpuUsage(before);
    const [used = Number.NaN] = cpuNs;
    expect(elapsedNs).toBeGreaterThan(590e6);
    // Twice the kernel's own account, in two ways; the other threads of this process count in both.
    expect(Math.abs(used - (user + system) * 1000)).toBeLessThan(30e6);
    expect(residentBytes(process.pid) / process.memoryUsage.rss()).toBeCloseTo(1, 1);
  });
});

onLinux('rounds', () => {
  test('sides take turns, the order turns round, and the warm-up is not counted', async () => {
    const order: string[] = [];
    const side = (name: string, ms: number, items: number) => ({
      server: { name, pid: process.pid, port: 0, stop: async () => {} },
      work: async () => {
        order.push(name);
        work(ms);
        return { items, sent: [{ sent: 1, late: 1 }] };
      },
    });
    const sides = [side('a', 40, 10), side('b', 10, 10)];
    const costs = await takeTurns(sides, {
      load: { pid: process.pid } as Load,
      rounds: 3,
      idleMs: 20,
      progress: () => {},
    });
    expect(order.join('')).toBe('baabbaab');
    for (const { us, notes } of costs) {
      expect(us).toHaveLength(3);
      expect(notes).toEqual(['the load process was behind its schedule in 3 of 3 rounds']);
    }
  });
});

describe('frames of a dashboard', () => {
  const head = (message: Parameters<typeof encodeResponse>[0]) => encodeResponse(message, 'msgpack') as Uint8Array;
  const frame = (opcode: number, seq: number) =>
    Uint8Array.from([0x97, opcode, 0xce, 0, 0, 0, 1, 0xa3, 104, 64, 49, seq]);

  test('that follow each other are no gap; one that is missing is, and so is one that was skipped', () => {
    const reader = new LiveReader();
    const follows = [frame(OP.SNAPSHOT, 3), frame(OP.DELTA, 4), frame(OP.DELTA, 5)].map((bytes) =>
      reader.follows(bytes),
    );
    expect(follows).toEqual([true, true, true]);
    expect(reader.follows(frame(OP.DELTA, 7))).toBe(false);
    expect(reader.follows(frame(OP.DELTA, 8))).toBe(true);
    expect(reader.follows(head({ kind: 'behind', channel: 1, skipped: 1, behindMs: 250 }))).toBe(false);
    expect(reader.follows(head({ kind: 'pong', t: 1, now: 2 }))).toBe(true);
  });
});

onLinux('there is no figure', () => {
  test('of a peer that sends a dashboard less than it says', async () => {
    load = new Load();
    for (const module of ['ws-json', '../../unit/bench/lossy-peer']) {
      const fan = await startBoardFan(load, { name: module, module, path: '/' });
      fans.push(fan);
      await fan.setDashboards(5);
      const { items } = await fan.turn(1);
      expect(items).toBeGreaterThan(5);
    }
    const [sound, lossy] = fans as [Fan, Fan];
    await expect(sound.check()).resolves.toBeUndefined();
    await expect(lossy.check()).rejects.toThrow(RefusedError);
  });

  test('of a hub that took other reports than were sent', async () => {
    load = new Load();
    const hub = await startHubFan(load, true);
    fans.push(hub);
    await hub.setDashboards(5);
    await hub.turn(1);
    await expect(hub.check()).resolves.toBeUndefined();
    // A process that the benchmark's account does not have.
    await load.send({ group: `${hub.name}: listeners`, frames: textReports('full'), perSecond: 1, seconds: 1 });
    await sleep(LAST_TICK_MS);
    await expect(hub.check()).rejects.toThrow(/the hub took 51 of 50 reports/);
  });
});
