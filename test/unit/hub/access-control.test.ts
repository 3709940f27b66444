import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessControl } from '@auralis/server/hub/access-control';
import { checkOptions } from '@auralis/server/hub/config';
import { HubCounters } from '@auralis/server/state/counters';
import { createTables } from '@auralis/server/state/tables';
import type { SocketHandler, UpgradeRequest } from '@auralis/server/transport/transport';
import { MAX_CHUNK_MESSAGE_BYTES, MAX_UNFINISHED_BYTES_PER_ADDRESS } from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { silentPeer } from '../../harness/peer.js';

const TOKEN = 'a-token-of-an-engine-server';
const ENGINES_OF_STRANGERS = MAX_UNFINISHED_BYTES_PER_ADDRESS / MAX_CHUNK_MESSAGE_BYTES;

/** Open engine sockets from one address until one is refused, `most` at most; return how many were opened. */
function engines(headers: Readonly<Record<string, string>>, most: number): number {
  const authFile = join(mkdtempSync(join(tmpdir(), 'auralis-door-')), 'auth.yaml');
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  writeFileSync(
    authFile,
    JSON.stringify({ anonymous: ['publisher'], tokens: [{ name: 'a', sha256, roles: ['publisher'] }] }),
  );
  const counters = new HubCounters(createTables().hubs, 'hub', [], 0);
  const door = new AccessControl(checkOptions({ authFile }), counters, () => 0);
  const upgrade = () => ({ accept: {} as SocketHandler });
  const limits = { maxFramesPerS: 1, maxBytesPerS: 1, maxBacklogBytes: 1, maxMessageBytes: MAX_CHUNK_MESSAGE_BYTES };
  const [route] = door.sockets(
    { pattern: '/publish', ...limits, upgrade },
    { origins: 'our-origins', role: 'publisher' },
  );
  const request: UpgradeRequest = {
    path: '/publish',
    query: new URLSearchParams(),
    headers: new Map(Object.entries({ host: '127.0.0.1', ...headers })),
    remoteAddress: '192.0.2.1',
  };
  for (let opened = 0; opened < most; opened++) {
    const answer = route?.upgrade(request);
    if (answer === undefined || 'refuse' in answer) return opened;
    answer.watcher?.opened(silentPeer);
  }
  return most;
}

test('engines of one address are bounded by what they may hold, unless they bring a token', () => {
  expect(engines({}, 1_000)).toBe(ENGINES_OF_STRANGERS);
  expect(engines({ authorization: `Bearer ${TOKEN}` }, 1_000)).toBe(1_000);
});
