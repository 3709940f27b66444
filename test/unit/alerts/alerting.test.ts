import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
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
    expect(alert?.message).toBe('host here: cpu_percent above 90 %, 95 % at worst');
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
    expect(resolved?.alert.message).toBe('over after 1 min 19 s: host here: cpu_percent above 90 %, 95 % at worst');
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
    const world = new World([{ ...RULE, title: 'The host is busy', severity: 'critical' }]);
    world.set('hosts', 'here', { cpu_percent: 95 });
    world.pass(10);
    world.set('hosts', 'here', { cpu_percent: 10 });
    world.pass(10);
    expect(world.log.map(({ level, message }) => [level, message])).toEqual([
      ['fatal', 'ALERT: The host is busy - host here: cpu_percent above 90 %, 95 % at worst'],
      ['info', expect.stringMatching(/^RESOLVED: The host is busy - over after 19 s: /)],
    ]);
  });
});

describe('grouping', () => {
  test('500 listeners that lose their engine are one alert, and the engine is to blame', () => {
    const world = new World();
    world.stream();
    for (let n = 0; n < 500; n++) world.listener(`l${n}`);
    world.stream('other');
    for (let n = 0; n < 20; n++) world.listener(`o${n}`, {}, 'other');
    world.pass(10);
    world.set('streams', 'main', { publishing: 'no', chunk_send_rate: Number.NaN, engine_lost_at: world.now / 1000 });
    for (let n = 0; n < 500; n++) {
      world.listener(`l${n}`, {
        chunk_send_rate: Number.NaN,
        health: 'critical',
        health_reason: 'starving',
        playback_state: 'stalled',
        buffer_depth_ms: 0,
        time_to_silence_ms: 0,
        buffer_underruns: 2,
      });
    }
    world.pass(30);
    expect(world.alerts()).toEqual([
      expect.objectContaining({
        rule: 'engine-gone',
        severity: 'critical',
        count: 500,
        blame: 'engine',
        stream: 'main',
      }),
    ]);
    expect(world.alerts()[0]?.evidence).toBe(
      'the engine of stream main has been gone for 26 s: 500 listeners wait, while 20 of 20 listeners of other streams are well',
    );
    world.stream();
    for (let n = 0; n < 500; n++) world.listener(`l${n}`, { time_to_silence_ms: Number.NaN, buffer_underruns: 2 });
    world.pass(30);
    expect(told(world)).toEqual(['firing engine-gone', 'resolved engine-gone']);
    expect(world.store.transitions.at(-1)?.alert.count).toBe(500);
  });

  test('a stream that never had an engine is waited for, not missed', () => {
    const world = new World();
    world.stream('main', { publishing: 'no', chunks_published: 0 });
    world.listener('anna', { chunk_send_rate: Number.NaN });
    world.pass(60);
    expect(world.firing()).toEqual([]);
  });

  test('listeners that another server serves have no engine here, and are alerted of all the same', () => {
    const world = new World();
    world.set('streams', 'main', { publishing: 'no', chunks_published: 0 });
    for (let n = 0; n < 10; n++) world.listener(`l${n}`, { chunk_send_rate: Number.NaN });
    world.listener('bad', { chunk_send_rate: Number.NaN, buffer_depth_ms: 10, health: 'warning' });
    world.pass(20);
    expect(world.alerts()).toEqual([
      expect.objectContaining({
        rule: 'listener-buffer-low',
        blame: 'network',
        evidence:
          '10 of 10 other listeners of stream main are well, this hub keeps time: what is left is the link of client-bad',
      }),
    ]);
  });

  test('one listener in trouble is named', () => {
    const world = new World();
    world.stream();
    for (let n = 0; n < 20; n++) world.listener(`l${n}`);
    world.listener('bad', { latency_ms: 900, health: 'warning', health_reason: 'latency' });
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule: 'listener-latency', count: 1, blame: 'network' })]);
    const [{ message, evidence } = { message: '', evidence: '' }] = world.alerts();
    expect(message).toBe('1 listener of stream main: latency_ms above 500 ms, 900 ms at worst (client-bad)');
    expect(evidence).toBe(
      '20 of 20 other listeners of stream main are well, its engine delivers 10.0 chunks a second and this hub keeps time: what is left is the link of client-bad',
    );
  });

  test('by row, by any attribute, or all together', () => {
    const rule = { table: 'connections', column: 'latency_ms', above: 500, forS: 0 } as const;
    const world = new World([
      { ...rule, name: 'each', groupBy: 'row' },
      { ...rule, name: 'streams' },
      { ...rule, name: 'all', groupBy: 'all' },
    ]);
    for (const [key, stream] of [
      ['a', 'one'],
      ['b', 'one'],
      ['c', 'two'],
    ] as const) {
      world.listener(key, { latency_ms: 600 }, stream);
    }
    world.pass(1);
    expect(world.alerts().map(({ rule, scope, count }) => [rule, scope, count])).toEqual([
      ['each', 'stream=one connection=a client=client-a', 1],
      ['each', 'stream=one connection=b client=client-b', 1],
      ['each', 'stream=two connection=c client=client-c', 1],
      ['streams', 'stream=one', 2],
      ['streams', 'stream=two', 1],
      ['all', '', 3],
    ]);
  });

  test('a slot that is used again is another row', () => {
    const world = new World([{ name: 'late', table: 'connections', column: 'latency_ms', above: 500, forS: 5 }]);
    const slot = world.listener('a', { latency_ms: 600 });
    world.pass(4);
    world.tables.connections.close(slot);
    expect(world.listener('b', { latency_ms: 600 })).toBe(slot);
    world.pass(5);
    expect(world.firing()).toEqual([]);
    world.pass(1);
    expect(world.firing()).toEqual(['late']);
  });

  test('who has left is in no alert', () => {
    const world = new World([{ name: 'late', table: 'connections', column: 'latency_ms', above: 500, forS: 0 }]);
    world.listener('a', { latency_ms: 600, state: 'closed' });
    world.pass(10);
    expect(world.firing()).toEqual([]);
  });
});

