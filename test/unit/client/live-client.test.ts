import { type Change, LiveClient, type LiveClientOptions, type Subscription } from '@auralis/client';
import { SCHEMAS } from '@auralis/shared';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { CHANNEL, FakeHub, FakeSource, SOURCE } from './fake-hub.js';
import { FakeRuntime, fakeSockets, last } from './fake-world.js';

const URL_LIVE = 'ws://127.0.0.1:8000/api/v1/live';

function world(options: LiveClientOptions = {}) {
  const runtime = new FakeRuntime();
  const { WebSocket, made } = fakeSockets();
  const live = new LiveClient(URL_LIVE, { WebSocket, runtime, ...options });
  const states: string[] = [];
  live.onState((state) => states.push(state));
  /** The hub at the newest socket, after its WELCOME. */
  const hub = () => new FakeHub(last(made), options.form).accept(runtime.time);
  return { runtime, made, live, states, hub };
}

/** A client with one subscription that has had its first snapshot: one row, `a`, of 10 ms. */
function subscribed(options: LiveClientOptions = {}) {
  const it = world(options);
  const changes: Change[] = [];
  const sub = it.live.subscribe('connections/main', { intervalMs: 250 }, (change) => changes.push(change));
  const hub = it.hub();
  const source = new FakeSource(SOURCE, options.form);
  source.set('a', 10);
  source.delta(it.runtime.time);
  hub.subscribed(1);
  hub.send(source.snapshot(it.runtime.time));
  hub.requests();
  return { ...it, hub, nextHub: it.hub, sub, source, changes };
}

const rowsOf = (sub: Subscription) =>
  Object.fromEntries([...sub.rows].map(([key, row]) => [key, row.get('latency_ms')]));

afterEach(() => {
  jest.restoreAllMocks();
});

describe('LiveClient', () => {
  test('asks for the subprotocol of its form, and carries the token as one', () => {
    expect(last(world().made).protocols).toEqual(['auralis.live.v1.msgpack']);
    const { protocols, url } = last(world({ form: 'json', token: 'secret??>' }).made);
    expect(protocols).toEqual(['auralis.live.v1.json', 'auralis.token.c2VjcmV0Pz8-']);
    expect(url).toBe(URL_LIVE);
  });

  test('knows the catalogue after WELCOME', () => {
    const { live, hub, states } = world();
    expect([live.state, live.hub, live.columns('connections')]).toEqual(['connecting', null, []]);
    hub();
    expect(live.hub?.hub).toBe(SOURCE);
    expect(live.columns('connections').map(({ name }) => name)).toEqual(
      SCHEMAS.connections.columns.map(({ name }) => name),
    );
    expect(live.columns('no such table')).toEqual([]);
    expect(states).toEqual(['live']);
  });

  test('subscribes what was asked for before WELCOME and after', () => {
    const { live, hub } = world();
    live.subscribe('hosts', {}, () => {});
    const served = hub();
    live.subscribe(
      'connections',
      { intervalMs: 100, columns: ['rtt_ms'], view: { sort: 'rtt_ms', limit: 5 } },
      () => {},
    );
    expect(served.take('subscribe')).toEqual([
      { kind: 'subscribe', sub: 1, topic: 'hosts', intervalMs: 1000, options: { ack: true } },
      {
        kind: 'subscribe',
        sub: 2,
        topic: 'connections',
        intervalMs: 100,
        options: { columns: ['rtt_ms'], view: { sort: 'rtt_ms', limit: 5 }, ack: true },
      },
    ]);
  });

  test('estimates the clock of the hub, from WELCOME at first and then from PONG', () => {
    const { live, made, runtime } = world();
    expect(live.now()).toBe(runtime.time);
    const hub = new FakeHub(last(made)).accept(runtime.time + 5000);
    expect(live.now() - runtime.time).toBe(5000);
    const [ping] = hub.take('ping');
    runtime.freeze(40);
    hub.say({ kind: 'pong', t: ping?.t as number, now: runtime.time - 20 + 5030 });
    expect(live.now() - runtime.time).toBeCloseTo(5030, 2);
  });

  test('stops telling who no longer wants to know', () => {
    const { live, hub } = world();
    const states: string[] = [];
    const end = live.onState((state) => states.push(state));
    hub();
    end();
    live.close();
    expect(states).toEqual(['live']);
  });

  test('closes for good, and keeps its rows', () => {
    const { live, sub, made, states, runtime } = subscribed();
    live.close();
    expect(states).toEqual(['live', 'closed']);
    expect(last(made).closedWith).toBe(1000);
    expect(rowsOf(sub)).toEqual({ a: 10 });
    runtime.advance(3_600_000);
    expect([made.length, runtime.timers.size]).toEqual([1, 0]);
  });
});

