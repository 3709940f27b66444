import type { Peer } from '@auralis/server/transport/transport';
import { FrameBuilder } from '@auralis/shared';
import { describe, expect, jest, test } from '@jest/globals';
import { clock, connect, errors, hub, live, run, sent } from './world.js';

describe('a dashboard that acknowledges', () => {
  test('gets every frame while it does', () => {
    const dashboard = connect();
    dashboard.subscribe({ ack: true });
    run(100, () => dashboard.acknowledge());
    expect(dashboard.of('delta')).toHaveLength(100);
    expect([sent(dashboard), hub('frames_skipped')]).toEqual([100, 0]);
  });

  test('16 frames behind: told BEHIND, sent nothing, then the final BEHIND and exactly one SNAPSHOT', () => {
    const [slow, quick] = [connect(), connect()];
    for (const dashboard of [slow, quick]) dashboard.subscribe({ ack: true });
    run(50, () => quick.acknowledge());
    // The SNAPSHOT and 15 deltas are 16 frames.
    expect(slow.kinds()).toBe(`wss${'d'.repeat(15)}b`);
    expect(slow.of('behind')[0]).toMatchObject({ skipped: 1, behindMs: 100 });
    expect(quick.of('delta')).toHaveLength(50);
    expect(hub('frames_skipped')).toBe(35);
    slow.acknowledge();
    run(5, () => {
      for (const dashboard of [slow, quick]) dashboard.acknowledge();
    });
    expect(slow.kinds()).toBe(`wss${'d'.repeat(15)}bbsdddd`);
    expect(slow.of('behind')[1]).toMatchObject({ skipped: 36, behindMs: 3600 });
    expect([sent(slow), sent(quick)]).toEqual([55, 55]);
  });

  test('2 s behind at a slow interval: the same by time', () => {
    const dashboard = connect();
    dashboard.subscribe({ ack: true }, 1000);
    run(20);
    expect(dashboard.of('behind')).toHaveLength(0);
    run(20);
    expect(dashboard.of('behind')).toHaveLength(1);
    expect(dashboard.of('delta').length).toBeLessThan(4);
    dashboard.acknowledge();
    run(10);
    expect(dashboard.of('snapshot')).toHaveLength(2);
    expect(sent(dashboard)).toBe(50);
  });

  test('an acknowledgement of what was never sent, or of before, moves nothing', () => {
    const dashboard = connect();
    dashboard.subscribe({ ack: true });
    const channel = dashboard.of('subscribed')[0]?.channel ?? 0;
    run(30, () => dashboard.request({ kind: 'ack', channel, source: 'hub@1', seq: 4_000_000_000 }));
    expect(dashboard.of('behind')).toHaveLength(1);
    expect(dashboard.of('snapshot')).toHaveLength(1);
  });

  test('no progress for 120 s: closed once, with 4002', () => {
    const dashboard = connect();
    dashboard.subscribe({ ack: true });
    run(1200);
    expect(dashboard.closedWith).toBeNull();
    run(30);
    expect([dashboard.closedWith, hub('stalled_closed')]).toEqual([4002, 1]);
  });
});

describe('a dashboard that does not acknowledge', () => {
  test('is skipped while its socket holds too much, and brought up when it is empty', () => {
    const dashboard = connect('json');
    dashboard.subscribe();
    run(30);
    expect(dashboard.of('delta')).toHaveLength(30);
    dashboard.waiting = 65 * 1024;
    run(10);
    dashboard.waiting = 1000;
    run(10);
    // The first frame behind what waits tells that something does.
    expect(dashboard.of('delta')).toHaveLength(31);
    dashboard.waiting = 0;
    run(5);
    expect(dashboard.kinds().slice(-6)).toBe('bsdddd');
    expect(sent(dashboard)).toBe(55);
  });

  test('whose socket refuses a frame gets a SNAPSHOT later', () => {
    const dashboard = connect();
    dashboard.subscribe();
    run(3);
    dashboard.status = 2;
    run(3);
    dashboard.status = 1;
    run(3);
    expect(dashboard.of('snapshot')).toHaveLength(2);
    expect(sent(dashboard)).toBe(9);
  });
});

test('a dashboard that acknowledges nothing while it awaits the SNAPSHOT of its RESYNC does not get one', () => {
  const [silent, honest] = [connect(), connect()];
  for (const dashboard of [silent, honest]) dashboard.subscribe({ ack: true });
  run(20);
  for (const dashboard of [silent, honest]) dashboard.request({ kind: 'resync', sub: 1, source: null });
  run(20, () => honest.acknowledge());
  expect([silent, honest].map((dashboard) => dashboard.of('snapshot').length)).toEqual([1, 2]);
});

test('a hundred RESYNCs bring one SNAPSHOT', () => {
  const dashboard = connect();
  dashboard.subscribe();
  run(3);
  for (let request = 0; request < 100; request++) dashboard.request({ kind: 'resync', sub: 1, source: null });
  run(3);
  expect(dashboard.of('snapshot')).toHaveLength(2);
  expect(sent(dashboard)).toBe(6);
});

