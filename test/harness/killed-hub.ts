import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { HubProcess, newDataDir } from './hub.js';
import { randomFrom } from './random.js';
import { Receiver } from './receiver.js';

/** Posts, and returns the id in the answer; `gone` for 404, null where the hub died before it answered. */
async function post(hub: HubProcess, path: string, body: object = {}): Promise<string | null> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${hub.url}/api/v1/alerts${path}`, init).catch(() => null);
  if (response === null) return null;
  const text = await response.text().catch(() => null);
  if (text === null) return null;
  if (response.status === 404) return 'gone';
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return (JSON.parse(text) as { id: string }).id;
}

/**
 * Kills a hub `rounds` times while its receiver often fails: everything that was answered is told, each once a key,
 * in order. The hub is asked every half of `pauseMs`: 25 rounds at 12 ms make about 6,000 transitions of the 10,000
 * that may wait.
 */
export async function testKilledHub(rounds: number, pauseMs: number): Promise<void> {
  const random = randomFrom(20260131);
  const receiver = await Receiver.start();
  const dataDir = newDataDir();
  const config = join(dataDir, 'hub.json');
  const notifiers = { hook: { type: 'webhook', url: receiver.url } };
  writeFileSync(config, JSON.stringify({ alerts: { builtIn: false }, notifiers }));
  /** Keys in the order in which a receiver that drops what it has seen hears them; only what it took. */
  const heard = new Set<string>();
  let repeats = 0;
  const take = (body: string) => {
    const { key } = (JSON.parse(body) as { data: { key: string } }).data;
    if (heard.has(key)) repeats++;
    heard.add(key);
  };
  receiver.behave = ({ body }) => {
    const chance = random();
    if (chance < 0.15) return { status: 500 };
    if (chance < 0.18) return 'hang';
    take(body);
    return chance < 0.3 ? 'cut' : {};
  };

  const raised = new Set<string>();
  const resolved = new Set<string>();
  const unanswered = new Set<string>();
  const start = () =>
    HubProcess.start(['--config', config, '--max-share-percent', '100'], { AURALIS_DATA_DIR: dataDir });
  for (let round = 0; round < rounds; round++) {
    const hub = await start();
    const killed = new Promise((done) => setTimeout(done, 200 + random() * 1200)).then(() => hub.stop('SIGKILL'));
    for (let n = 0; ; n++) {
      // Else a fast machine raises more than the outbox holds, and hears of the drops that it was promised then.
      await new Promise((done) => setTimeout(done, random() * pauseMs));
      const id = await post(hub, '', { severity: 'info', title: `${round}-${n}`, message: 'm' });
      if (id === null) break;
      raised.add(id);
      if (random() < 0.2) continue;
      const open = [...raised].filter((one) => !resolved.has(one));
      const ends = open[Math.floor(random() * open.length)] as string;
      const answer = await post(hub, `/${ends}/resolve`);
      // It may be gone only where the hub died before it said that it had ended it.
      if (answer === 'gone') expect(unanswered).toContain(ends);
      if (answer === null) unanswered.add(ends);
      else resolved.add(ends);
    }
    await killed;
  }

  receiver.behave = ({ body }) => {
    take(body);
    return {};
  };
  const hub = await start();
  const pending = async () => (await hub.get<{ items: { pending: number }[] }>('/api/v1/notifiers')).items[0]?.pending;
  while ((await pending()) !== 0) await new Promise((done) => setTimeout(done, 100));
  await hub.stop();

  const order = [...heard];
  const lost = [...[...raised].map((id) => `${id}:firing`), ...[...resolved].map((id) => `${id}:resolved`)].filter(
    (key) => !heard.has(key),
  );
  process.stdout.write(
    `${raised.size} raised, ${resolved.size} resolved, ${order.length} keys heard, ${repeats} heard again\n`,
  );
  expect(lost).toEqual([]);
  expect(raised.size).toBeGreaterThan(rounds);
  expect(repeats).toBeGreaterThan(0);
  for (const [at, key] of order.entries()) {
    if (key.endsWith(':resolved'))
      expect([key, order.slice(0, at)]).toEqual([key, expect.arrayContaining([key.replace(/resolved$/, 'firing')])]);
  }
  await receiver.stop();
  rmSync(dataDir, { recursive: true });
}
