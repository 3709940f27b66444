import { describe, expect, test } from '@jest/globals';
import { NotedStore, World } from './world.js';

/** Alerts that an alert of the node explains are listed and not sent: the person on call reads the cause, once. */

/** A stream with four listeners, all well for half a minute. */
function wellFor30s(store = new NotedStore()): World {
  const world = new World(undefined, store);
  world.stream();
  for (const key of ['a', 'b', 'c', 'd']) world.listener(key);
  world.pass(30);
  expect(world.firing()).toEqual([]);
  return world;
}

function starve(world: World): void {
  for (const key of ['a', 'b', 'c', 'd']) {
    world.listener(key, { playback_state: 'stalled', latency_ms: 900, dropped_per_min: 20, status: 'critical' });
  }
  world.stream('main', { dropped_per_min: 80 });
}

/** The process is stopped for so long: its next look comes late. */
function standStill(world: World, ms: number): void {
  world.now += ms;
}

const told = ({ store }: World) => store.transitions.map(({ alert, state }) => `${alert.rule} ${state}`);
const followers = (world: World) =>
  world
    .alerts()
    .filter(({ inhibited_by }) => inhibited_by !== '')
    .map(({ rule }) => rule);

const SUFFERING = ['listener-drops', 'listener-latency', 'listener-rebuffering', 'stream-drops'];

describe('a hub that stands still', () => {
  test('is told once, and once when it is over; what follows from it is listed, with what it follows from', () => {
    const world = wellFor30s();
    for (let cycle = 0; cycle < 4; cycle++) {
      standStill(world, 3000);
      world.pass(2, () => starve(world));
    }
    world.pass(8);
    const [cause] = world.alerts().filter(({ rule }) => rule === 'event-loop-delay');
    expect(followers(world).sort()).toEqual(SUFFERING);
    for (const { rule, inhibited_by, blame } of world.alerts()) {
      expect([rule, inhibited_by, blame]).toEqual([rule, rule === 'event-loop-delay' ? '' : cause?.id, 'node']);
    }
    expect(told(world)).toEqual(['event-loop-delay firing']);

    // A listener is ok again long before its drops have left the window.
    wellAgain(world, { dropped_per_min: 20 });
    world.pass(50);
    expect(world.firing().sort()).toEqual(['listener-drops', 'stream-drops']);
    expect(world.alerts().map(({ blame }) => blame)).toEqual(['node', 'node']);
    wellAgain(world);
    world.pass(60);
    expect([world.firing(), told(world)]).toEqual([[], ['event-loop-delay firing', 'event-loop-delay resolved']]);
  });

  test('and what goes on for long after it is told after all, with whom it is to be blamed for then', () => {
    const world = wellFor30s();
    standStill(world, 3000);
    starve(world);
    world.pass(200);
    expect(told(world).slice(0, 2)).toEqual(['event-loop-delay firing', 'event-loop-delay resolved']);
    expect(told(world).slice(2).sort()).toEqual(SUFFERING.map((rule) => `${rule} firing`));
    expect(followers(world)).toEqual([]);
    expect(world.store.transitions.slice(2).map(({ alert }) => alert.blame?.on)).not.toContain('node');
  });

  test('little by little: what it is blamed for waits for that to show', () => {
    const world = wellFor30s();
    // It is to blame from half a second on, and fires at a whole one: two seconds later.
    world.pass(20, (second) => {
      world.set('hubs', 'hub', { event_loop_delay_p99_ms: 250 });
      if (second === 2) starve(world);
      if (second === 2) expect(world.firing()).toEqual([]);
    });
    expect(followers(world).sort()).toEqual(SUFFERING);
    expect(told(world)).toEqual(['event-loop-delay firing']);
  });

  test('for too short a time to be told of: what it did is told a little later', () => {
    const world = wellFor30s();
    standStill(world, 700);
    starve(world);
    world.pass(4);
    expect([world.firing().sort(), told(world)]).toEqual([['listener-drops', 'stream-drops'], []]);
    world.pass(10);
    expect(told(world).sort()).toEqual(SUFFERING.map((rule) => `${rule} firing`));
  });

  test('keeps nothing back that has another cause, or is graver than it', () => {
    const world = new World([
      { name: 'stands', table: 'hubs', column: 'event_loop_blocked_ms', above: 1000, forS: 0, severity: 'error' },
      { name: 'grave', table: 'streams', column: 'dropped_per_min', above: 10, forS: 0, severity: 'critical' },
      { name: 'slight', table: 'streams', column: 'dropped_per_min', above: 11, forS: 0, severity: 'error' },
      { name: 'faults', table: 'hubs', column: 'errors', above: 0, windowS: 60, forS: 0 },
      { name: 'queue', table: 'engines', column: 'phrase_queue_depth', below: 1, forS: 0 },
    ]);
    world.stream();
    world.listener('a');
    world.set('hubs', 'hub', { errors: 0 });
    world.pass(5);
    standStill(world, 3000);
    starve(world);
    world.set('hubs', 'hub', { errors: 1 });
    world.set('engines', 'main', { phrase_queue_depth: 0 }, ['main']);
    world.pass(1);
    expect(told(world).sort()).toEqual(['faults firing', 'grave firing', 'queue firing', 'stands firing']);
    expect(followers(world)).toEqual(['slight']);
  });

  test('keeps back an error by an error of the same cause, also after a warning of that cause', () => {
    const world = new World([
      { name: 'warns', table: 'hubs', column: 'event_loop_blocked_ms', above: 500, forS: 0, severity: 'warning' },
      { name: 'stands', table: 'hubs', column: 'event_loop_blocked_ms', above: 1000, forS: 0, severity: 'error' },
      { name: 'slight', table: 'streams', column: 'dropped_per_min', above: 11, forS: 0, severity: 'error' },
    ]);
    world.stream();
    world.listener('a');
    world.pass(5);
    standStill(world, 3000);
    starve(world);
    world.pass(1);
    expect(told(world).sort()).toEqual(['stands firing', 'warns firing']);
    const stands = world.alerts().find(({ rule }) => rule === 'stands');
    expect(world.alerts().map(({ rule, inhibited_by }) => [rule, inhibited_by])).toContainEqual(['slight', stands?.id]);
  });

  test('and was restarted meanwhile: what follows is still not told', () => {
    const world = wellFor30s();
    for (let cycle = 0; cycle < 4; cycle++) {
      standStill(world, 3000);
      world.pass(2, () => starve(world));
    }
    world.pass(4);
    const after = new World(undefined, world.store, world.now + 2000);
    after.pass(30);
    expect(followers(after).sort()).toEqual(SUFFERING);
    expect(told(after)).toEqual(['event-loop-delay firing']);
  });
});

test('a busy host is told as a warning, and keeps no error back', () => {
  const world = wellFor30s();
  world.set('hosts', 'hub', { cpu_percent: 99 });
  world.pass(12);
  expect(told(world)).toEqual(['host-cpu firing']);
  world.pass(8, (second) => {
    world.set('hubs', 'hub', { event_loop_delay_p99_ms: 210 });
    if (second === 3) starve(world);
    if (second === 4) expect([followers(world), told(world)]).toEqual([['listener-drops'], ['host-cpu firing']]);
  });
  world.pass(3);
  expect(followers(world).sort()).toEqual(SUFFERING);
  expect(told(world)).toEqual(['host-cpu firing', 'event-loop-delay firing']);
});

function wellAgain(world: World, cells = {}): void {
  for (const key of ['a', 'b', 'c', 'd']) world.listener(key, cells);
  world.stream('main', { dropped_per_min: 0, ...cells });
}
