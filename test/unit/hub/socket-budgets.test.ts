import { SocketBudgets } from '@auralis/server/hub/socket-budgets';
import type { SocketHandler, SocketWatcher, UpgradeAnswer } from '@auralis/server/transport/transport';
import {
  MAX_REFUSED_BYTES,
  MAX_REFUSED_BYTES_PER_ADDRESS,
  MAX_UNFINISHED_BYTES,
  MAX_UNFINISHED_BYTES_PER_ADDRESS,
} from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { silentPeer } from '../../harness/peer.js';

const MIB = 1024 * 1024;
const handler = {} as SocketHandler;

/** Open sockets of 1 MiB each until one is refused; return how many were opened, and the refusal. */
function fill(answer: () => UpgradeAnswer): { opened: SocketWatcher[]; refuse: number } {
  const opened: SocketWatcher[] = [];
  for (;;) {
    const given = answer();
    if ('refuse' in given) return { opened, refuse: given.refuse };
    given.watcher?.opened(silentPeer);
    opened.push(given.watcher as SocketWatcher);
  }
}

test('sockets of one address, and of all together, hold no more unfinished messages than their budgets', () => {
  const budgets = new SocketBudgets(75);
  const from = (address: string) => fill(() => budgets.accept({ accept: handler }, address, MIB));
  const first = from('192.0.2.1');
  expect([first.opened.length, first.refuse]).toEqual([MAX_UNFINISHED_BYTES_PER_ADDRESS / MIB, 429]);
  let total = first.opened.length;
  for (let host = 2; host < 5; host++) total += from(`192.0.2.${host}`).opened.length;
  expect([total, from('192.0.2.9')]).toEqual([MAX_UNFINISHED_BYTES / MIB, { opened: [], refuse: 503 }]);
  first.opened[0]?.closed();
  expect(from('192.0.2.9').opened.length).toBe(1);
});

test('one address may hold everything if its share is 100 percent', () => {
  const budgets = new SocketBudgets(100);
  expect(fill(() => budgets.accept({ accept: handler }, '192.0.2.1', MIB)).opened.length).toBe(
    MAX_UNFINISHED_BYTES / MIB,
  );
});

test('refused sockets have a budget of their own, and beyond it no socket', () => {
  const budgets = new SocketBudgets(75);
  const from = (address: string) => fill(() => budgets.refuse({ accept: handler }, 'no', address, MIB));
  expect(from('192.0.2.1')).toMatchObject({ refuse: 403, opened: { length: MAX_REFUSED_BYTES_PER_ADDRESS / MIB } });
  let total = MAX_REFUSED_BYTES_PER_ADDRESS / MIB;
  for (let host = 2; host < 20; host++) total += from(`192.0.2.${host}`).opened.length;
  expect(total).toBe(MAX_REFUSED_BYTES / MIB);
  expect('accept' in budgets.accept({ accept: handler }, '192.0.2.1', MIB)).toBe(true);
});

test('an answer that never becomes a socket holds nothing, and one that does keeps its own watcher', () => {
  const budgets = new SocketBudgets(75);
  for (let times = 0; times < 1_000; times++) budgets.accept({ accept: handler }, '192.0.2.1', MIB);
  const told: string[] = [];
  const watcher = { opened: () => told.push('opened'), closed: () => told.push('closed') };
  const answer = budgets.accept({ accept: handler, watcher }, '192.0.2.1', MIB);
  if ('refuse' in answer) throw new Error(answer.message);
  answer.watcher?.opened(silentPeer);
  answer.watcher?.closed();
  expect(told).toEqual(['opened', 'closed']);
});
