import { test } from '@jest/globals';
import { testKilledHub } from '../harness/killed-hub.js';

test(
  'a hub that is killed 25 times while its receiver often fails tells what it answered',
  () => testKilledHub(25, 12),
  300_000,
);
