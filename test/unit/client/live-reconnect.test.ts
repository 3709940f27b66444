import { type Change, LiveClient } from '@auralis/client';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { CHANNEL, FakeHub, FakeSource } from './fake-hub.js';
import { FakeRuntime, fakeSockets, last } from './fake-world.js';

const URL_LIVE = 'ws://127.0.0.1:8000/api/v1/live';

/** A client with rows `a` and `b`. */
function watching() {
  const runtime = new FakeRuntime();
  const { WebSocket, made } = fakeSockets();
  const live = new LiveClient(URL_LIVE, { WebSocket, runtime });
  const states: string[] = [];
  live.onState((state) => states.push(state));
  const changes: Change[] = [];
  const sub = live.subscribe('connections', { intervalMs: 250 }, (change) => changes.push(change));
  const source = new FakeSource();
  source.set('a', 1);
  source.set('b', 2);
  source.delta(runtime.time);
  const hub = new FakeHub(last(made)).accept(runtime.time);
  hub.subscribed(1);
  hub.send(source.snapshot(runtime.time));
  return { runtime, made, live, states, changes, sub, source, hub };
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('after a break', () => {
  test('the rows stay until the first snapshot replaces them', () => {
    const { runtime, made, states, changes, sub, source } = watching();
    const row = sub.rows.get('a');
    last(made).end(4000);
    expect([sub.ready, [...sub.rows.keys()], states]).toEqual([false, ['a', 'b'], ['live', 'reconnecting']]);
    runtime.advance(500);
    const hub = new FakeHub(last(made)).accept(runtime.time);
    expect(hub.take('subscribe')).toMatchObject([{ sub: 1, topic: 'connections', intervalMs: 250 }]);
    hub.subscribed(1, 5);
    expect([sub.ready, [...sub.rows.keys()], changes.length]).toEqual([false, ['a', 'b'], 1]);

    source.remove('b');
    source.set('a', 10);
    source.set('c', 3);
    source.delta(runtime.time);
    hub.send(source.snapshot(runtime.time, 5));
    expect(sub.ready).toBe(true);
    expect(changes[1]).toEqual({ reset: true, added: ['c'], removed: ['b'], changed: new Set(['a']), t: runtime.time });
    expect(row?.get('latency_ms')).toBe(10);
    expect(sub.total).toBe(2);
    expect(states).toEqual(['live', 'reconnecting', 'live']);
  });

  test('frames of channels of before mean nothing', () => {
    const { runtime, made, source, sub, changes } = watching();
    last(made).end(1006);
    runtime.advance(500);
    const hub = new FakeHub(last(made)).accept(runtime.time);
    source.set('a', 77);
    hub.send(source.delta(runtime.time));
    hub.subscribed(1);
    hub.send(source.delta(runtime.time));
    expect([sub.rows.get('a')?.get('latency_ms'), changes.length]).toEqual([1, 1]);
    expect(hub.take('resync')).toEqual([]);
  });

  test('another hub may answer', () => {
    const { runtime, made, sub, changes } = watching();
    last(made).end(1006);
    runtime.advance(500);
    const hub = new FakeHub(last(made)).accept(runtime.time);
    hub.subscribed(1);
    const other = new FakeSource('hub-z@9');
    other.set('b', 5);
    other.delta(runtime.time);
    hub.send(other.snapshot(runtime.time));
    expect(changes[1]).toMatchObject({ reset: true, added: [], removed: ['a'], changed: new Set(['b']) });
    expect(sub.rows.get('b')?.source).toBe('hub-z@9');
  });

  test('what was ended meanwhile is not subscribed again', () => {
    const { runtime, made, sub } = watching();
    last(made).end(1006);
    sub.unsubscribe();
    runtime.advance(500);
    expect(new FakeHub(last(made)).accept(runtime.time).take('subscribe')).toEqual([]);
  });

  test('for good the client is closed, with the code', () => {
    const { runtime, made, live, states } = watching();
    last(made).end(4101);
    expect([live.closeCode, states]).toEqual([4101, ['live', 'closed']]);
    runtime.advance(3_600_000);
    expect([made.length, runtime.timers.size]).toEqual([1, 0]);
  });
});

describe('a hub that is silent', () => {
  test('is asked after 3 s and given up after 5', () => {
    const { runtime, made, live, states, hub } = watching();
    hub.requests();
    runtime.advance(2_900);
    expect(hub.take('ping')).toEqual([]);
    runtime.advance(1_500);
    expect(hub.take('ping')).toHaveLength(1);
    expect(states).toEqual(['live']);
    runtime.advance(700);
    expect([states, live.loss?.reason]).toEqual([['live', 'reconnecting'], 'the hub went silent']);
    runtime.advance(250);
    expect(made).toHaveLength(2);
  });

  test('is not given up while it answers: a slow subscription is quiet for as long', () => {
    const { runtime, states, hub } = watching();
    for (let second = 0; second < 120; second++) {
      runtime.advance(1000);
      for (const { t } of hub.take('ping')) hub.say({ kind: 'pong', t, now: runtime.time });
    }
    expect(states).toEqual(['live']);
  });

  test('owes nothing but a PONG every 10 s where nothing is subscribed', () => {
    const { runtime, states, hub, sub } = watching();
    sub.unsubscribe();
    hub.requests();
    let pings = 0;
    for (let second = 0; second < 60; second++) {
      runtime.advance(1000);
      for (const { t } of hub.take('ping')) {
        pings++;
        hub.say({ kind: 'pong', t, now: runtime.time });
      }
    }
    expect([pings, states]).toEqual([6, ['live']]);
    runtime.advance(16_000);
    expect(states).toEqual(['live', 'reconnecting']);
  });

  test('is not blamed for a page that was frozen', () => {
    const { runtime, states, source, hub } = watching();
    runtime.freeze(60_000);
    runtime.advance(0);
    expect(states).toEqual(['live']);
    hub.send(source.delta(runtime.time));
    runtime.advance(3000);
    expect(states).toEqual(['live']);
  });

  test('after connecting is given up too', () => {
    const runtime = new FakeRuntime();
    const { WebSocket, made } = fakeSockets();
    const live = new LiveClient(URL_LIVE, { WebSocket, runtime });
    last(made).accept();
    runtime.advance(6000);
    expect([made.length, live.state]).toEqual([2, 'connecting']);
  });
});

describe('a hub that cannot be understood', () => {
  test.each([Uint8Array.of(0xc1), Uint8Array.of(0x91, 99), 'no JSON'])('is left and tried again', (message) => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    const { made, live, states, sub } = watching();
    last(made).receive(message);
    expect(states).toEqual(['live', 'reconnecting']);
    expect(live.loss?.reason).toMatch(/^not understood: ./);
    expect([...sub.rows.keys()]).toEqual(['a', 'b']);
    // Who wants to know asks `loss`: a console may be a terminal on which a screen is drawn.
    expect(report).not.toHaveBeenCalled();
  });
});

describe('weeks on a wall', () => {
  test('leave nothing behind: rows that come and go, breaks, gaps and new boots', () => {
    const { runtime, made, sub, live } = watching();
    for (let week = 1; week <= 50; week++) {
      last(made).end(4000);
      runtime.advance(20_000);
      const hub = new FakeHub(last(made)).accept(runtime.time);
      hub.subscribed(1, CHANNEL + week);
      const source = new FakeSource(`hub-a@${week}`);
      hub.send(source.snapshot(runtime.time, CHANNEL + week));
      for (let row = 0; row < 20; row++) {
        source.set(`${week}-${row}`, row);
        hub.send(source.delta(runtime.time, CHANNEL + week));
        source.remove(`${week}-${row}`);
      }
      hub.send(source.delta(runtime.time, CHANNEL + week));
    }
    expect([sub.rows.size, sub.total, live.state]).toEqual([0, 0, 'live']);
    expect(runtime.timers.size).toBe(1);
  });
});
