import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { raise } from '../harness/alerts.js';
import { DAMAGES } from '../harness/damage.js';
import { HubProcess, newDataDir } from '../harness/hub.js';
import { randomFrom } from '../harness/random.js';
import { Receiver } from '../harness/receiver.js';

const ROUNDS = 40;

/** Files of the store and of history. */
function filesIn(dataDir: string): string[] {
  const names = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /^(snapshot|journal)-\d+$|\.seg$/.test(name)).map((name) => join(dataDir, name));
}

test('a hub that is killed while it writes, and whose files are damaged then, starts each time and tells', async () => {
  const random = randomFrom(20261124);
  const receiver = await Receiver.start();
  const dataDir = newDataDir();
  const config = join(dataDir, 'hub.json');
  writeFileSync(config, JSON.stringify({ notifiers: { hook: { type: 'webhook', url: receiver.url } } }));
  let said = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: dataDir });
    try {
      await raise(hub, `Round ${round}`);
      await receiver.until((requests) => requests.some(({ body }) => body.includes(`"title":"Round ${round}"`)));
    } catch (error) {
      // A socket may tell of its end before the system does.
      const state = (await hub.endedBy(2_000)) ?? 'none: it lives';
      await hub.stop('SIGKILL');
      const what = (error as Error).message.slice(0, 200);
      throw new Error(`round ${round}: ${what}; the hub was ended by ${state}: ${hub.log}`, { cause: error });
    }
    // It is killed amidst what it writes.
    let isAlive = true;
    const writing = (async () => {
      for (let n = 0; isAlive; n++) await raise(hub, `${round}-${n}`).catch(() => {});
    })();
    await sleep(random() * 300);
    await hub.stop('SIGKILL');
    isAlive = false;
    await writing;
    // Counted now: history is opened when the hub serves already.
    said += hub.log.match(/some [^.]* are lost: /g)?.length ?? 0;
    for (const file of filesIn(dataDir)) {
      const { damage } = DAMAGES[Math.floor(random() * DAMAGES.length)] as (typeof DAMAGES)[number];
      if (random() < (file.includes('history') ? 0.1 : 0.6) && readFileSync(file).length > 0) damage(file, random);
    }
    // The last damaged files stay.
    expect(readdirSync(dataDir).filter((name) => name.includes('.damaged-')).length).toBeLessThanOrEqual(2);
  }
  expect(said).toBeGreaterThan(ROUNDS / 4);
  await receiver.stop();
  // Readers of history for a killed hub may still be at work.
  rmSync(dataDir, { recursive: true, maxRetries: 20, retryDelay: 100 });
}, 300_000);
