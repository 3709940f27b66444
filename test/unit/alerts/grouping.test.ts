import { describe, expect, test } from '@jest/globals';
import { World } from './world.js';

const told = (world: World) => world.store.transitions.map(({ state, alert }) => `${state} ${alert.rule}`);

describe('grouping', () => {
  test('an alert for each of 500 listeners reads each of them a few times, not once for every other', () => {
    const rule = {
      name: 'low',
      table: 'connections',
      column: 'buffer_depth_ms',
      below: 50,
      groupBy: 'row',
      forS: 0,
    } as const;
    const world = new World([rule]);
    world.stream();
    for (let n = 0; n < 500; n++) world.listener(`l${n}`, { buffer_depth_ms: 10, status: 'critical' });
    for (let n = 0; n < 500; n++) world.listener(`well${n}`);
    const { connections } = world.tables;
    const get = connections.get.bind(connections);
    let reads = 0;
    connections.get = (slot, column) => {
      reads++;
      return get(slot, column);
    };
    world.pass(1);
    expect(world.firing()).toHaveLength(500);
    expect(world.alerts()[0]?.evidence).toMatch(/^500 of 999 other listeners of stream main are ok/);
    expect(reads).toBeLessThan(10_000);
  });

  test('500 listeners that lose their engine are one alert, and the engine is to blame', () => {
    const world = new World();
    world.stream();
    for (let n = 0; n < 500; n++) world.listener(`l${n}`);
    world.stream('other');
    for (let n = 0; n < 20; n++) world.listener(`o${n}`, {}, 'other');
    world.pass(10);
    world.set('streams', 'main', { publishing: 'no', audio_rate: Number.NaN, engine_offline_since: world.now / 1000 });
    for (let n = 0; n < 500; n++) {
      world.listener(`l${n}`, {
        chunk_send_rate: Number.NaN,
        status: 'critical',
        status_reason: 'rebuffering',
        playback_state: 'stalled',
        buffer_depth_ms: 0,
        time_to_gap_ms: 0,
        buffer_underruns: 2,
      });
    }
    world.pass(30);
    expect(world.alerts()).toEqual([
      expect.objectContaining({
        rule: 'engine-offline',
        severity: 'critical',
        count: 500,
        blame: 'engine',
        stream: 'main',
      }),
    ]);
    expect(world.alerts()[0]?.evidence).toBe(
      'the engine of stream main has been offline for 6 s: 500 listeners wait, while 20 of 20 listeners of other streams are ok',
    );
    world.stream();
    for (let n = 0; n < 500; n++) world.listener(`l${n}`, { time_to_gap_ms: Number.NaN, buffer_underruns: 2 });
    world.pass(30);
    expect(told(world)).toEqual(['firing engine-offline', 'resolved engine-offline']);
    expect(world.store.transitions.at(-1)?.alert.count).toBe(500);
  });

  test('an alert that is over tells of what it was about, and not of how everybody left afterwards', () => {
    const world = new World();
    world.stream();
    for (let n = 0; n < 10; n++) world.listener(`l${n}`);
    world.listener('far', { latency_ms: 900, status: 'warning' });
    world.pass(30);
    world.set('streams', 'main', { publishing: 'no', audio_rate: Number.NaN, engine_offline_since: world.now / 1000 });
    for (const name of ['far', ...Array.from({ length: 10 }, (_, n) => `l${n}`)])
      world.listener(name, { latency_ms: 900, state: 'closed' });
    world.pass(60);
    expect(told(world)).toEqual(['firing listener-latency', 'resolved listener-latency']);
    const { message, blame } = world.store.transitions[1]?.alert ?? {};
    expect(message).toMatch(/^over after .*: 1 listener of stream main: latency above 500 ms, 900 ms at worst/);
    expect(blame).toEqual({
      on: 'network',
      evidence: expect.stringMatching(/^10 of 10 other listeners .* link of client-far$/),
    });
  });

  test('words and count agree while an alert goes on; one that is over says how many it was about at most', () => {
    const world = new World();
    world.stream();
    for (let n = 0; n < 10; n++) world.listener(`l${n}`);
    world.listener('l0', { latency_ms: 900, status: 'warning' });
    while (world.store.transitions.length === 0) world.pass(1);
    for (let n = 1; n < 7; n++) world.listener(`l${n}`, { latency_ms: 800, status: 'warning' });
    while (world.alerts()[0]?.count !== 7) world.pass(1);
    expect(world.alerts()[0]?.message).toMatch(/^7 listeners of stream main: latency above 500 ms/);
    for (let n = 0; n < 7; n++) world.listener(`l${n}`, { latency_ms: 40, status: 'ok' });
    world.pass(60);
    const { count, message } = world.store.transitions.at(-1)?.alert ?? {};
    expect(count).toBe(7);
    expect(message).toMatch(/^over after .*, 7 at once at most: 7 listeners of stream main: latency above 500 ms/);
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
    world.listener('bad', { chunk_send_rate: Number.NaN, buffer_depth_ms: 10, status: 'warning' });
    world.pass(20);
    expect(world.alerts()).toEqual([
      expect.objectContaining({
        rule: 'listener-buffer-low',
        blame: 'network',
        evidence:
          '10 of 10 other listeners of stream main are ok, the event loop of this hub keeps up: the remaining cause is the link of client-bad',
      }),
    ]);
  });

  test('one listener in trouble is named', () => {
    const world = new World();
    world.stream();
    for (let n = 0; n < 20; n++) world.listener(`l${n}`);
    world.listener('bad', { latency_ms: 900, status: 'warning', status_reason: 'latency' });
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule: 'listener-latency', count: 1, blame: 'network' })]);
    const [{ message, evidence } = { message: '', evidence: '' }] = world.alerts();
    expect(message).toBe('1 listener of stream main: latency above 500 ms, 900 ms at worst (client-bad)');
    expect(evidence).toBe(
      '20 of 20 other listeners of stream main are ok, its engine delivers 1.00 s of audio a second and the event loop of this hub keeps up: the remaining cause is the link of client-bad',
    );
  });

  test('an engine that is here and sends nothing is to blame', () => {
    const world = new World();
    world.stream('main', { chunks_published: 0, chunk_send_rate: 0, audio_rate: 0 });
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule: 'stream-chunk-rate', blame: 'engine' })]);
  });

  test('of a stream that drops chunks, those are named for whom it does', () => {
    const world = new World();
    world.stream('main', { dropped_per_min: 12 });
    for (let n = 0; n < 20; n++) world.listener(`l${n}`);
    world.listener('frozen', { status: 'critical', status_reason: 'frozen', trust: 'contradicting' });
    world.listener('slow', { dropped_per_min: 7 });
    world.pass(1);
    expect(world.alerts()).toEqual([expect.objectContaining({ rule: 'stream-drops', blame: 'network' })]);
    expect(world.alerts()[0]?.evidence).toMatch(/^20 of 21 other listeners .* the link of client-slow$/);
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

  test('of listeners of any stream, all others are those to compare with', () => {
    const rule = { name: 'late', table: 'connections', column: 'latency_ms', above: 500, groupBy: 'all' } as const;
    const world = new World([rule]);
    for (let n = 0; n < 6; n++) world.listener(`l${n}`, {}, `s${n % 3}`);
    world.listener('bad', { latency_ms: 900, status: 'warning' }, 's1');
    world.pass(10);
    expect(world.alerts()).toEqual([expect.objectContaining({ count: 1, blame: 'network' })]);
    expect(world.alerts()[0]?.evidence).toBe(
      '6 of 6 other listeners are ok, the event loop of this hub keeps up: the remaining cause is the link of client-bad',
    );
  });

  test('each alert names its own rows, also where those of another are bad at the same time', () => {
    const rule = { name: 'late', table: 'connections', column: 'latency_ms', above: 500, groupBy: 'row' } as const;
    const world = new World([rule]);
    for (let n = 0; n < 8; n++) world.listener(`l${n}`);
    for (const bad of ['bad', 'worse']) world.listener(bad, { latency_ms: 900, status: 'warning' });
    world.pass(10);
    expect(world.alerts().map(({ evidence }) => evidence)).toEqual(
      ['bad', 'worse'].map(
        (name) =>
          `8 of 9 other listeners of stream main are ok, the event loop of this hub keeps up: the remaining cause is the link of client-${name}`,
      ),
    );
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
    expect(world.alerts()).toEqual([expect.objectContaining({ message: 'host here: no reading of CPU' })]);
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

test('an alert keeps the blame and the evidence of its firing, and what is found later is added, once', () => {
  const world = new World();
  world.stream();
  for (let n = 0; n < 40; n++) world.listener(`l${n}`, n === 0 ? { latency_ms: 800 } : {});
  world.pass(10);
  const [fired] = world.store.transitions;
  expect(fired?.alert).toMatchObject({ rule: 'listener-latency', blame: { on: 'network' } });
  // The run ends: the engine leaves, and what the listener says of its latency stays as it was.
  world.stream('main', { publishing: 'no', chunk_send_rate: Number.NaN, engine_offline_since: world.now / 1000 });
  world.pass(40);
  const [row] = world.alerts().filter(({ rule }) => rule === 'listener-latency');
  expect(row?.blame).toBe('network');
  const evidence = String(fired?.alert.blame?.evidence);
  expect(row?.evidence?.startsWith(`${evidence}; later engine: the engine of stream main has been offline for`)).toBe(
    true,
  );
  expect(row?.evidence?.match(/later/g)).toHaveLength(1);
  world.set('connections', 'l0', { latency_ms: 40 });
  world.pass(20);
  const over = world.store.transitions.find(({ key }) => key === `${row?.id}:resolved`);
  expect(over?.alert.blame).toEqual({ on: 'network', evidence: row?.evidence });
});
