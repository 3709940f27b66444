import { testAttacks } from '../attacks/attacks.js';

for (const transport of ['uws', 'ws'] as const) testAttacks(transport, true);
