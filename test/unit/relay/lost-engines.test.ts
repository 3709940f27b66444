import { LostEngines } from '@auralis/server/relay/lost-engines';
import { createTables, STREAM } from '@auralis/server/state/tables';
import { expect, test } from '@jest/globals';

/** A hub that starts at second 1,000 and remembers `known`. */
function world(...known: string[]) {
  const { streams } = createTables();
  const kept = new Set(known);
  const memory = {
    names: () => [...kept],
    add: (name: string) => void kept.add(name),
    remove: (name: string) => void kept.delete(name),
  };
  const lost = new LostEngines(streams, memory, 1_000_000);
  const publish = (name: string, isPublishing: boolean) => {
    const slot = streams.slotOf(name) ?? streams.open(name);
    streams.set(slot, STREAM.publishing, isPublishing ? 1 : 0);
  };
  const lostAt = (name: string) => streams.get(streams.slotOf(name) as number, STREAM.engine_offline_since);
  return { streams, kept, publish, lostAt, at: (second: number) => lost.tick(1_000_000 + second * 1000) };
}

test('a stream that had an engine before the restart has lost it, once half a minute has passed', () => {
  const { publish, lostAt, at } = world('main');
  publish('main', false);
  publish('new', false);
  at(30);
  expect(lostAt('main')).toBeNaN();
  at(31);
  expect([lostAt('main'), lostAt('new')]).toEqual([1000, Number.NaN]);
});

test('an engine that came back is not lost', () => {
  const { publish, lostAt, at } = world('main');
  publish('main', true);
  at(31);
  expect(lostAt('main')).toBeNaN();
});

test('streams are remembered with their first engine, and forgotten when they go', () => {
  const { streams, kept, publish, at } = world('gone');
  publish('main', true);
  publish('waits', false);
  at(1);
  expect([...kept]).toEqual(['gone', 'main']);
  publish('main', false);
  at(2);
  expect([...kept]).toEqual(['gone', 'main']);
  streams.close(streams.slotOf('main') as number);
  at(3);
  // A stream that was not seen since the start is unknown yet.
  expect([...kept]).toEqual(['gone']);
});

test('no more of them than there can be streams', () => {
  const { kept, publish, at } = world(...Array.from({ length: 1000 }, (_, n) => `old${n}`));
  publish('main', true);
  at(1);
  expect([kept.size, kept.has('old0'), kept.has('main')]).toEqual([1000, false, true]);
});
