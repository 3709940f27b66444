import { MAX_EPISODES } from '@auralis/server/alerts/episodes';
import { SCHEMAS } from '@auralis/shared';
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
  hosts(0, MAX_EPISODES, 95);
  world.pass(1);
  expect([refused(), warnings().length]).toEqual([0, 0]);

  hosts(MAX_EPISODES, MAX_EPISODES + 3, 95);
  world.pass(5);
  expect([refused(), world.firing().length]).toEqual([3, MAX_EPISODES]);
  expect(warnings()).toEqual([expect.objectContaining({ details: { refused: 3 } })]);

  hosts(0, 10, 5);
  world.pass(5);
  expect([refused(), world.firing().length, warnings().length]).toEqual([0, MAX_EPISODES - 7, 1]);

  hosts(MAX_EPISODES + 3, MAX_EPISODES + 12, 95);
  world.pass(2);
  expect([refused(), warnings().length]).toEqual([2, 2]);
});