test('a newcomer goes on like the others, at every interval and in both forms', () => {
  const dashboards = [100, 250, 1000, 5000].flatMap((intervalMs) =>
    (['msgpack', 'json'] as const).map((form) => {
      const dashboard = connect(form);
      dashboard.subscribe({}, intervalMs);
      return dashboard;
    }),
  );
  run(23);
  const late = connect();
  late.subscribe({}, 250);
  run(77);
  for (const dashboard of [...dashboards, late]) expect(sent(dashboard)).toBe(100);
});

test('a quiet table: an empty DELTA a second, at intervals up to that', () => {
  const dashboard = connect();
  dashboard.subscribe();
  for (let tick = 0; tick < 100; tick++) {
    clock.now += 50;
    live.tick(clock.now);
  }
  expect(dashboard.of('delta')).toHaveLength(5);
});

test('a channel goes with its last subscriber', () => {
  const [first, second] = [connect(), connect()];
  for (const dashboard of [first, second]) dashboard.subscribe();
  expect(first.of('subscribed')[0]?.channel).toBe(second.of('subscribed')[0]?.channel);
  first.request({ kind: 'unsubscribe', sub: 1 });
  second.handler.onClose(second, 1000, false);
  const third = connect();
  third.subscribe();
  expect(third.of('subscribed')[0]?.channel).not.toBe(first.of('subscribed')[0]?.channel);
});

test('subscriptions of one socket are bounded', () => {
  const dashboard = connect();
  for (let sub = 0; sub < 40; sub++) dashboard.subscribe({}, 100, `connections/s${sub}`, sub);
  expect(dashboard.of('subscribed')).toHaveLength(32);
  expect(dashboard.of('error').map((error) => error.code)).toEqual(Array(8).fill('too_many_subscriptions'));
});

test('channels of one hub are bounded, and those that exist can still be joined', () => {
  const dashboards = Array.from({ length: 9 }, (_, at) => connect('msgpack', `192.0.2.${at}`));
  for (const [at, dashboard] of dashboards.entries()) {
    for (let sub = 0; sub < 32; sub++) dashboard.subscribe({}, 100, `connections/s${at * 32 + sub}`, sub);
  }
  const codes = dashboards.flatMap((dashboard) => dashboard.of('error').map((error) => error.code));
  // The last tenth is for addresses that hold fewer than eight.
  expect(codes).toEqual(Array(2 * (32 - 8)).fill('too_many_channels'));
  expect(hub('dashboards_refused')).toBe(codes.length);
  const late = connect();
  late.subscribe({}, 100, 'connections/s0', 1);
  expect(late.of('error')).toEqual([]);
  dashboards[0]?.handler.onClose(dashboards[0], 1000, false);
  late.subscribe({}, 100, 'connections/other', 2);
  expect(late.of('error')).toEqual([]);
});

test('channels of one address are bounded by its share, and pass to whoever shares them', () => {
  const dashboards = Array.from({ length: 8 }, () => connect('msgpack', '192.0.2.1'));
  for (const [at, dashboard] of dashboards.entries()) {
    for (let sub = 0; sub < 32; sub++) dashboard.subscribe({}, 100, `connections/s${at * 32 + sub}`, sub);
  }
  const codes = dashboards.flatMap((dashboard) => dashboard.of('error').map((error) => error.code));
  expect(codes).toEqual(Array(256 - 192).fill('over_share'));
  expect(hub('refused_over_share')).toBe(codes.length);
  const other = connect('msgpack', '192.0.2.2');
  for (let sub = 0; sub < 32; sub++) other.subscribe({}, 100, `connections/s${sub}`, sub);
  expect(other.of('error')).toEqual([]);
  // Its channels go on without the first, who may then have others.
  dashboards[0]?.handler.onClose(dashboards[0], 1000, false);
  const again = connect('msgpack', '192.0.2.1');
  for (let sub = 0; sub < 32; sub++) again.subscribe({}, 100, `connections/t${sub}`, sub);
  expect(again.of('error')).toEqual([]);
});

test('dashboards of one address are bounded by its share; the last places are for addresses that have none', () => {
  // Not `connect`: it would read 1,800 catalogues.
  const peer = { send: () => 1 } as unknown as Peer;
  const upgrade = (remoteAddress: string) => {
    const answer = live.route().upgrade({ path: '', query: new URLSearchParams(), headers: new Map(), remoteAddress });
    if ('refuse' in answer) return answer.message;
    answer.accept.onOpen(peer);
    return answer;
  };
  const places = (address: string, count: number) =>
    Array.from({ length: count }, () => upgrade(address)).filter((answer) => typeof answer !== 'string').length;
  expect(places('192.0.2.1', 1_600)).toBe(1_500);
  expect(places('192.0.2.2', 400)).toBe(300);
  expect([upgrade('192.0.2.2'), hub('dashboards_refused')]).toEqual(['all 2000 places for dashboards are taken', 101]);
  expect(upgrade('192.0.2.3')).toBeInstanceOf(Object);
});