describe.each(['msgpack', 'json'] as const)('a subscription over %s', (form) => {
  test('shows the rows as they are now', () => {
    const { sub, source, hub, changes, runtime } = subscribed({ form });
    expect(changes).toEqual([{ reset: true, added: ['a'], removed: [], changed: new Set(), t: runtime.time }]);
    const row = sub.rows.get('a');
    expect([row?.key, row?.source, row?.attribute('stream'), row?.attribute('no such')]).toEqual([
      'a',
      SOURCE,
      'main',
      '',
    ]);
    expect([row?.get('latency_ms'), row?.get('rtt_ms'), row?.get('no such')]).toEqual([10, null, null]);

    source.set('a', 11.5);
    source.set('b', 20);
    hub.send(source.delta(runtime.time + 250));
    expect(changes[1]).toEqual({
      reset: false,
      added: ['b'],
      removed: [],
      changed: new Set(['a']),
      t: runtime.time + 250,
    });
    expect(row?.get('latency_ms')).toBe(11.5);

    source.remove('a');
    hub.send(source.delta(runtime.time + 500));
    expect(changes[2]).toMatchObject({ added: [], removed: ['a'] });
    expect(rowsOf(sub)).toEqual({ b: 20 });
    expect(sub.total).toBe(1);
  });

  test('calls a row that went and came again in one frame changed', () => {
    const { sub, source, hub, changes, runtime } = subscribed({ form });
    source.remove('a');
    source.set('a', 99);
    hub.send(source.delta(runtime.time));
    expect(changes[1]).toMatchObject({ added: [], removed: [], changed: new Set(['a']) });
    expect(rowsOf(sub)).toEqual({ a: 99 });
  });
});

