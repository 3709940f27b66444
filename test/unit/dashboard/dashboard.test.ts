import { Dashboard } from '@auralis/client/dashboard/model/dashboard';
import { engineRoom } from '@auralis/client/dashboard/model/engine-room';
import { factsOf } from '@auralis/client/dashboard/model/facts';
import { Histories } from '@auralis/client/dashboard/model/history';
import { catalogueOf } from '@auralis/client/dashboard/model/layout';
import type { Place } from '@auralis/client/dashboard/model/place';
import { SCHEMAS } from '@auralis/shared';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeFeed, type FakeSubscription, row } from './fake-feed.js';

const TOPIC = 'connections/main';
const OPEN = 0;
const CLOSED = 2;

let feed: FakeFeed;
let place: Place;

beforeEach(() => {
  jest.useFakeTimers();
  feed = new FakeFeed();
  place = { stream: null, connection: null };
});
afterEach(() => {
  jest.useRealTimers();
});

const makeDashboard = () => {
  const write = (next: Place) => {
    place = next;
  };
  return new Dashboard(feed, { read: () => place, write }, () => {});
};
const only = (topic: string) => feed.open(topic)[0] as FakeSubscription;
/** The subscription that follows the selected listener. */
const followed = () => feed.open(TOPIC).find(({ view }) => view?.limit === undefined) as FakeSubscription;

test('where nobody chose a stream, that with the most listeners is shown, and stays', () => {
  const dashboard = makeDashboard();
  only('streams').brings([row('few', { active_connections: 1 }), row('main', { active_connections: 9 })]);
  expect(dashboard.place).toEqual({ stream: 'main', connection: null });
  only('streams').brings([row('few', { active_connections: 99 }), row('main', { active_connections: 9 })]);
  expect(place.stream).toBe('main');
});

describe('the selected listener', () => {
  const anna = (key: string, state: number) => row(key, { client: 'anna', state });

  test('is followed to its next connection by its name', () => {
    place = { stream: 'main', connection: 'a1' };
    makeDashboard();
    expect(followed().view?.where).toEqual([['id', '=', 'a1']]);
    followed().brings([anna('a1', OPEN)]);
    expect(followed().view?.where).toEqual([['client', '=', 'anna']]);
    followed().brings([anna('a1', OPEN), anna('a0', CLOSED)]);
    expect(place.connection).toBe('a1');
    followed().brings([anna('a1', CLOSED)]);
    expect(place.connection).toBe('a1');
    followed().brings([anna('a1', CLOSED), anna('a2', OPEN)]);
    expect(place.connection).toBe('a2');
  });

  test('is waited for over a restart of the hub, and given up after 30 s', () => {
    place = { stream: 'main', connection: 'a1' };
    makeDashboard();
    followed().brings([anna('a1', OPEN)]);
    followed().brings([anna('a1', OPEN)]);
    followed().brings([]);
    expect(place.connection).toBe('a1');
    jest.advanceTimersByTime(31_000);
    followed().brings([]);
    expect(place.connection).toBeNull();
    expect(followed()).toBeUndefined();
  });

  test('that had left when it was chosen is shown as it is', () => {
    place = { stream: 'main', connection: 'a1' };
    makeDashboard();
    followed().brings([anna('a1', CLOSED)]);
    followed().brings([anna('a1', CLOSED), anna('a2', OPEN)]);
    expect(place.connection).toBe('a1');
  });

  test('without a name is let go when it has gone', () => {
    place = { stream: 'main', connection: 'x' };
    makeDashboard();
    followed().brings([row('x', { state: OPEN })]);
    expect(place.connection).toBe('x');
    followed().brings([]);
    expect(place.connection).toBeNull();
  });
});

test('of a listener is said what is out of the ordinary', () => {
  const catalogue = catalogueOf(SCHEMAS.connections.columns);
  const fine = row('1', { address: '192.0.2.1', status: 0, status_reason: 0, trust: 0, reconnects: 0 });
  expect(factsOf(fine, catalogue)).toEqual(['192.0.2.1']);
  const readings = { status: 2, status_reason: 5, trust: 4, reconnects: 2, underrun_duration_ms: 65_000 };
  expect(factsOf(row('2', readings), catalogue)).toEqual([
    'running out',
    'has heard 1 min 05 s of silence',
    'came back 2 ×',
    'trust: contradicting',
  ]);
});

describe('the engine room', () => {
  test('says of each who may be at fault how it is', () => {
    const dashboard = makeDashboard();
    only('streams').brings([
      row('main', { active_connections: 3, publishing: 1, rtt_p95_ms: 40, chunk_send_rate: 10 }),
    ]);
    only('engines').brings([row('main', { synthesis_latency_ms: 2500, real_time_factor: 30 })]);
    only('hosts').brings([row('vm', { cpu_percent: 70 })]);
    only('gpus').brings([row('0', { name: 'T4', memory_used_mb: 900 })]);
    const cards = () => engineRoom(dashboard.tables, 'main', 'vm');
    expect(cards().map(({ title, of, level }) => [title, of, level])).toEqual([
      ['Engine', 'main', 'alert'],
      ['This node', 'vm', 'off-target'],
      ['GPU', 'T4', 'ok'],
      ['Network', 'main', 'ok'],
    ]);
    const synthesis = cards()[0]?.figures.find(({ label }) => label === 'Synthesis');
    expect(synthesis).toMatchObject({ value: 2500, verdict: { level: 'alert', side: 'over' } });
    only('streams').brings([row('main', { active_connections: 3, publishing: 0 })]);
    only('engines').brings([]);
    expect(cards()[0]).toMatchObject({ trouble: 'no engine is connected', level: 'alert' });
    only('streams').brings([row('main', { active_connections: 0, publishing: 0 })]);
    expect(cards()[0]).toMatchObject({ trouble: null, level: null });
  });
});

describe('trends', () => {
  const sample = (histories: Histories, t: number, ...keys: string[]) =>
    histories.sample(
      t,
      keys.map((key) => row(key, { rtt_ms: t })),
    );

  test('of the rows seen last are kept, and no more', () => {
    const histories = new Histories(['rtt_ms'], 1_000, 60_000, 2);
    sample(histories, 1_000, 'a', 'b');
    sample(histories, 2_000, 'b', 'c');
    expect([histories.get('a'), histories.get('b')?.length, histories.get('c')?.length]).toEqual([undefined, 2, 1]);
  });

  test('break where a row was not seen', () => {
    const histories = new Histories(['rtt_ms'], 1_000, 60_000, 10);
    sample(histories, 1_000, 'a', 'b');
    for (let t = 2_000; t <= 9_000; t += 1_000) sample(histories, t, 'b');
    sample(histories, 10_000, 'a', 'b', 'b');
    const history = histories.get('a');
    const values = Array.from({ length: history?.length ?? 0 }, (_, at) => history?.value(0, at));
    expect(values).toEqual([1_000, Number.NaN, 10_000]);
    expect(histories.get('b')?.length).toBe(10);
  });
});
