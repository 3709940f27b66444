import { lowLimit, maxConnections } from '@auralis/server/hub/descriptors';
import { expect, test } from '@jest/globals';

test('connections leave 64 descriptors free, or half of a very low limit', () => {
  const [high, low] = [maxConnections(10_000), maxConnections(100)];
  expect(10_000 - high).toBeGreaterThanOrEqual(128);
  expect(10_000 - high).toBeLessThan(1_000);
  expect([low > 0, low <= 50, maxConnections(null)]).toEqual([true, true, Number.POSITIVE_INFINITY]);
});

test('a limit below the places of the hub is named with what to do', () => {
  expect(lowLimit(1_000, 1_024)).toBe(
    'file descriptors: limit 1024, but 1000 places for connections: the hub stops listening when they run out; ' +
      'raise it with ulimit -n 2000 (LimitNOFILE=2000 of a systemd unit)',
  );
  expect([lowLimit(1_000, 1_128), lowLimit(1_000, null)]).toEqual([null, null]);
});
