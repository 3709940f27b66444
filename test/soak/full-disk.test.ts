import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { NO_RULES, raise } from '../harness/alerts.js';
import { HubProcess } from '../harness/hub.js';
import { randomFrom } from '../harness/random.js';
import { SmallDisk } from '../harness/small-disk.js';
import { until } from '../harness/until.js';

const ROUNDS = 30;
const disk = SmallDisk.make(8);
const testWithDisk = disk === null ? test.skip : test;

testWithDisk(
  'a disk that is full again and again, under a hub that is killed in any state',
  async () => {
    const random = randomFrom(20261201);
    const dataDir = join(disk?.path ?? '', 'data');
    const kept = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const args = ['--config', NO_RULES, '--max-share-percent', '100'];
      const hub = await HubProcess.start(args, { AURALIS_DATA_DIR: dataDir });
      const found = await hub.get<{ items: { title: string }[] }>('/api/v1/alerts?limit=1000');
      const titles = found.items.map(({ title }) => title);
      expect([round, [...kept].filter((title) => !titles.includes(title))]).toEqual([round, []]);
      expect([round, hub.log.includes('damaged')]).toEqual([round, false]);
      let isFull = false;
      for (let n = 0; n < 10; n++) {
        if (random() < 0.3) {
          if (isFull) disk?.free();
          else disk?.fill();
          isFull = !isFull;
        }
        const title = `${round}-${n}`;
        // Refused: it may be kept or not.
        await raise(hub, title).then(
          () => kept.add(title),
          () => {},
        );
      }
      if (isFull) disk?.free();
      if (random() < 0.5) {
        await raise(hub, `${round}-last`);
        kept.add(`${round}-last`);
        await until(async () => !/"store_failing":"yes"/.test(JSON.stringify(await hub.get('/api/v1/hubs'))));
      }
      await hub.stop('SIGKILL');
    }
    disk?.remove();
  },
  1_200_000,
);
