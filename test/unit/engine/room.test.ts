import { MAX_EVENTS } from '@auralis/shared';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ANYBODY } from '../limits/holders.js';
import { EngineWorld, synthesis } from './world.js';

let world: EngineWorld;
beforeEach(() => {
  world = new EngineWorld();
});

describe('a list of events', () => {
  test('is taken without its bad ones, which are counted and told', () => {
    const answer = world.send(synthesis(300), { type: 'queue', depth: -1 }, 7 as never, { type: 'queue', depth: 2 });
    expect(answer).toEqual({
      accepted: 2,
      refused: 2,
      errors: [
        { index: 1, code: 'bad_value', message: 'queue.depth: a whole number, 0 to 1000000, not -1' },
        { index: 2, code: 'bad_message', message: 'an event is a map with a type, not 7' },
      ],
    });
    expect(world.readAll('events', 'events_refused', 'phrase_queue_depth')).toEqual([2, 2, 2]);
    expect(world.hub('messages_refused')).toBe(2);
  });

  test('tells twenty refusals at most, and counts all', () => {
    const answer = world.send(...Array.from({ length: 50 }, () => ({ type: 'no' })));
    expect([answer.accepted, answer.refused, answer.errors.length]).toEqual([0, 50, 20]);
    expect(world.hub('messages_refused')).toBe(50);
  });

  test('may be empty', () => expect(world.send()).toEqual({ accepted: 0, refused: 0, errors: [] }));

  test('may be one event alone', () => {
    expect(world.room.take('main', { type: 'queue', depth: 1 }, ANYBODY, world.now)).toMatchObject({ accepted: 1 });
  });

  test('that is none, or too long, is nothing', () => {
    for (const found of [null, 7, 'x', true, undefined, new Uint8Array(4)])
      expect(world.room.take('main', found, ANYBODY, world.now)).toBe('no records');
    const many = Array.from({ length: MAX_EVENTS + 1 }, () => ({ type: 'queue', depth: 1 }));
    expect(world.room.take('main', many, ANYBODY, world.now)).toBe('too many records');
    expect(world.send(...many.slice(1)).accepted).toBe(MAX_EVENTS);
  });

  test('unknown fields are counted', () => {
    world.send({ type: 'queue', depth: 1, colour: 'red', size: 3 });
    expect([world.hub('fields_ignored'), world.hub('messages_refused')]).toEqual([2, 0]);
  });
});

describe('a row', () => {
  test('comes with the first good event, and not with a bad one', () => {
    world.send({ type: 'no' });
    expect([world.tables.engines.size, world.tables.streams.size]).toEqual([0, 0]);
    world.send({ type: 'queue', depth: 1 });
    const { engines } = world.tables;
    expect(engines.attributesOf(engines.slotOf('main') as number)).toEqual(['main']);
  });

  test('goes when its stream goes, and counts from 0 in the next', () => {
    world.send(synthesis(300));
    world.tables.streams.close(world.tables.streams.slotOf('main') as number);
    world.pass(1);
    expect(world.tables.engines.size).toBe(0);
    world.send(synthesis(300), synthesis(300));
    expect(world.read('phrases_generated')).toBe(2);
    expect(world.totals.phrases).toBe(3);
  });

  test('of a stream that came back within the second is another row', () => {
    world.send(synthesis(300));
    world.tables.streams.close(world.tables.streams.slotOf('main') as number);
    world.send(synthesis(300));
    world.pass(1);
    expect(world.readAll('phrases_generated', 'events')).toEqual([1, 1]);
  });

  test('is not made where there is no room for its stream', () => {
    world.hasRoom = false;
    expect(world.room.take('main', [{ type: 'queue', depth: 1 }], ANYBODY, world.now)).toBe('too many streams');
    expect(world.tables.engines.size).toBe(0);
  });
});
