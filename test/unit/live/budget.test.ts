import { Turns } from '@auralis/server/limits/turns';
import { Waiting, type WaitingSocket } from '@auralis/server/live/waiting';
import { TimeSlicer } from '@auralis/server/time/time-slicer';
import { SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, errors, hub, live, makeLive, run, sent, tables } from './world.js';

const FULL = 65 * 1024;

describe('a dashboard that reads nothing', () => {
  test('is owed its first snapshots as long as others of its own wait', () => {
    const dashboard = connect();
    dashboard.waiting = FULL;
    for (let sub = 1; sub < 32; sub++) dashboard.subscribe({}, 100, `connections/s${sub}`, sub);
    run(20);
    expect([dashboard.of('subscribed').length, dashboard.of('snapshot').length]).toEqual([31, 0]);
    dashboard.waiting = 0;
    run(1);
    expect(dashboard.of('snapshot')).toHaveLength(31);
  });

  test('and never gets its first snapshot is closed after 120 s', () => {
    const dashboard = connect();
    dashboard.waiting = FULL;
    dashboard.subscribe({}, 100, 'hubs');
    run(1_190);
    expect(dashboard.closedWith).toBeNull();
    run(20);
    expect([dashboard.closedWith, hub('stalled_closed')]).toEqual([4002, 1]);
  });
});

test('over the budget a frame is skipped, told by BEHIND, and made up for by one SNAPSHOT', () => {
  const [slow, quick] = [connect('msgpack', '192.0.2.1'), connect('msgpack', '192.0.2.2')];
  for (const dashboard of [slow, quick]) dashboard.subscribe();
  run(3);
  slow.waiting = 1_000;
  run(1);
  const other: WaitingSocket = { address: '192.0.2.1', waiting: 0, progressAt: 0, waitingSince: 0 };
  live.waiting.note(other, 48 << 20, clock.now);
  run(5);
  expect(slow.kinds()).toBe('wssddddb');
  expect(quick.of('delta')).toHaveLength(9);
  live.waiting.note(other, 0, clock.now);
  slow.waiting = 0;
  run(3);
  expect(slow.kinds()).toBe('wssddddbbsdd');
  expect([sent(slow), sent(quick)]).toEqual([12, 12]);
});

test('while room is short, dashboards that read nothing for 10 s are closed with 4001, and no others', () => {
  const [dead, alive, idle] = [connect(), connect(), connect()];
  for (const dashboard of [dead, alive]) {
    dashboard.subscribe();
    dashboard.waiting = 50_000;
  }
  run(2);
  const seconds = (count: number) => {
    for (let second = 0; second < count; second++) {
      alive.waiting--;
      run(10);
      live.waiting.hasRoom({ address: '', waiting: 1, progressAt: 0, waitingSince: 0 }, 1 << 30);
      live.keepAlive(clock.now);
    }
  };
  seconds(9);
  expect(dead.closedWith).toBeNull();
  seconds(3);
  expect([dead.closedWith, alive.closedWith, idle.closedWith]).toEqual([4001, null, null]);
  expect(hub('dashboards_shed')).toBe(1);
  // To read a byte a second is not to catch up.
  seconds(60);
  expect([alive.closedWith, idle.closedWith, hub('dashboards_shed')]).toEqual([4001, null, 2]);
});

test('bytes that wait are bounded in total and by address, and forgotten when they have left', () => {
  const waiting = new Waiting(75, 1_000);
  const socket = (address: string): WaitingSocket => ({ address, waiting: 0, progressAt: 0, waitingSince: 0 });
  const [first, second, other] = [socket('a'), socket('a'), socket('b')];
  waiting.note(first, 700, 0);
  expect([waiting.hasRoom(second, 50), waiting.hasRoom(second, 51)]).toEqual([true, false]);
  expect([waiting.hasRoom(other, 300), waiting.hasRoom(other, 301)]).toEqual([true, false]);
  waiting.note(first, 100, 1);
  waiting.note(first, 0, 2);
  expect([waiting.total, waiting.hasRoom(second, 750)]).toEqual([0, true]);
});

test('each address has its turn, and of each its sockets', () => {
  const turns = new Turns<string, string>();
  for (const item of ['a1 x', 'a1 y', 'a2 x', 'a2 y', 'b1 x', 'a1 x']) {
    turns.add(item[0] as string, item.slice(0, 2), item);
  }
  const order = [];
  for (let item = turns.next(); item !== undefined; item = turns.next()) order.push(item);
  expect(order).toEqual(['a1 x', 'b1 x', 'a2 x', 'a1 y', 'a2 y']);
});

test('many first snapshots are built one a turn of the event loop, and a newcomer of another address is next', () => {
  const turns: (() => void)[] = [];
  let time = 0;
  const clockOfSlices = () => {
    time += 5;
    return time;
  };
  const nextTurn = (callback: () => void) => void turns.push(callback);
  const sliced = makeLive(new TimeSlicer({ onError: (error) => errors.push(error), clock: clockOfSlices, nextTurn }));
  const greedy = connect('msgpack', '192.0.2.1', sliced);
  for (let sub = 0; sub < 32; sub++) greedy.subscribe({}, 5000, `connections/s${sub}`, sub);
  expect([greedy.of('subscribed').length, greedy.of('snapshot').length]).toEqual([32, 0]);
  const newcomer = connect('msgpack', '192.0.2.2', sliced);
  newcomer.subscribe({}, 5000, 'hubs');
  let steps = 0;
  for (; newcomer.of('snapshot').length === 0 && steps < 1_000; steps++) turns.shift()?.();
  // A baseline, the columns of a snapshot, and sending it, of two of the one and of the newcomer.
  const ofEach = 3 + SCHEMAS.connections.columns.length;
  expect(steps).toBeLessThanOrEqual(2 * ofEach + 3 + SCHEMAS.hubs.columns.length);
  expect(greedy.of('snapshot').length).toBeLessThanOrEqual(2);
  for (; turns.length > 0 && steps < 10_000; steps++) turns.shift()?.();
  expect(greedy.of('snapshot')).toHaveLength(32);
  // A baseline and a snapshot each, at least one turn for each.
  expect(steps).toBeGreaterThanOrEqual(2 * 32);
  expect(errors).toEqual([]);
});

test('what all channels remember is bounded, by address and in total', () => {
  for (let row = 0; row < 10_000; row++) tables.connections.open(`r${row}`, ['main', '', '', '']);
  const channels = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => {
    const dashboard = connect('msgpack', address);
    dashboard.waiting = FULL;
    for (let sub = 0; sub < 30; sub++) {
      dashboard.subscribe({ view: { where: [['client', '!=', `n${sub} ${address}`]] } }, 5000, 'connections', sub);
    }
    return dashboard.of('subscribed').length;
  });
  const [first = 0, second = 0, third = 0] = channels;
  expect([first > second, second > 0, third]).toEqual([true, true, 0]);
  expect(first + second).toBeGreaterThan(15);
  expect([hub('refused_over_share') > 0, hub('dashboards_refused') >= 30]).toEqual([true, true]);
});
