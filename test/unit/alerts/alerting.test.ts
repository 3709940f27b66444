import { MAX_RAISED_ALERTS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { World } from './world.js';

const told = (world: World) => world.store.transitions.map(({ state, alert }) => `${state} ${alert.rule}`);

describe('a value that flaps around its threshold every second for ten minutes', () => {
  // By a step, by a fifth, and from one end of the scale to the other; slower than a second, too.
  test.each([
    ['a step', 2000.1, 2000, 1],
    ['a fifth', 2400, 1600, 1],
    ['all of it', 90_000, 0, 1],
    ['all of it, every three seconds', 90_000, 0, 3],
  ])('by %s makes one alert and one resolve', (_, bad, good, every) => {
    const world = new World([
      { name: 'slow', table: 'engines', column: 'synthesis_latency_ms', above: 2000, forS: every === 1 ? 5 : 2 },
    ]);
    world.stream();
    world.pass(600, (second) =>
      world.set('engines', 'main', { synthesis_latency_ms: Math.floor(second / every) % 2 === 0 ? bad : good }),
    );
    expect(told(world)).toEqual(['firing slow']);
    world.set('engines', 'main', { synthesis_latency_ms: 300 });
    world.pass(600);
    expect(told(world)).toEqual(['firing slow', 'resolved slow']);
  });

  test('and so does a built-in rule', () => {
    const world = new World();
    world.stream();
    world.pass(600, (second) => world.set('engines', 'main', { synthesis_latency_ms: second % 2 === 0 ? 2300 : 1700 }));
    world.set('engines', 'main', { synthesis_latency_ms: 300 });
    world.pass(60);
    expect(told(world)).toEqual(['firing synthesis-slow', 'resolved synthesis-slow']);
  });
});

describe('states', () => {
  const RULE = { name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 5, clearForS: 10 } as const;
  const worldAt = (cpu: number) => {
    const world = new World([RULE]);
    world.set('hosts', 'here', { cpu_percent: cpu });
    return world;
  };

  test('pending shows, and fires when it has held for long enough', () => {
    const world = worldAt(95);
    world.pass(1);
    expect(world.alerts('pending')).toEqual([expect.objectContaining({ rule: 'busy', count: 0 })]);
    world.pass(4);
    expect(world.firing()).toEqual([]);
    world.pass(1);
    const [alert] = world.alerts();
    expect(alert).toMatchObject({ rule: 'busy', count: 1, value: 95, since: 1_000_001 });
    expect(alert?.message).toBe('host here: CPU above 90 %, 95 % at worst');
  });

  test('that its CPU is busy is not the evidence of a busy CPU', () => {
    const world = new World([RULE, { name: 'disk', table: 'hosts', column: 'disk_mb_s', above: 100 }]);
    world.set('hosts', 'hub', { cpu_percent: 95, disk_mb_s: 200 });
    world.pass(10);
    expect(world.alerts().map(({ rule, evidence }) => [rule, evidence])).toEqual([
      ['busy', 'it is a reading of this node itself'],
      ['disk', 'it is a reading of this node itself, while the CPU of this host is at 95 %'],
    ]);
  });

  test('what was bad for a moment leaves nothing behind', () => {
    const world = worldAt(95);
    world.pass(3);
    world.set('hosts', 'here', { cpu_percent: 50 });
    world.pass(3);
    expect([world.alerts('pending'), world.store.transitions]).toEqual([[], []]);
  });

  test('clears at another level than it fires, and only after a while', () => {
    const world = worldAt(95);
    world.pass(10);
    // Between 81 and 90 it is neither.
    world.set('hosts', 'here', { cpu_percent: 82 });
    world.pass(60);
    expect(world.firing()).toEqual(['busy']);
    world.set('hosts', 'here', { cpu_percent: 81 });
    world.pass(9);
    expect(world.firing()).toEqual(['busy']);
    world.pass(1);
    expect(world.firing()).toEqual([]);
    const [, resolved] = world.store.transitions;
    expect(resolved?.alert.message).toBe('over after 1 min 19 s: host here: CPU above 90 %, 95 % at worst');
  });

  test('waits before it fires again, as another alert', () => {
    const world = worldAt(95);
    world.pass(10);
    world.set('hosts', 'here', { cpu_percent: 10 });
    world.pass(10);
    world.set('hosts', 'here', { cpu_percent: 95 });
    world.pass(59);
    expect([world.firing(), world.alerts('pending')]).toEqual([[], [expect.objectContaining({ rule: 'busy' })]]);
    world.pass(2);
    expect(world.firing()).toEqual(['busy']);
    expect(new Set(world.store.transitions.map(({ alert }) => alert.id)).size).toBe(2);
  });

  test('a resolved one stays for five minutes', () => {
    const world = worldAt(95);
    world.pass(10);
    world.set('hosts', 'here', { cpu_percent: 10 });
    world.pass(10);
    expect(world.alerts('resolved')).toHaveLength(1);
    world.pass(299);
    expect(world.alerts('resolved')).toHaveLength(1);
    world.pass(1);
    expect(world.tables.alerts.size).toBe(0);
  });

  test('each transition is logged, at the level of its severity', () => {
    const world = new World([{ ...RULE, title: 'Host CPU high', severity: 'critical' }]);
    world.set('hosts', 'here', { cpu_percent: 95 });
    world.pass(10);
    world.set('hosts', 'here', { cpu_percent: 10 });
    world.pass(10);
    expect(world.log.map(({ level, message }) => [level, message])).toEqual([
      ['fatal', 'ALERT: Host CPU high - host here: CPU above 90 %, 95 % at worst'],
      ['info', expect.stringMatching(/^RESOLVED: Host CPU high - over after 19 s: /)],
    ]);
  });

  const LOW = { name: 'low', table: 'connections', column: 'buffer_depth_ms', below: 50, forS: 5 } as const;

  test('is over when only rows are left that are bad for a moment each, however many of them come', () => {
    const world = new World([LOW]);
    world.stream();
    world.listener('sick', { buffer_depth_ms: 10 });
    world.pass(10);
    expect(world.firing()).toEqual(['low']);
    world.listener('sick');
    world.set('connections', 'sick', { buffer_depth_ms: 300 });
    world.pass(60, (second) => {
      world.listener(`late-${second}`, { buffer_depth_ms: 10 });
      if (second > 1) world.set('connections', `late-${second - 2}`, { buffer_depth_ms: 300 });
    });
    expect(told(world)).toEqual(['firing low', 'resolved low']);
  });

  test('goes on where another bad row takes the place of its only one', () => {
    const world = new World([LOW]);
    world.stream();
    world.listener('before', { buffer_depth_ms: 10 });
    world.pass(10);
    world.tables.connections.close(world.tables.connections.slotOf('before') as number);
    world.listener('after', { buffer_depth_ms: 10 });
    world.pass(60);
    expect(told(world)).toEqual(['firing low']);
  });

  test('full of alerts raised by hand, it lets those go that were over first, and then takes no more', () => {
    const world = new World([]);
    let address = 0;
    const raise = (title: string) => world.raise({ title }, `address ${address++}`);
    const show = world.tables.alerts;
    const [first, second] = [raise('first'), raise('second')];
    for (const id of [second, first]) {
      world.now += 1000;
      world.alerting.resolve(id as string, world.now);
    }
    for (let n = 2; n < MAX_RAISED_ALERTS; n++) raise(`t${n}`);
    expect(show.size).toBe(MAX_RAISED_ALERTS);
    const seen = () => {
      world.pass(1);
      return [second, first].map((id) => show.slotOf(id as string) !== undefined);
    };
    expect([raise('one more'), seen()]).toEqual([expect.any(String), [false, true]]);
    expect([raise('another'), seen(), raise('too many')]).toEqual([expect.any(String), [false, false], 'full']);
    expect(show.size).toBe(MAX_RAISED_ALERTS);
  });
});

test('of many alerts that go on, the words are made anew a few at a time, and of each within seconds', () => {
  const world = new World([{ name: 'busy', table: 'hosts', column: 'cpu_percent', above: 90, forS: 0 }]);
  const all = (cpu_percent: number) => {
    for (let host = 0; host < 120; host++) world.set('hosts', `h${host}`, { cpu_percent });
  };
  all(95);
  world.pass(1);
  all(96);
  const renewed = () => world.alerts().filter(({ message }) => message?.includes('96 %')).length;
  let before = 0;
  const atOnce: number[] = [];
  for (let second = 0; second < 15; second++) {
    world.pass(1);
    atOnce.push(renewed() - before);
    before = renewed();
  }
  expect([before, Math.max(...atOnce)]).toEqual([120, 50]);
});
