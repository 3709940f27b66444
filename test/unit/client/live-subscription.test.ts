import type { Change } from '@auralis/client';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { CHANNEL, FakeSource, SOURCE } from './fake-hub.js';
import { last } from './fake-world.js';
import { rowsOf, subscribed, world } from './live-world.js';

afterEach(() => {
  jest.restoreAllMocks();
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

test('a subscription that the hub refuses as too fast is asked for again 5 s later, and no other is', () => {
  const { live, hub, runtime } = world();
  const [fast, wrong, ended] = ['hubs', 'nope', 'streams'].map((topic) => live.subscribe(topic, {}, () => {}));
  const served = hub();
  served.requests();
  const codes = ['too_fast', 'unknown_topic', 'too_fast'] as const;
  for (const [at, code] of codes.entries()) served.say({ kind: 'error', sub: at + 1, code, message: '' });
  expect(fast?.error?.code).toBe('too_fast');
  ended?.unsubscribe();
  runtime.advance(5_000);
  const subs = served.take('subscribe').map(({ sub }) => sub);
  expect([subs, fast?.error, wrong?.error?.code]).toEqual([[1], null, 'unknown_topic']);
  served.say({ kind: 'error', sub: 1, code: 'too_fast', message: '' });
  live.close();
  expect(runtime.timers.size).toBe(0);
});