describe('a subscription', () => {
  test('acknowledges each frame, after the page has dealt with it', () => {
    const { live, hub, runtime, made } = world();
    const source = new FakeSource();
    const seen: number[] = [];
    live.subscribe('connections', {}, () => seen.push(last(made).sent.length));
    const served = hub();
    served.subscribed(1);
    served.requests();
    served.send(source.snapshot(runtime.time));
    for (let frame = 1; frame <= 40; frame++) served.send(source.delta(runtime.time));
    expect(seen).toEqual(Array.from({ length: 41 }, (_, before) => before));
    expect(served.requests()).toEqual(
      Array.from({ length: 41 }, (_, seq) => ({ kind: 'ack', channel: CHANNEL, source: SOURCE, seq })),
    );
  });

  test('does not acknowledge what it did not subscribe to', () => {
    const { hub, source, runtime } = subscribed();
    hub.send(source.delta(runtime.time, CHANNEL + 1));
    expect(hub.requests()).toEqual([]);
  });

  test('asks once for a snapshot after a gap, and goes on from it', () => {
    const { sub, source, hub, changes, runtime } = subscribed();
    source.set('a', 20);
    source.delta(runtime.time);
    for (let frame = 0; frame < 5; frame++) hub.send(source.delta(runtime.time));
    expect(hub.take('resync')).toEqual([{ kind: 'resync', sub: 1, source: SOURCE }]);
    expect(rowsOf(sub)).toEqual({ a: 10 });
    expect(changes).toHaveLength(1);
    hub.send(source.snapshot(runtime.time));
    expect(changes[1]).toMatchObject({ reset: true, added: [], removed: [], changed: new Set(['a']) });
    expect(rowsOf(sub)).toEqual({ a: 20 });
    source.set('a', 30);
    hub.send(source.delta(runtime.time));
    expect(rowsOf(sub)).toEqual({ a: 30 });
    source.delta(runtime.time);
    hub.send(source.delta(runtime.time));
    expect(hub.take('resync')).toHaveLength(1);
  });

  test('asks again where the snapshot does not come', () => {
    const { source, hub, runtime } = subscribed();
    source.delta(runtime.time);
    hub.send(source.delta(runtime.time));
    runtime.freeze(5000);
    hub.send(source.delta(runtime.time));
    expect(hub.take('resync')).toHaveLength(2);
  });

  test('takes no harm from frames that come twice, as when two subscriptions share a channel', () => {
    const { live, sub, source, hub, changes, runtime } = subscribed();
    const twin = live.subscribe('connections/main', { intervalMs: 250 }, () => {});
    hub.subscribed(2);
    source.set('a', 20);
    const first = source.delta(runtime.time);
    hub.send(first);
    expect(twin.ready).toBe(false);
    const snapshot = source.snapshot(runtime.time);
    hub.send(snapshot);
    source.set('a', 30);
    const second = source.delta(runtime.time);
    hub.send(second, second);
    expect([rowsOf(sub), rowsOf(twin)]).toEqual([{ a: 30 }, { a: 30 }]);
    expect(changes).toHaveLength(4);
    expect(hub.take('resync')).toEqual([]);
  });

  test('that is ended hears no more, and says so to the hub once', () => {
    const { sub, source, hub, changes, runtime } = subscribed();
    sub.unsubscribe();
    sub.unsubscribe();
    hub.send(source.delta(runtime.time));
    expect(hub.requests()).toEqual([{ kind: 'unsubscribe', sub: 1 }]);
    expect(changes).toHaveLength(1);
  });

  test('can be brought up by hand', () => {
    const { sub, hub } = subscribed();
    sub.resync();
    expect(hub.requests()).toEqual([{ kind: 'resync', sub: 1, source: null }]);
  });

  test('tells a refusal, and is told apart from the others', () => {
    const { live, hub } = world();
    const told: Change[] = [];
    const bad = live.subscribe('wishes', {}, (change) => told.push(change));
    const good = live.subscribe('hosts', {}, () => {});
    const served = hub();
    served.say({ kind: 'error', sub: 1, code: 'unknown_topic', message: 'topic: not "wishes"' });
    expect(bad.error).toEqual({ code: 'unknown_topic', message: 'topic: not "wishes"' });
    expect([bad.ready, good.error, told.length]).toEqual([false, null, 1]);
    expect(told[0]).toMatchObject({ reset: false, added: [], removed: [] });
    served.requests();
    bad.unsubscribe();
    expect(served.requests()).toEqual([]);
  });

  test('goes on where a callback throws, and reports it', () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    const { live, hub, runtime, states } = world();
    const sub = live.subscribe('connections', {}, () => {
      throw new Error('the page is broken');
    });
    const served = hub();
    served.subscribed(1);
    const source = new FakeSource();
    source.set('a', 1);
    source.delta(runtime.time);
    served.send(source.snapshot(runtime.time), source.delta(runtime.time));
    expect(rowsOf(sub)).toEqual({ a: 1 });
    expect(report).toHaveBeenCalledTimes(2);
    expect(states).toEqual(['live']);
    expect(served.take('ack')).toHaveLength(2);
  });
});