test('a storm of SUBSCRIBE and UNSUBSCRIBE is refused beyond what any page needs', () => {
  const dashboard = connect();
  for (let round = 0; round < 70; round++) {
    dashboard.subscribe({}, 100, 'hubs', round);
    if (dashboard.of('error').length === 0) dashboard.request({ kind: 'unsubscribe', sub: round });
  }
  expect(dashboard.of('subscribed')).toHaveLength(64);
  expect(new Set(dashboard.of('error').map((error) => error.code))).toEqual(new Set(['too_fast']));
  clock.now += 5_000;
  dashboard.subscribe({}, 100, 'hubs', 1000);
  expect(dashboard.of('subscribed')).toHaveLength(65);
});

test('a channel that throws stops no other, and its dashboards are closed so that they begin with a snapshot', () => {
  const [broken, sound] = [connect(), connect()];
  broken.subscribe({}, 100);
  sound.subscribe({}, 250);
  const advance = jest.spyOn(FrameBuilder.prototype, 'advance').mockImplementationOnce(() => {
    throw new Error('frame');
  });
  run(10);
  advance.mockRestore();
  expect([broken.closedWith, sound.closedWith, errors]).toEqual([1011, null, [new Error('frame')]]);
  expect(sound.of('delta').length).toBeGreaterThan(2);
});

test('a dashboard that connects again goes on with what it had used, and one of another address does not', () => {
  const storm = (address: string) => {
    const dashboard = connect('msgpack', address);
    for (let round = 0; round < 40; round++) {
      dashboard.subscribe({}, 100, 'hubs', round);
      dashboard.request({ kind: 'unsubscribe', sub: round });
    }
    dashboard.handler.onClose(dashboard, 1000, false);
    return dashboard.of('subscribed').length;
  };
  expect([storm('192.0.2.1'), storm('192.0.2.1'), storm('192.0.2.1')]).toEqual([40, 24, 16]);
  expect(storm('192.0.2.2')).toBe(40);
  clock.now += 5_000;
  expect(storm('192.0.2.1')).toBe(40);
});

describe('a dashboard that comes after strangers of its address', () => {
  const ADDRESS = '192.0.2.1';
  const leave = (dashboard: ReturnType<typeof connect>) => dashboard.handler.onClose(dashboard, 1000, false);

  /** Strangers who use up every SUBSCRIBE and refusal, and leave. */
  function strangers(count: number): void {
    const all = Array.from({ length: count }, () => connect('msgpack', ADDRESS));
    for (const stranger of all) {
      for (let round = 0; round < 64; round++) {
        stranger.subscribe({}, 1000, 'hubs', round);
        stranger.request({ kind: 'unsubscribe', sub: round });
      }
      for (let refusal = 0; refusal < 60; refusal++) stranger.request({ kind: 'unsubscribe', sub: 99 });
      leave(stranger);
    }
  }

  test('is served sixteen SUBSCRIBEs at once, and never closed for the rest', () => {
    strangers(6);
    const honest = connect('msgpack', ADDRESS);
    for (let sub = 0; sub < 32; sub++) honest.subscribe({}, 1000, 'hubs', sub);
    const refused = honest.of('error').map(({ sub, code }) => [sub, code]);
    expect(honest.of('subscribed')).toHaveLength(16);
    expect(refused).toEqual(Array.from({ length: 16 }, (_, at) => [16 + at, 'too_fast']));
    for (let again = 0; again < 40; again++) honest.subscribe({}, 1000, 'hubs', 16 + (again % 16));
    expect(honest.closedWith).toBeNull();
    clock.now += 5_000;
    for (let sub = 16; sub < 32; sub++) honest.subscribe({}, 1000, 'hubs', sub);
    expect(honest.of('subscribed')).toHaveLength(32);
  });

  test('is told of 32 refusals, and closed for its own only', () => {
    strangers(20);
    const honest = connect('msgpack', ADDRESS);
    clock.now += 5_000;
    const refuse = (times: number) => {
      for (let time = 0; time < times; time++) honest.subscribe({ columns: ['nope'] }, 1000, 'hubs', 1);
    };
    refuse(60);
    expect([honest.of('error').length, honest.closedWith]).toEqual([32, null]);
    honest.subscribe({}, 1000, 'hubs', 2);
    expect(honest.of('subscribed')).toHaveLength(1);
    refuse(1);
    expect(honest.closedWith).toBe(4103);
  });

  test('may make a hundred requests in its first second', () => {
    const stranger = connect('msgpack', ADDRESS);
    for (let t = 0; t < 250; t++) stranger.request({ kind: 'ping', t });
    leave(stranger);
    const honest = connect('msgpack', ADDRESS);
    for (let t = 0; t < 150; t++) honest.request({ kind: 'ping', t });
    expect([stranger.of('pong').length, honest.of('pong').length, honest.of('error').length]).toEqual([200, 100, 50]);
    expect(honest.closedWith).toBeNull();
    clock.now += 1_000;
    honest.request({ kind: 'ping', t: 1 });
    expect(honest.of('pong')).toHaveLength(101);
  });
});
