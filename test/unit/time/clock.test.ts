import { createTables, HUB } from '@auralis/server/state/tables';
import { Clock } from '@auralis/server/time/clock';
import { SCHEMAS } from '@auralis/shared';
import { expect, test } from '@jest/globals';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 31);

function newClock() {
  const machine = { monotonic: 0, wall: START };
  const clock = new Clock(
    () => machine.monotonic,
    () => machine.wall,
  );
  const pass = (ms: number) => {
    machine.monotonic += ms;
    machine.wall += ms;
  };
  return { machine, clock, pass };
}

test('both clocks begin at the wall clock’s time and go alike', () => {
  const { clock, pass } = newClock();
  pass(1000);
  expect([clock.follow(), clock.now(), clock.wallNow()]).toEqual([0, START + 1000, START + 1000]);
});

test.each([8 * HOUR_MS, -HOUR_MS, 501])('a step by %i ms moves the wall times, and not the hub’s clock', (step) => {
  const { machine, clock, pass } = newClock();
  pass(1000);
  const before = clock.now();
  machine.wall += step;
  expect(clock.follow()).toBe(step);
  expect([clock.now(), clock.wallNow()]).toEqual([before, machine.wall]);
  expect(clock.instantOf(clock.wallOf(before))).toBe(before);
  pass(1000);
  expect([clock.follow(), clock.wallNow()]).toEqual([0, machine.wall]);
});

test('half a second of difference is no step, since two clocks are not read at once', () => {
  const { machine, clock } = newClock();
  machine.wall += 499;
  expect(clock.follow()).toBe(0);
});

test('at a step all times in tables move along, and later ones are written by the new wall clock', () => {
  const { hubs, alerts } = createTables();
  const slot = hubs.open('hub');
  hubs.set(slot, HUB.started_at, hubs.epochS(START));
  hubs.set(slot, HUB.errors, 5);
  const alert = alerts.open('a');
  const { since, fired_at: firedAt } = SCHEMAS.alerts.index;
  alerts.set(alert, since, alerts.epochS(START));
  for (const table of [hubs, alerts]) table.stepWallClock(HOUR_MS);
  expect([hubs.get(slot, HUB.started_at), hubs.get(slot, HUB.errors)]).toEqual([(START + HOUR_MS) / 1000, 5]);
  expect([alerts.get(alert, since), alerts.get(alert, firedAt)]).toEqual([(START + HOUR_MS) / 1000, Number.NaN]);
  expect(hubs.epochS(START + 1000)).toBe((START + HOUR_MS + 1000) / 1000);
});
