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
/**
 * Damage that shows only when pages are written anew, such as a false entry in the list of free ones, is not found by reading. In
 * some 700 starts two hubs did not live to tell.
 */
const MOST_ENDED = 2;

test('a hub that is killed while it writes, and whose files are damaged then, starts each time and tells', async () => {
  const random = randomFrom(20261124);
  const receiver = await Receiver.start();
  const dataDir = newDataDir();
  const config = join(dataDir, 'hub.json');
  writeFileSync(config, JSON.stringify({ notifiers: { hook: { type: 'webhook', url: receiver.url } } }));
  const files = [join(dataDir, 'data.mdb'), join(dataDir, 'history', 'data.mdb')];
  let setAside = 0;
  let ended = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const hub = await HubProcess.start(['--config', config], { AURALIS_DATA_DIR: dataDir });
    try {
      await raise(hub, `Round ${round}`);
      await receiver.until((requests) => requests.some(({ body }) => body.includes(`"title":"Round ${round}"`)));
    } catch (error) {
      // A socket may tell of it before the system does.
      const signal = await hub.endedBy(2_000);
      if (signal === null) {
        const why = `round ${round}, ${(error as Error).message.slice(0, 200)}, of a hub that lives`;
        await hub.stop('SIGKILL');
        throw new Error(`${why}: ${hub.log}`, { cause: error });
      }
      process.stdout.write(`round ${round}: the hub was ended by ${signal}\n`);
      // With the files as it left them the next one must start.
      ended++;
      continue;
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
  expect(ended).toBeLessThanOrEqual(MOST_ENDED);
  await receiver.stop();
  // What looked at history for a hub that was killed may still be at it.
  rmSync(dataDir, { recursive: true, maxRetries: 20, retryDelay: 100 });
}, 300_000);
