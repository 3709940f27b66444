import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Ranking } from '@auralis/server/live/ranking';
import { CONNECTION } from '@auralis/server/state/tables';
import { SCHEMAS, type SubscribeOptions, type View } from '@auralis/shared';
import { describe, expect, jest, test } from '@jest/globals';
import { clock, connect, type Dashboard, live, run, tables } from './world.js';

const WORST: View = { sort: 'latency_ms', desc: true, offset: 0, limit: 50, where: [['state', '!=', 'closed']] };
const WISH: SubscribeOptions = { columns: ['rtt_ms'], view: WORST };

const channelOf = (options: SubscribeOptions, intervalMs?: number, topic?: string): number => {
  const dashboard = connect();
  dashboard.subscribe(options, intervalMs, topic);
  return dashboard.of('subscribed')[0]?.channel ?? -1;
};

const idOf = (name: keyof typeof CONNECTION) => SCHEMAS.connections.columns[CONNECTION[name]]?.id as number;

/** `count` rows with a latency each. */
function open(count: number): void {
  for (let row = 0; row < count; row++) {
    const at = tables.connections.open(`row-${row}`, [row % 2 === 0 ? 'even' : 'odd', '', '', '']);
    tables.connections.set(at, CONNECTION.latency_ms, row);
  }
}

describe('equal wishes are one channel', () => {
  test.each<[string, SubscribeOptions]>([
    ['in the same words', WISH],
    ['with the columns twice, and the one sorted by', { ...WISH, columns: ['latency_ms', 'rtt_ms', 'rtt_ms'] }],
    ['without what goes without saying', { ...WISH, view: { ...WORST, offset: undefined } as never }],
    ['acknowledged', { ...WISH, ack: true }],
  ])('%s', (_, options) => expect(channelOf(options)).toBe(channelOf(WISH)));

  test.each<[string, SubscribeOptions]>([
    ['other columns', { ...WISH, columns: ['jitter_ms'] }],
    ['all columns', { view: WORST }],
    ['no view', { columns: WISH.columns as string[] }],
    ['another order', { ...WISH, view: { ...WORST, sort: 'rtt_ms' } }],
    ['the other way round', { ...WISH, view: { ...WORST, desc: false } }],
    ['another offset', { ...WISH, view: { ...WORST, offset: 50 } }],
    ['another limit', { ...WISH, view: { ...WORST, limit: 49 } }],
    ['another condition', { ...WISH, view: { ...WORST, where: [['state', '=', 'closed']] } }],
    ['no condition', { ...WISH, view: { ...WORST, where: [] } }],
  ])('%s: another one', (_, options) => expect(channelOf(options)).not.toBe(channelOf(WISH)));

  test('what decides nothing makes no other', () => {
    const all: SubscribeOptions = { columns: ['rtt_ms', 'latency_ms'], view: { sort: 'latency_ms' } };
    expect(channelOf({ ...all, view: { sort: 'latency_ms', desc: true } })).toBe(channelOf(all));
    expect(channelOf({ ...all, view: { sort: 'rtt_ms' } })).toBe(channelOf(all));
    const some: SubscribeOptions = { columns: [], view: { limit: 50 } };
    expect(channelOf({ ...some, view: { limit: 50, desc: true } })).toBe(channelOf(some));
    expect(channelOf({ ...some, view: { limit: 50, offset: 1 } })).not.toBe(channelOf(some));
  });

  test('another interval or topic: another one', () => {
    const channels = [channelOf(WISH, 100), channelOf(WISH, 250), channelOf(WISH, 100, 'connections/main')];
    expect(new Set(channels).size).toBe(3);
  });
});

test('the column that a view sorts by travels, whether it was asked for or not', () => {
  open(3);
  for (const columns of [['rtt_ms'], [], ['latency_ms']]) {
    const dashboard = connect();
    dashboard.subscribe({ columns, view: { sort: 'latency_ms', limit: 2 } });
    const expected = [...new Set([...columns, 'latency_ms'])].map((name) => idOf(name as keyof typeof CONNECTION));
    expect(new Set(dashboard.of('subscribed')[0]?.columns)).toEqual(new Set(expected));
    const rows = [...dashboard.replica.rows.values()];
    expect(rows.map((row) => row.value(idOf('latency_ms'))).sort()).toEqual([0, 1]);
  }
});

test('rows enter as added and leave as removed; total says how many match', () => {
  open(10);
  const dashboard = connect();
  dashboard.subscribe({
    columns: [],
    view: { sort: 'latency_ms', desc: true, limit: 3, where: [['latency_ms', '>', 1]] },
  });
  const rows = () => [...dashboard.replica.rows.keys()].sort();
  expect([rows(), dashboard.replica.total]).toEqual([['row-7', 'row-8', 'row-9'], 8]);
  tables.connections.set(tables.connections.slotOf('row-0') as number, CONNECTION.latency_ms, 100);
  run(1);
  const delta = dashboard.of('delta').at(-1);
  expect(delta?.added.map((row) => row.key)).toEqual(['row-0']);
  expect(delta?.removed).toHaveLength(1);
  expect([rows(), dashboard.replica.total]).toEqual([['row-0', 'row-8', 'row-9'], 9]);
});

test('a view is chosen and encoded once a tick, and written once to each dashboard', () => {
  open(100);
  const dashboards = Array.from({ length: 20 }, () => connect());
  for (const dashboard of dashboards) dashboard.subscribe({ columns: [], view: { sort: 'latency_ms', limit: 50 } });
  const chosen = jest.spyOn(Ranking.prototype, 'prepare');
  try {
    const before = dashboards.map(({ wires }) => wires.length);
    const worst = tables.connections.slotOf('row-0') as number;
    for (let tick = 1; tick <= 10; tick++) {
      tables.connections.set(worst, CONNECTION.latency_ms, -tick);
      run(1);
    }
    expect(chosen).toHaveBeenCalledTimes(10);
    expect(dashboards.map(({ wires }, at) => wires.length - (before[at] as number))).toEqual(Array(20).fill(10));
    for (const dashboard of dashboards) expect(dashboard.wires.at(-1)).toBe((dashboards[0] as Dashboard).wires.at(-1));
  } finally {
    chosen.mockRestore();
  }
});

test('each interval has a baseline of its own, in memory only while somebody subscribes', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  open(20_000);
  const held = async () => {
    collect();
    // Garbage is freed beside the program.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return process.memoryUsage().arrayBuffers;
  };
  const before = await held();
  const dashboards = [250, 1000, 5000].map((intervalMs) => {
    const dashboard = connect();
    dashboard.subscribe({}, intervalMs);
    return dashboard;
  });
  run(1);
  const baseline = SCHEMAS.connections.columns.length * 20_000 * 8;
  expect((await held()) - before).toBeGreaterThan(3 * baseline);
  for (const [at, dashboard] of dashboards.entries()) {
    if (at % 2 === 0) dashboard.handler.onClose(dashboard, 1006, false);
    else dashboard.request({ kind: 'unsubscribe', sub: 1 });
  }
  clock.now += 5000;
  live.tick(clock.now);
  expect((await held()) - before).toBeLessThan(baseline);
});
