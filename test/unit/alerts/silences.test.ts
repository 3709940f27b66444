import { describe, expect, test } from '@jest/globals';
import { type NotedStore, World } from './world.js';

const told = (world: World) => world.store.transitions.map(({ state, alert }) => `${state} ${alert.rule}`);

describe('silences', () => {
  const RULE = { name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 0 } as const;
  const silenced = (lastsS: number, matchers: Record<string, string> = { rule: 'busy' }) => {
    const world = new World([RULE]);
    const request = { matchers, author: 'anna', reason: 'we know', endsAt: world.now + lastsS * 1000 };
    world.alerting.silence(request, world.now);
    world.set('hosts', 'here', { cpu_percent: 95 });
    return world;
  };

  test('an alert under one shows, marked, is logged, and nobody is told, not even that it is over', () => {
    const world = silenced(3600);
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule: 'busy', silenced: 1 })]);
    world.set('hosts', 'here', { cpu_percent: 1 });
    world.pass(20);
    expect(world.alerts('resolved')).toHaveLength(1);
    expect([world.log.length, world.store.transitions]).toEqual([2, []]);
  });

  test('what still fires when it ends is told then, with the time at which it fired', () => {
    const world = silenced(30);
    world.pass(29);
    expect(told(world)).toEqual([]);
    world.pass(1);
    expect(told(world)).toEqual(['firing busy']);
    expect(world.store.transitions[0]?.at).toBe(1_000_001_000);
    expect(world.alerts()).toEqual([expect.objectContaining({ silenced: 0 })]);
    expect(world.store.silences.size).toBe(0);
  });

  test('and when somebody ends it', () => {
    const world = silenced(3600);
    world.pass(5);
    const [silence] = world.alerting.silences();
    expect(world.alerting.unsilence(silence?.id ?? '', world.now)).toBe(true);
    expect(told(world)).toEqual(['firing busy']);
  });

  test('who was told that it fires is told that it is over, whatever silences it by then', () => {
    const world = silenced(3600, { rule: 'another' });
    world.pass(5);
    const request = { matchers: { host: 'here' }, author: 'anna', reason: 'we know', endsAt: world.now + 1e6 };
    world.alerting.silence(request, world.now);
    expect(world.alerts()).toEqual([expect.objectContaining({ silenced: 1 })]);
    world.set('hosts', 'here', { cpu_percent: 1 });
    world.pass(20);
    expect(told(world)).toEqual(['firing busy', 'resolved busy']);
  });

  test('all of its matchers must match', () => {
    const world = silenced(3600, { rule: 'busy', severity: 'critical' });
    world.pass(5);
    expect(told(world)).toEqual(['firing busy']);
  });

  test('are looked through when they or the alerts change, and not every second', () => {
    const world = new World([]);
    let looks = 0;
    const matchers = new Proxy({ team: 'blue' } as Record<string, string>, {
      ownKeys: (target) => {
        looks++;
        return Reflect.ownKeys(target);
      },
    });
    const silence = { matchers, author: 'anna', reason: 'we know', endsAt: world.now + 30_000 };
    world.alerting.silence(silence, world.now);
    world.raise({ labels: { team: 'red' } });
    world.pass(1);
    const before = looks;
    world.pass(20);
    expect(looks).toBe(before);
    world.alerting.silence({ ...silence, matchers: { team: 'red' } }, world.now);
    world.pass(1);
    expect([world.alerts()[0]?.silenced, looks > before]).toEqual([1, true]);
    world.pass(20);
    expect(world.alerts()[0]?.silenced).toBe(0);
  });

  test('are bounded', () => {
    const world = new World([]);
    const request = { matchers: { rule: 'x' }, author: 'a', reason: 'b', endsAt: world.now + 1e6 };
    for (let n = 0; n < 500; n++) expect(world.alerting.silence(request, world.now)).not.toBeNull();
    expect(world.alerting.silence(request, world.now)).toBeNull();
  });
});

