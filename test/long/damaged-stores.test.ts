import { test } from '@jest/globals';
import { testDamagedHistories, testDamagedStores } from '../harness/damaged-stores.js';

test('300 damaged stores', () => testDamagedStores(300, 20261201), 300_000);
test('300 damaged histories', () => testDamagedHistories(300, 20261201), 300_000);