describe('absence', () => {
  test('of a reading', () => {
    const world = new World([{ name: 'mute', table: 'hosts', column: 'cpu_percent', absent: true, forS: 3 }]);
    world.set('hosts', 'here', { cpu_percent: 3 });
    world.pass(10);
    expect(world.firing()).toEqual([]);
    world.set('hosts', 'here', { cpu_percent: Number.NaN });
    world.pass(4);
    expect(world.alerts()).toEqual([expect.objectContaining({ message: 'host here: no reading of cpu_percent' })]);
    world.set('hosts', 'here', { cpu_percent: 3 });
    world.pass(12);
    expect(world.firing()).toEqual([]);
  });

  test('of a row', () => {
    const rule = {
      name: 'off-air',
      table: 'streams',
      column: 'publishing',
      absent: true,
      while: ['id = main'],
    } as const;
    const world = new World([rule]);
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule: 'off-air', scope: 'stream=main', count: 1 })]);
    world.stream('other');
    world.pass(10);
    expect(world.firing()).toEqual(['off-air']);
    world.stream('main');
    world.pass(15);
    expect(world.firing()).toEqual([]);
  });
});

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
    expect(world.store.kept.size).toBe(0);
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
    const first = world.alerting.raise(alert, world.now);
    world.pass(5);
    const again = world.alerting.raise({ ...alert, message: 'exit code 2' }, world.now);
    expect([first?.isNew, again]).toEqual([true, { id: first?.id, isNew: false }]);
    expect(world.alerts()).toEqual([
      expect.objectContaining({ rule: 'manual', message: 'exit code 2', stream: 'main' }),
    ]);
    expect(world.alerting.resolve(first?.id ?? '', world.now)).toBe('resolved');
    expect(told(world)).toEqual(['firing manual', 'resolved manual']);
  });

  test('it is over by itself after a day without anybody raising it again', () => {
    const world = new World([]);
    world.alerting.raise(alert, world.now);
    world.now += 86_390_000;
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

describe('for any readings', () => {
  const reading = fc.record({
    depth: fc.option(fc.integer({ min: -2000, max: 2000 }), { nil: Number.NaN }),
    latency: fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 }), { nil: Number.NaN }),
    trust: fc.constantFrom('live', 'live', 'live', 'stale', 'hidden', 'unsynced', 'diverged'),
    state: fc.constantFrom('open', 'open', 'stale', 'closed'),
    playing: fc.constantFrom('playing', 'paused'),
    stays: fc.integer({ min: 1, max: 20 }),
  });

  const play = (world: World, listeners: readonly (readonly Readonly<Record<string, unknown>>[])[], trust?: string) => {
    world.stream();
    const length = Math.max(...listeners.map((steps) => steps.length));
    for (let step = 0; step < length; step++) {
      for (const [n, steps] of listeners.entries()) {
        const at = steps[step % steps.length] as Record<string, number & string>;
        world.listener(`l${n}`, {
          buffer_depth_ms: at.depth ?? 0,
          latency_ms: at.latency ?? 0,
          trust: trust ?? at.trust ?? 'live',
          state: at.state ?? 'open',
          playback_state: at.playing ?? 'playing',
        });
      }
      world.pass(
        Number((listeners[0]?.[step % (listeners[0]?.length ?? 1)] as { stays: number } | undefined)?.stays ?? 1),
      );
    }
  };
  const listeners = fc.array(fc.array(reading, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });

  test('an alert fires once and is resolved once, in this order', () => {
    fc.assert(
      fc.property(listeners, (steps) => {
        const world = new World();
        play(world, steps);
        world.listener('l0', { state: 'closed' });
        for (let n = 0; n < 4; n++) world.listener(`l${n}`, { state: 'closed' });
        world.pass(30);
        const byAlert = new Map<string, string[]>();
        for (const { alert, state } of world.store.transitions) {
          byAlert.set(alert.id, [...(byAlert.get(alert.id) ?? []), state]);
        }
        for (const states of byAlert.values()) expect(states).toEqual(['firing', 'resolved']);
        expect(new Set(world.store.transitions.map(({ key }) => key)).size).toBe(world.store.transitions.length);
        expect(world.store.firing.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test.each(['stale', 'hidden', 'unsynced', 'diverged'])(
    'what a listener that is %s says of itself fires nothing',
    (trust) => {
      fc.assert(
        fc.property(listeners, (steps) => {
          const world = new World();
          play(world, steps, trust);
          expect(world.store.transitions).toEqual([]);
        }),
        { numRuns: 100 },
      );
    },
  );
});
