import { INTERNAL_ERROR_LOG } from '@auralis/server/hub/log';
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
import { pipelined } from './pipelined.js';
import { refusedSocket } from './refused-socket.js';
import { tinyChunks } from './tiny-chunks.js';
import { unreadAnswers } from './unread-answers.js';
import { usedAllowances } from './used-allowances.js';

/** Attacks on a hub with default settings. Attacks that need other settings have suites of their own. */
const ATTACKS: readonly Attack[] = [
  garbage,
  expressions,
  decoding,
  refusedSocket,
  pipelined,
  churn,
  chunkedBodies,
  unreadAnswers,
  floods,
  lies,
  halfMessages,
  deadDashboards,
  usedAllowances,
  tinyChunks,
];

const TEST_MS = 300_000;

/**
 * Run every attack on a hub on `transport`, one after the other, beside neighbours who must not notice any of them.
 */
export function testAttacks(transport: 'uws' | 'ws', isLong: boolean): void {
  test(
    `neighbours on ${transport} receive every chunk while strangers attack`,
    async () => {
      const auth = new AuthFile({ anonymous: ['listener'] });
      const hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path]);
      try {
        /**
         * Attacks during which the hub dropped chunks of the stream, attackers' own included: a hint if the test
         * fails.
         */
        const harmful: string[] = [];
        const attack = async () => {
          let before = 0;
          for (const { name, run } of ATTACKS) {
            try {
              await run({ hub, transport, auth }, isLong);
            } catch (error) {
              throw new Error(`${name} (${transport}): ${(error as Error).message}`, { cause: error });
            }
            const dropped = await droppedOf(hub, auth);
            if (dropped > before) harmful.push(`${name}: ${dropped - before} chunks dropped`);
            before = dropped;
          }
        };
        const found = await besideNeighbours(hub.url, attack, { token: auth.tokens.admin });
        try {
          expectUnharmed(found);
        } catch (error) {
          throw new Error(`${(error as Error).message}\n\n${harmful.join('\n')}`, { cause: error });
        }
        const health = await fetch(`${hub.url}/healthz`);
        expect([health.status, hub.log.includes(INTERNAL_ERROR_LOG)]).toEqual([200, false]);
      } finally {
        await hub.stop();
      }
    },
    TEST_MS,
  );
}

async function droppedOf({ url }: HubProcess, auth: AuthFile): Promise<number> {
  const response = await fetch(`${url}/api/v1/streams/main`, { headers: auth.headers('admin') });
  return ((await response.json()) as { readonly chunks_dropped: number }).chunks_dropped;
}
