import { describe, test } from '@jest/globals';
import { expectExact, simulateAgainst } from '../harness/simulate.js';

describe.each(['uws', 'ws'])('200 listeners for a minute on %s', (transport) => {
  test('every chunk is accounted for', async () => {
    expectExact(await simulateAgainst(transport, ['--listeners', '200', '--slow', '5', '--duration', '60']));
  }, 180_000);
});
