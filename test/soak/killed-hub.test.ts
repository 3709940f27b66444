import { test } from '@jest/globals';
import { testKilledHub } from '../harness/killed-hub.js';

test(
  'a hub that is killed 100 times while its receiver often fails tells what it answered',
  () => testKilledHub(100, 48),
  1_200_000,
);
