import { CONNECTION, STREAM } from '@auralis/server/state/tables';
import { expect, test } from '@jest/globals';
import { clock, connect, errors, relay, sweep, tables } from './world.js';

const LISTENERS = 980;

/** Listeners whose status is known, which a sweep writes. */
const swept = () => {
  const { connections } = tables;
  return [...connections.slots()].filter((slot) => connections.get(slot, CONNECTION.status) >= 0).length;
};

test('a sweep takes at most 500 listeners in a step', () => {
  for (let at = 0; at < LISTENERS; at++) connect('listen', '', `s${at % 2}`, `192.0.2.${at % 200}`);
  const steps = sweep.steps(clock.now);
  const seen = [0];
  while (steps.next().done !== true) seen.push(swept());
  seen.push(swept());
  const most = Math.max(...seen.slice(1).map((count, at) => count - (seen[at] as number)));
  expect([most, seen.at(-1)]).toEqual([500, LISTENERS]);
  const ok = ['s0', 's1'].map((name) => tables.streams.get(tables.streams.slotOf(name) as number, STREAM.listeners_ok));
  expect(ok).toEqual([LISTENERS / 2, LISTENERS / 2]);
});

test('listeners and streams may come and go between two steps', () => {
  const first = Array.from({ length: 600 }, () => connect('listen', '', 'first'));
  const steps = sweep.steps(clock.now);
  steps.next();
  expect(swept()).toBe(500);
  for (const { peer, handler } of first) handler.onClose(peer, 1000, false);
  const gone = relay.streams.get('first');
  relay.streams.delete('first');
  tables.streams.close(gone?.slot as number);
  // The row of the new stream takes the place of the old one's.
  connect('listen', '', 'second');
  expect(tables.streams.slotOf('second')).toBe(gone?.slot);
  while (steps.next().done !== true);
  expect(errors).toEqual([]);
  expect(tables.streams.get(gone?.slot as number, STREAM.listeners_ok)).toBe(1);
});
