import { describe, expect, test } from '@jest/globals';
import { expectExact, simulateAgainst } from '../harness/simulate.js';

describe.each(['uws', 'ws'])('accounts on %s', (transport) => {
  test('are exact to the chunk, with slow listeners among others', async () => {
    expectExact(await simulateAgainst(transport, ['--listeners', '40', '--slow', '3', '--duration', '15']));
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
