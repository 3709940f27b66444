import { expect, test } from '@jest/globals';
import { AuthFile } from '../harness/auth.js';
import { HubProcess } from '../harness/hub.js';
import { besideNeighbours, expectUnharmed } from '../harness/neighbours.js';
import type { Attack } from './attack.js';
import { chunkedBodies } from './chunked-bodies.js';
import { churn } from './churn.js';
import { deadDashboards } from './dead-dashboards.js';
import { decoding } from './decoding.js';
import { expressions } from './expressions.js';
import { floods } from './floods.js';
import { garbage } from './garbage.js';
import { halfMessages } from './half-messages.js';
import { lies } from './lies.js';
import { refusedSocket } from './refused-socket.js';
import { unreadAnswers } from './unread-answers.js';

/** Attacks on a hub as it comes. One that needs other settings has a suite of its own. */
const ATTACKS: readonly Attack[] = [
  garbage,
  expressions,
  decoding,
  refusedSocket,
  churn,
  chunkedBodies,
  unreadAnswers,
  floods,
  lies,
  halfMessages,
  deadDashboards,
];

const TEST_MS = 300_000;

/** Run every attack on a hub on `transport`, one after the other, beside neighbours who must not notice any of them. */
export function testAttacks(transport: 'uws' | 'ws', isLong: boolean): void {
  test(
    `neighbours on ${transport} receive every chunk while strangers attack`,
    async () => {
      const auth = new AuthFile({ anonymous: ['listener'] });
      const hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path]);
      try {
        const attack = async () => {
          for (const { name, run } of ATTACKS) {
            try {
              await run({ hub, transport, auth }, isLong);
            } catch (error) {
              throw new Error(`${name} (${transport}): ${(error as Error).message}`, { cause: error });
            }
          }
        };
        expectUnharmed(await besideNeighbours(hub.url, attack, { token: auth.tokens.admin }));
        const health = await fetch(`${hub.url}/healthz`);
        expect([health.status, hub.log.includes('a fault inside')]).toEqual([200, false]);
      } finally {
        await hub.stop();
      }
    },
    TEST_MS,
  );
}
