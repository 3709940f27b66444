import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { raise } from '../harness/alerts.js';
import { cut, scribble } from '../harness/damage.js';
import { HubProcess, newDataDir } from '../harness/hub.js';
import { randomFrom } from '../harness/random.js';
import { Receiver } from '../harness/receiver.js';

const ROUNDS = 40;

test('a hub that is killed while it writes, and whose files are damaged then, starts each time and tells', async () => {
  const random = randomFrom(20261124);
  const receiver = await Receiver.start();
  const dataDir = newDataDir();
  const config = join(dataDir, 'hub.json');
  writeFileSync(config, JSON.stringify({ notifiers: { hook: { type: 'webhook', url: receiver.url } } }));
  const files = [join(dataDir, 'data.mdb'), join(dataDir, 'history', 'data.mdb')];
  let setAside = 0;
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
    setAside += hub.log.match(/ lost: a database is damaged /g)?.length ?? 0;
    for (const file of files.filter((path) => existsSync(path))) {
      const chance = random();
      if (chance < 0.6) scribble(file, random);
      else if (chance < 0.75) cut(file, random());
    }
    // Of each database the last that was damaged stays.
    for (const dir of [dataDir, join(dataDir, 'history')].filter((path) => existsSync(path))) {
      const aside = readdirSync(dir).filter((name) => name.includes('.damaged-'));
      expect(aside.length).toBeLessThanOrEqual(1);
    }
  }
  expect(setAside).toBeGreaterThan(ROUNDS / 4);
  await receiver.stop();
  // What looked at history for a hub that was killed may still be at it.
  rmSync(dataDir, { recursive: true, maxRetries: 20, retryDelay: 100 });
}, 300_000);
