import { CLOSE, SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { CHANNEL, FakeHub, FakeSource, SOURCE } from './fake-hub.js';
import { last } from './fake-world.js';
import { rowsOf, subscribed, URL_LIVE, world } from './live-world.js';

describe('LiveClient', () => {
  test('asks for the subprotocol of its form, and carries the token as one', () => {
    expect(last(world().made).protocols).toEqual(['auralis.live.v1.msgpack']);
    const { protocols, url } = last(world({ form: 'json', token: 'secret??>' }).made);
    expect(protocols).toEqual(['auralis.live.v1.json', 'auralis.token.c2VjcmV0Pz8-']);
    expect(url).toBe(URL_LIVE);
  });

  test('asks for its token anew each time it connects, and stays away where it is not allowed', () => {
    const tokens = ['one', 'two'];
    const { made, live, runtime } = world({ token: () => tokens.shift() ?? '' });
    last(made).end(1006);
    runtime.advance(2_000);
    last(made).end(1006);
    runtime.advance(2_000);
    expect(made.map(({ protocols }) => protocols.slice(1))).toEqual([
      ['auralis.token.b25l'],
      ['auralis.token.dHdv'],
      [],
    ]);
    last(made).end(CLOSE.NOT_ALLOWED);
    runtime.advance(60_000);
    expect([made.length, live.state, live.closeCode]).toEqual([3, 'closed', 4101]);
  });

  test('comes again once where its token has ended, and stays away where it brings the old one', () => {
    const { made, live, hub, runtime } = world({ token: 'old' });
    hub();
    last(made).end(CLOSE.ACCESS_ENDED);
    expect(live.state).toBe('reconnecting');
    runtime.advance(500);
    last(made).accept();
    last(made).end(CLOSE.NOT_ALLOWED);
    runtime.advance(600_000);
    expect([made.length, live.state, live.closeCode]).toEqual([2, 'closed', CLOSE.NOT_ALLOWED]);
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

  test('tells of each try that fails, and why, until one succeeds', () => {
    const { live, hub, made, runtime, states } = world();
    expect(live.loss).toBeNull();
    last(made).end(1006, 'connection refused');
    expect([states, live.loss]).toEqual([['connecting'], { code: 1006, reason: 'connection refused' }]);
    runtime.advance(500);
    last(made).end(4001, 'full');
    expect([states, live.loss]).toEqual([['connecting', 'connecting'], { code: 4001, reason: 'full' }]);
    runtime.advance(1_000);
    hub();
    expect([states.slice(2), live.loss]).toEqual([['live'], null]);
    last(made).end(4101, 'this needs a token');
    expect([states.slice(3), live.loss]).toEqual([['closed'], { code: 4101, reason: 'this needs a token' }]);
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

  test('is told each time what the hub skipped', () => {
    const { hub, sub, source, runtime, changes } = subscribed();
    for (const notice of [
      { skipped: 3, behindMs: 2100 },
      { skipped: 9, behindMs: 4100 },
    ]) {
      const told = changes.length;
      hub.say({ kind: 'behind', channel: CHANNEL, ...notice });
      expect([sub.behind, changes.slice(told)]).toEqual([
        notice,
        [{ reset: false, added: [], removed: [], changed: new Set(), t: runtime.time }],
      ]);
    }
    hub.send(source.snapshot(runtime.time));
    expect(sub.behind).toBeNull();
  });

  test('stays so until each of its subscriptions has had its snapshot', () => {
    const { live, hub, sub, source, runtime, states } = subscribed();
    const other = live.subscribe('connections/side', {}, () => {});
    hub.subscribed(2, CHANNEL + 1);
    hub.send(source.snapshot(runtime.time, CHANNEL + 1));
    for (const channel of [CHANNEL, CHANNEL + 1]) hub.say({ kind: 'behind', channel, skipped: 3, behindMs: 2100 });
    hub.send(source.snapshot(runtime.time));
    expect([states, sub.behind, other.behind?.skipped]).toEqual([['live', 'behind'], null, 3]);
    hub.send(source.snapshot(runtime.time, CHANNEL + 1));
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

describe('a client that pauses', () => {
  const acks = (hub: FakeHub) => hub.take('ack').map(({ channel, source, seq }) => [channel, source, seq]);

  test('applies frames and confirms them when it resumes, by the last of each source', () => {
    const { live, hub, sub, source, runtime } = subscribed();
    const other = new FakeSource('hub-b@1');
    live.pause();
    for (const latency of [20, 30]) {
      source.set('a', latency);
      hub.send(source.delta(runtime.time));
    }
    other.delta(runtime.time);
    hub.send(other.snapshot(runtime.time));
    expect([rowsOf(sub), acks(hub)]).toEqual([{ a: 30 }, []]);
    live.resume();
    expect(acks(hub)).toEqual([
      [CHANNEL, SOURCE, source.seq],
      [CHANNEL, 'hub-b@1', other.seq],
    ]);
    hub.send(source.delta(runtime.time));
    expect(acks(hub)).toHaveLength(1);
  });

  test('confirms nothing of a connection that is gone', () => {
    const { live, hub, made, source, runtime, nextHub } = subscribed();
    live.pause();
    hub.send(source.delta(runtime.time));
    last(made).end(1006);
    runtime.advance(500);
    const served = nextHub();
    served.subscribed(1);
    live.resume();
    expect(acks(served)).toEqual([]);
    served.send(source.snapshot(runtime.time));
    expect(acks(served)).toHaveLength(1);
  });

  test('is not alone: the hub answers PING', () => {
    const { live, hub, runtime, states } = subscribed();
    live.pause();
    for (let second = 0; second < 60; second++) {
      runtime.advance(1000);
      for (const { t } of hub.take('ping')) hub.say({ kind: 'pong', t, now: runtime.time });
    }
    expect(states).toEqual(['live']);
  });
});
