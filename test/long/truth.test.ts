import { afterEach, expect, test } from '@jest/globals';
import { HubProcess, runCommand } from '../harness/hub.js';

interface Row {
  readonly client: string;
  readonly state: string;
  readonly trust: string | null;
  readonly status_reason: string | null;
  readonly connected_at: string;
}

let hub: HubProcess;
afterEach(() => hub.stop().then(() => {}));

test('a frozen page, one that lies and a hidden one are told apart, and honest ones are believed', async () => {
  hub = await HubProcess.start();
  const kinds = ['--listeners', '12', '--frozen', '2', '--lying', '2', '--hidden', '2', '--duration', '25'];
  let running = true;
  const simulation = runCommand(['simulate', '--url', hub.url, '--no-audio', ...kinds]).finally(() => {
    running = false;
  });
  /** When each client was first seen with each word, seconds after it had connected. */
  const seen = new Map<string, Map<string, number>>();
  while (running) {
    const { items } = await hub.get<{ items: Row[] }>('/api/v1/connections');
    for (const { client, state, trust, status_reason, connected_at } of items) {
      if (state === 'closed') continue;
      const words = seen.get(client) ?? new Map<string, number>();
      seen.set(client, words);
      for (const word of [trust && `trust=${trust}`, status_reason]) {
        if (word !== null && !words.has(word)) words.set(word, (Date.now() - Date.parse(connected_at)) / 1000);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect((await simulation).output).toContain('accounts: exact');
  const of = (kind: string) =>
    [...seen].filter(([client]) => client.startsWith(`sim-${kind}-`)).map(([, words]) => words);
  expect([of('frozen'), of('lying'), of('hidden'), of('normal')].map((found) => found.length)).toEqual([2, 2, 2, 6]);
  for (const words of of('frozen')) {
    // It freezes 3 s after it came.
    expect(words.get('frozen')).toBeLessThan(3 + 10);
    expect(words.has('contradicting')).toBe(false);
  }
  for (const words of of('lying')) {
    expect(words.get('contradicting')).toBeLessThan(10);
    expect(words.has('frozen')).toBe(false);
  }
  for (const words of of('hidden')) expect(words.get('trust=hidden')).toBeLessThan(10);
  for (const words of [...of('hidden'), ...of('normal')]) {
    for (const word of ['frozen', 'contradicting', 'stale', 'trust=contradicting', 'trust=stale'])
      expect([...words.keys()]).not.toContain(word);
  }
  for (const words of of('normal')) expect([...words.keys()]).toContain('trust=trusted');
}, 90_000);