describe('raised by hand', () => {
  const alert = {
    severity: 'error',
    title: 'Deploy failed',
    message: 'exit code 1',
    labels: { stream: 'main' },
  } as const;

  test('it fires until somebody resolves it; raised again it is the same', () => {
    const world = new World([]);
    const first = world.raise(alert);
    world.pass(5);
    expect(world.raise({ ...alert, message: 'exit code 2' })).toBe(first);
    expect(world.alerts()).toEqual([
      expect.objectContaining({ rule: 'manual', message: 'exit code 2', stream: 'main' }),
    ]);
    expect(world.alerting.resolve(first, world.now)).toBe('resolved');
    expect(told(world)).toEqual(['firing manual', 'resolved manual']);
  });

  test('a key names it within its stream: it repeats and resolves it, whatever its words', () => {
    const world = new World([]);
    const first = world.raise({ ...alert, key: 'deploy' });
    const other = world.raise({ ...alert, key: 'deploy', labels: { stream: 'other' } });
    expect(world.raise({ ...alert, key: 'deploy', severity: 'critical', title: 'Deploy fails on' })).toBe(first);
    expect(world.alerts()).toMatchObject([
      { id: first, severity: 'critical', title: 'Deploy fails on', stream: 'main' },
      { id: other, severity: 'error', title: 'Deploy failed', stream: 'other' },
    ]);
    expect(world.alerting.resolveKey('deploy', undefined, world.now)).toBe(false);
    expect(world.alerting.resolveKey('deploy', 'main', world.now)).toBe(true);
    expect(world.alerting.resolveKey('deploy', 'main', world.now)).toBe(false);
    expect(world.alerts().map(({ id }) => id)).toEqual([other]);
    expect(told(world)).toEqual(['firing manual', 'firing manual', 'resolved manual']);
  });

  test('its key and its end outlive the hub', () => {
    const before = new World([]);
    before.raise({ ...alert, key: 'deploy', lastsMs: 600_000 });
    const after = new World([], before.store, before.now + 60_000);
    after.pass(530);
    expect(after.raise({ ...alert, key: 'deploy', lastsMs: 600_000 })).toBe(before.alerts()[0]?.id);
    after.pass(599);
    expect(after.firing()).toEqual(['manual']);
    after.pass(1);
    expect(after.firing()).toEqual([]);
  });

  test('it is over by itself after its time without anybody raising it again', () => {
    const world = new World([]);
    world.raise(alert);
    world.now += 3_590_000;
    world.pass(9);
    expect(world.firing()).toEqual(['manual']);
    world.pass(1);
    expect(world.firing()).toEqual([]);
  });

  test('what a rule sees, only the rule ends', () => {
    const world = new World([{ name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 0 }]);
    world.set('hosts', 'here', { cpu_percent: 95 });
    world.pass(1);
    expect(world.alerting.resolve(world.alerts()[0]?.id ?? '', world.now)).toBe('by a rule');
    expect(world.alerting.resolve('nobody', world.now)).toBe('unknown');
  });
});

describe('when the wall clock is set', () => {
  const HOUR_MS = 3_600_000;
  const RULE = { name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 0 } as const;
  const busy = (store?: NotedStore, now?: number) => {
    const world = new World([RULE], store, now);
    world.set('hosts', 'here', { cpu_percent: 95 });
    return world;
  };

  test('a silence ends by it', () => {
    const world = busy();
    const endsAt = world.now + 8 * HOUR_MS;
    world.alerting.silence({ matchers: { rule: 'busy' }, author: 'anna', reason: 'we know', endsAt }, world.now);
    world.pass(5);
    expect(told(world)).toEqual([]);
    world.stepWallClock(8 * HOUR_MS);
    world.pass(1);
    expect([told(world), world.alerting.silences()]).toEqual([['firing busy'], []]);
  });

  test('what is told and kept has its time, and lasts as long as it lasted', () => {
    const world = busy();
    world.pass(5);
    world.stepWallClock(-HOUR_MS);
    world.set('hosts', 'here', { cpu_percent: 1 });
    world.pass(20);
    const [fired, over] = world.store.transitions;
    expect(fired?.at).toBe(1_000_001_000);
    expect(over?.at).toBe(1_000_015_000 - HOUR_MS);
    expect(over?.alert.since).toBe(1_000_001_000 - HOUR_MS);
    expect(over?.alert.message).toMatch(/^over after 14 s/);
    expect(world.alerts('resolved')[0]?.since).toBe((1_000_001_000 - HOUR_MS) / 1000);
  });

  test('an alert that is taken up by the next start fired when the wall clock says', () => {
    const world = busy();
    world.stepWallClock(HOUR_MS);
    world.pass(5);
    const next = busy(world.store, world.now + HOUR_MS + 60_000);
    next.pass(1);
    expect(next.alerts()[0]?.since).toBe((1_000_001_000 + HOUR_MS) / 1000);
  });
});
