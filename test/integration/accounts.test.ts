import type { SimulationSummary } from '@auralis/server/simulate/summary';
import { describe, expect, test } from '@jest/globals';
import { HubProcess, runCommand } from '../harness/hub.js';
import { expectExact, simulateAgainst } from '../harness/simulate.js';

describe.each(['uws', 'ws'])('accounts on %s', (transport) => {
  test('are exact to the chunk, with slow listeners among others', async () => {
    expectExact(await simulateAgainst(transport, ['--listeners', '40', '--slow', '3', '--duration', '10']));
  }, 90_000);
});

test('accounts are exact with every misbehaviour at once, over two streams, and an engine that dies', async () => {
  const kinds = ['--slow', '2', '--frozen', '2', '--lying', '2', '--skewed', '3', '--lossy', '3', '--hidden', '2'];
  const result = await simulateAgainst('uws', [
    '--streams',
    '2',
    '--listeners',
    '24',
    ...kinds,
    '--duration',
    '12',
    '--no-audio',
  ]);
  expect(result.summary.mismatches).toEqual([]);
  expect(result.summary.kinds.map(({ kind }) => kind).toSorted()).toEqual(
    ['frozen', 'hidden', 'lossy', 'lying', 'normal', 'skewed', 'slow'].toSorted(),
  );
  const killed = await simulateAgainst('uws', ['--listeners', '5', '--duration', '8', '--kill-engine-at', '4']);
  expect(killed.summary.mismatches).toEqual([]);
  expect(killed.summary.streams[0]?.killed).toBe(true);
  expect(killed.summary.streams[0]?.published).toBeLessThan(50);
}, 90_000);

test('engines and listeners come back to a hub that is killed and started again, and the accounts are its own', async () => {
  const first = await HubProcess.start();
  const running = runCommand([
    'simulate',
    '--url',
    first.url,
    '--json',
    '--no-audio',
    '--listeners',
    '6',
    '--duration',
    '11',
  ]);
  const published = async (hub: HubProcess) =>
    (await hub.get<{ items: { chunks_published: number }[] }>('/api/v1/streams')).items[0]?.chunks_published ?? 0;
  while ((await published(first)) < 30) await new Promise((resolve) => setTimeout(resolve, 100));
  await first.stop('SIGKILL');
  const second = await HubProcess.start(['--port', String(first.port)]);
  try {
    const { code, output } = await running;
    const summary = JSON.parse(output) as SimulationSummary;
    expect([code, summary.mismatches, summary.hubRestarted, summary.unsettled]).toEqual([0, [], true, 6]);
    const [stream] = summary.streams;
    expect(stream).toMatchObject({ reconnects: 1, published: await published(second) });
    expect(stream?.publishedInAll).toBeGreaterThanOrEqual(30 + (stream?.published ?? 0));
    expect(summary.kinds[0]).toMatchObject({ kind: 'normal', connections: 6, dropped: 0 });
  } finally {
    await second.stop();
  }
}, 60_000);
