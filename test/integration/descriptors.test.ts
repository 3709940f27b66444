import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { HubProcess, runCommand } from '../harness/hub.js';
import { besideNeighbours, expectUnharmed } from '../harness/neighbours.js';

const LIMIT = 200;
const LOW = { shell: `ulimit -n ${LIMIT}` };
const ATTACK_MS = 3_000;

let hub: HubProcess | null = null;
afterEach(() => hub?.stop());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens connections that say nothing, and as many again as are closed. */
class Silence {
  readonly #open = new Set<Socket>();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  get open(): number {
    return this.#open.size;
  }

  fill(count: number): void {
    while (this.#open.size < count) {
      const socket = connect(this.#port, '127.0.0.1');
      this.#open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#open.delete(socket));
      socket.resume();
    }
  }
}

test.each(['uws', 'ws'])(
  'a stranger on %s who takes every connection leaves the hub its descriptors',
  async (transport) => {
    const target = await HubProcess.start(['--transport', transport], {}, LOW);
    hub = target;
    const isUp = async () => {
      const response = await fetch(`${target.url}/healthz`).catch(() => null);
      await response?.text();
      return response?.status === 200;
    };
    let most = 0;
    const attack = async () => {
      const silence = new Silence(target.port);
      const end = performance.now() + ATTACK_MS;
      while (performance.now() < end) {
        silence.fill(2 * LIMIT);
        await sleep(20);
        most = Math.max(most, readdirSync(`/proc/${target.pid}/fd`).length);
      }
      // The hub closes them by itself, because they ask for nothing, and then it listens again.
      for (let tries = 0; silence.open > 0 && tries < 250; tries++) await sleep(100);
      expect(silence.open).toBe(0);
      for (let tries = 0; !(await isUp()) && tries < 50; tries++) await sleep(100);
    };
    expectUnharmed(await besideNeighbours(target.url, attack));
    expect(await isUp()).toBe(true);
    expect([most > LIMIT / 2, most <= LIMIT - 64]).toEqual([true, true]);
    expect(target.log).toContain('file descriptors nearly used up: not listening until connections close');
    expect(target.log).toContain('file descriptors: limit 200, but 13000 places for connections');
    expect(await target.get('/api/v1/hubs')).toMatchObject({ items: [{ errors: 0 }] });
  },
);

test('doctor warns of a limit that is too low, and of no other', async () => {
  const low = await runCommand(['doctor'], { AURALIS_PORT: '0' }, LOW);
  expect([low.code, low.output]).toEqual([0, expect.stringContaining('warn  file descriptors: limit 200, but 13000')]);
  const high = await runCommand(['doctor'], { AURALIS_PORT: '0' }, { shell: 'ulimit -n 14000' });
  expect([high.code, high.output]).toEqual([0, expect.stringContaining('ok    file descriptors: 14000\n')]);
});
