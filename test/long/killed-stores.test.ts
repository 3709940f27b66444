import { test } from '@jest/globals';
import { testKilledStores } from '../harness/killed-stores.js';

test('a store whose process is killed a hundred times while it writes', () => testKilledStores(100, 20261201), 300_000);
