import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Store } from '@auralis/server/store/store';
import { expect } from '@jest/globals';
import { newDataDir, ROOT } from './hub.js';
import { randomFrom } from './random.js';

/**
 * Kills a process that writes as fast as it can, `rounds` times: what was confirmed is there, and nothing is half
 * there.
 */
export async function testKilledStores(rounds: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const dir = newDataDir();
  let confirmed = 0;
  for (let round = 0; round < rounds; round++) {
    const child = spawn(process.execPath, [`${ROOT}test/dist/harness/store-writer.js`, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const gone = once(child, 'close');
    child.stdout.on('data', (piece: Buffer) => (output += piece.toString()));
    while (!/\n\d{2,}\n/.test(output)) await sleep(5);
    if (round === 0) {
      await expect(Store.open(dir)).rejects.toThrow(`is held by the hub with process id ${child.pid}`);
    }
    await sleep(random() * 100);
    child.kill('SIGKILL');
    await gone;

    const store = await Store.open(dir);
    const left = store.database<number>('left').get('n');
    const said = Number(/(\d+)\n[^\n]*$/.exec(output)?.[1]);
    expect([round, left]).toEqual([round, expect.any(Number)]);
    expect(left).toBeGreaterThanOrEqual(said);
    expect(store.database('right').get('n')).toBe(left);
    const fillers = store.database<string>('fillers').entriesOf('filler');
    expect(new Set(Array.from(fillers, ({ value }) => Number.parseInt(value, 10)))).toEqual(new Set([left]));
    expect([store.damages, store.failures]).toEqual([[], 0]);
    confirmed += said;
    await store.close();
    expect(readdirSync(dir).map((name) => name.replace(/\d+$/, ''))).toEqual(['journal-', 'snapshot-']);
  }
  expect(confirmed).toBeGreaterThan(10 * rounds);
  rmSync(dir, { recursive: true });
}
