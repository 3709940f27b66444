import type { StoredAlert } from '@auralis/server/alerts/alert-store';
import { MAX_ALERTS, MAX_RAISED_ALERTS, SCHEMAS } from '@auralis/shared';
import { expect, test } from '@jest/globals';
import { World } from './world.js';

test('alerts that have no room are counted as long as that lasts, and the log warns once when it begins', () => {
  const world = new World([
    { name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 0, clearForS: 0, severity: 'info' },
  ]);
  const hosts = (from: number, to: number, cpu_percent: number) => {
    for (let host = from; host < to; host++) world.set('hosts', `h${host}`, { cpu_percent });
  };
  const refused = () => world.tables.hubs.get(0, SCHEMAS.hubs.index.alerts_refused);
  const warnings = () => world.log.filter(({ level }) => level === 'warn');
  hosts(0, MAX_ALERTS, 95);
  world.pass(1);
  expect([refused(), warnings().length]).toEqual([0, 0]);

  hosts(MAX_ALERTS, MAX_ALERTS + 3, 95);
  world.pass(5);
  expect([refused(), world.firing().length]).toEqual([3, MAX_ALERTS]);
  expect(warnings()).toEqual([expect.objectContaining({ details: { refused: 3 } })]);

  hosts(0, 10, 5);
  world.pass(5);
  expect([refused(), world.firing().length, warnings().length]).toEqual([0, MAX_ALERTS - 7, 1]);

  hosts(MAX_ALERTS + 3, MAX_ALERTS + 12, 95);
  world.pass(2);
  expect([refused(), warnings().length]).toEqual([2, 2]);
});

test('thousands of alerts raised by hand leave the rules their places', () => {
  const world = new World([
    { name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 0, clearForS: 0, severity: 'info' },
  ]);
  const answers = Array.from({ length: MAX_ALERTS }, (_, at) => world.raise({ title: `t${at}` }, `address ${at}`));
  expect(answers.filter((answer) => answer === 'full')).toHaveLength(MAX_ALERTS - MAX_RAISED_ALERTS);
  expect(world.counted.filter((counter) => counter === 'raised_alerts_refused')).toHaveLength(
    MAX_ALERTS - MAX_RAISED_ALERTS,
  );
  for (let host = 0; host < MAX_ALERTS - MAX_RAISED_ALERTS; host++) world.set('hosts', `h${host}`, { cpu_percent: 95 });
  world.pass(1);
  expect(world.firing()).toHaveLength(MAX_ALERTS);
  expect(world.tables.hubs.get(0, SCHEMAS.hubs.index.alerts_refused)).toBe(0);
});

test('one address raises its share of alerts; one that is resolved makes room for another of its own', () => {
  const world = new World([]);
  const ids = Array.from({ length: 800 }, (_, at) => world.raise({ title: `t${at}` }));
  expect(ids.filter((id) => id === 'share')).toHaveLength(50);
  expect(world.counted).toEqual(Array(50).fill('refused_over_share'));
  expect(world.raise({ title: 'of another' }, '192.0.2.2')).not.toBe('share');
  // The same alert again takes no place.
  expect(world.raise({ title: 't0', message: 'again' })).toBe(ids[0]);
  world.alerting.resolve(ids[0] as string, world.now);
  expect(world.raise({ title: 'one more' })).not.toBe('share');
  expect(world.raise({ title: 'and one more' })).toBe('share');
});

test('alerts raised by hand on an earlier hub, beyond what may be, end at the first look', () => {
  const before = new World([]);
  for (let at = 0; at < 3; at++) before.raise({ title: `t${at}` });
  const [firing] = before.store.load().firing.slice(-1);
  const stored = Array.from({ length: 1_500 }, (_, at) => ({
    ...(firing as StoredAlert),
    alert: { ...(firing as StoredAlert).alert, id: `old${at}` },
    group: `g${at}`,
  }));
  before.store.load = () => ({ firing: stored, silences: [] });
  const world = new World([], before.store, before.now + 1000);
  world.pass(1);
  expect(world.firing()).toHaveLength(MAX_RAISED_ALERTS);
});