describe('several sources', () => {
  test('are merged, and one that is gone takes its rows along', () => {
    const { sub, source, hub, changes, runtime } = subscribed();
    const other = new FakeSource('hub-b@1');
    other.set('b', 50);
    other.delta(runtime.time);
    hub.send(other.snapshot(runtime.time));
    expect(changes[1]).toMatchObject({ added: ['b'], removed: [] });
    source.set('a', 11);
    hub.send(source.delta(runtime.time));
    expect([rowsOf(sub), sub.total]).toEqual([{ a: 11, b: 50 }, 2]);
    hub.say({ kind: 'gone', channel: CHANNEL, source: 'hub-b@1' });
    expect(changes[3]).toMatchObject({ reset: false, removed: ['b'] });
    expect([rowsOf(sub), sub.total]).toEqual([{ a: 11 }, 1]);
    hub.say({ kind: 'gone', channel: CHANNEL, source: 'hub-b@1' });
    expect(changes).toHaveLength(4);
  });

  test('with a row of the same key show the one that came last, then the other', () => {
    const { sub, hub, changes, runtime } = subscribed();
    const other = new FakeSource('hub-b@1');
    other.set('a', 50);
    other.delta(runtime.time);
    hub.send(other.snapshot(runtime.time));
    expect([rowsOf(sub), sub.rows.get('a')?.source]).toEqual([{ a: 50 }, 'hub-b@1']);
    hub.say({ kind: 'gone', channel: CHANNEL, source: 'hub-b@1' });
    expect([rowsOf(sub), sub.rows.get('a')?.source]).toEqual([{ a: 10 }, SOURCE]);
    expect(last(changes)).toMatchObject({ added: [], removed: [], changed: new Set(['a']) });
  });

  test('of which one is a new boot of another: the old one is forgotten', () => {
    const { sub, hub, changes, runtime } = subscribed();
    const reborn = new FakeSource('hub-a@2');
    reborn.set('z', 1);
    reborn.delta(runtime.time);
    hub.send(reborn.snapshot(runtime.time));
    expect(rowsOf(sub)).toEqual({ z: 1 });
    expect(changes[1]).toMatchObject({ added: ['z'], removed: ['a'] });
  });

  test('of which one is unknown yet: its snapshot is asked for', () => {
    const { hub, runtime } = subscribed();
    hub.send(new FakeSource('hub-b@1').delta(runtime.time));
    expect(hub.take('resync')).toEqual([{ kind: 'resync', sub: 1, source: 'hub-b@1' }]);
  });
});

describe('a client that is behind', () => {
  test('says so until the snapshot', () => {
    const { live, hub, source, runtime, states } = subscribed();
    hub.say({ kind: 'behind', channel: CHANNEL, skipped: 3, behindMs: 2100 });
    expect(live.state).toBe('behind');
    hub.say({ kind: 'behind', channel: CHANNEL, skipped: 9, behindMs: 4100 });
    hub.send(source.snapshot(runtime.time));
    expect(states).toEqual(['live', 'behind', 'live']);
  });

  test('is so no more when the subscription that was is ended', () => {
    const { hub, sub, states } = subscribed();
    hub.say({ kind: 'behind', channel: CHANNEL, skipped: 3, behindMs: 2100 });
    sub.unsubscribe();
    expect(states).toEqual(['live', 'behind', 'live']);
  });

  test('is so no more on a new connection', () => {
    const { hub, states, made, runtime, nextHub } = subscribed();
    hub.say({ kind: 'behind', channel: CHANNEL, skipped: 3, behindMs: 2100 });
    last(made).end(4002);
    runtime.advance(500);
    nextHub();
    expect(states).toEqual(['live', 'behind', 'reconnecting', 'live']);
  });

  test('knows by how much', () => {
    const { live, hub, source, runtime } = subscribed();
    runtime.freeze(1400);
    expect(live.behindMs).toBe(0);
    runtime.freeze(3600);
    expect(live.behindMs).toBe(4000);
    hub.send(source.delta(runtime.time));
    expect(live.behindMs).toBe(0);
  });
});
