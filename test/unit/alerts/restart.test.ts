import { describe, expect, test } from '@jest/globals';
import { World } from './world.js';

describe('a restart', () => {
  const RULE = { name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 0 } as const;
  const before = () => {
    const world = new World([RULE]);
    world.set('hosts', 'here', { cpu_percent: 95 });
    world.pass(5);
    return world;
  };

  test('an alert whose rows are not back yet goes on, and is resolved under the same id', () => {
    const { store, now } = before();
    const after = new World([RULE], store, now + 5000);
    after.pass(59);
    expect(after.firing()).toEqual(['busy']);
    after.pass(1);
    expect(after.firing()).toEqual([]);
    expect(store.transitions.map(({ key }) => key)).toEqual([
      `${store.transitions[0]?.alert.id}:firing`,
      `${store.transitions[0]?.alert.id}:resolved`,
    ]);
  });

  test('one that still holds is not told again', () => {
    const { store, now } = before();
    const after = new World([RULE], store, now + 5000);
    after.set('hosts', 'here', { cpu_percent: 95 });
    after.pass(300);
    expect(store.transitions).toHaveLength(1);
  });

  test('one whose rule is gone is over', () => {
    const { store, now } = before();
    const after = new World([], store, now + 5000);
    after.pass(1);
    expect(store.transitions.map(({ state }) => state)).toEqual(['firing', 'resolved']);
  });

  test('silences go on', () => {
    const world = new World([RULE]);
    const silence = { matchers: { rule: 'busy' }, author: 'anna', reason: 'we know', endsAt: world.now + 1e6 };
    world.alerting.silence(silence, world.now);
    const after = new World([RULE], world.store, world.now + 5000);
    after.set('hosts', 'here', { cpu_percent: 95 });
    after.pass(10);
    expect([after.alerts()[0]?.silenced, after.store.transitions]).toEqual([1, []]);
  });
});
