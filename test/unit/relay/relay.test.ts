import { STREAM } from '@auralis/server/state/tables';
import { MAX_CLOSED_ROWS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { ANYBODY } from '../limits/holders.js';
import {
  clock,
  connect,
  errors,
  hub,
  MAX_CLIENTS,
  makeRelay,
  publish,
  relay,
  report,
  row,
  stall,
  sweep,
  tables,
} from './world.js';

test('has room from the start for as many listeners as are allowed: when they come, nothing is copied', () => {
  const { rowStamp } = tables.connections;
  for (let listener = 0; listener < MAX_CLIENTS; listener++) connect('listen');
  expect(tables.connections.rowStamp).toBe(rowStamp);
  expect(rowStamp.length).toBe(MAX_CLIENTS);
});

describe('over time', () => {
  const runSeconds = (seconds: number, each?: (second: number) => void) => {
    for (let second = 1; second <= seconds; second++) {
      clock.now += 1000;
      each?.(second);
      sweep.run(clock.now);
    }
  };

  test('each listener is pinged every 10 s, and not all at once', () => {
    const listeners = Array.from({ length: 50 }, () => connect('listen'));
    const perSecond: number[] = [];
    runSeconds(20, () => perSecond.push(listeners.reduce((sum, { peer }) => sum + peer.pings.length, 0)));
    for (const { peer } of listeners) expect(peer.pings.length).toBe(2);
    for (let second = 1; second < perSecond.length; second++) {
      expect((perSecond[second] ?? 0) - (perSecond[second - 1] ?? 0)).toBe(5);
    }
  });

  test('the answer to a ping is the round trip; another pong says nothing', () => {
    const { peer, handler } = connect('listen');
    handler.onPong(peer, new Uint8Array(8));
    expect(row(0, 'rtt_ms')).toEqual([Number.NaN]);
    runSeconds(10);
    const ping = peer.pings[0] as Uint8Array;
    handler.onPong(peer, new Uint8Array(8));
    expect(row(0, 'rtt_ms')).toEqual([Number.NaN]);
    const sentAt = new DataView(ping.buffer, ping.byteOffset).getFloat64(0);
    clock.now = sentAt + 42.3;
    handler.onPong(peer, ping);
    expect(row(0, 'rtt_ms')[0]).toBeCloseTo(42.3, 1);
    clock.now += 9_000;
    handler.onPong(peer, ping);
    expect(row(0, 'rtt_ms')[0]).toBeCloseTo(42.3, 1);
  });

  test('one that confirms is pinged right after a report that says that it has read all', () => {
    const [engine, fast, slow] = [connect('publish'), connect('listen'), connect('listen')];
    let at = 0;
    const turn = () =>
      runSeconds(10, () => {
        publish(engine, 10, undefined, 0);
        at += 10;
        report(fast, { lastSeq: at });
        // It reads half of what comes, and says so.
        report(slow, { lastSeq: Math.floor(at / 2) });
      });
    const answer = ({ peer, handler }: ReturnType<typeof connect>, afterMs: number) => {
      const ping = peer.pings.at(-1) as Uint8Array;
      clock.now = new DataView(ping.buffer, ping.byteOffset).getFloat64(0) + afterMs;
      handler.onPong(peer, ping);
    };
    turn();
    const before = [fast.peer.pings.length, slow.peer.pings.length];
    turn();
    expect([fast.peer.pings.length, slow.peer.pings.length]).toEqual([1 + (before[0] ?? 0), before[1]]);
    answer(fast, 80);
    turn();
    expect(row(0, 'rtt_ms')).toEqual([80]);
    expect(row(1, 'rtt_ms')).toEqual([Number.NaN]);
  });

  test('a round trip that cannot be measured any more goes, and comes back', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    let seq = 0;
    const turn = (reads: boolean) =>
      runSeconds(10, () => {
        publish(engine, 10, undefined, 0);
        if (reads) seq = listener.peer.seqs.at(-1) as number;
        report(listener, { lastSeq: seq });
        const ping = listener.peer.pings.at(-1);
        if (reads && ping !== undefined) listener.handler.onPong(listener.peer, ping);
      });
    turn(true);
    turn(true);
    expect(row(0, 'rtt_ms')[0]).not.toBeNaN();
    turn(false);
    turn(false);
    expect(row(0, 'rtt_ms')[0]).toBeNaN();
    turn(true);
    turn(true);
    expect(row(0, 'rtt_ms')[0]).not.toBeNaN();
  });

  test('one that is silent is stale after 30 s and closed after 120 s; one that answers pings is not', () => {
    const silent = connect('listen');
    const alive = connect('listen');
    runSeconds(30);
    expect(row(0, 'state')).toEqual([0]);
    runSeconds(1);
    expect(row(0, 'state')).toEqual([1]);
    runSeconds(89, () => alive.handler.onPong(alive.peer, new Uint8Array()));
    expect([silent.peer.closedWith, hub('stalled_closed')]).toEqual([null, 0]);
    runSeconds(1);
    expect([silent.peer.closedWith, hub('stalled_closed')]).toEqual([4002, 1]);
    // It may take seconds until the close is through: it is counted once.
    runSeconds(3, () => alive.handler.onPong(alive.peer, new Uint8Array()));
    expect(hub('stalled_closed')).toBe(1);
    expect(alive.peer.closedWith).toBeNull();
    report(alive, { chunksReceived: 1 });
    expect(row(1, 'state')).toEqual([0]);
  });

  test('a closed row stays 60 s with its reason, then goes; so does an idle stream', () => {
    const listener = connect('listen', 'client=alice');
    listener.handler.onClose(listener.peer, 1006, false);
    expect(row(0, 'state', 'close_code')).toEqual([2, 1006]);
    expect(tables.connections.attributesOf(0)).toEqual(['main', 'alice', '', 'connection lost']);
    runSeconds(59);
    expect([tables.connections.size, tables.streams.size]).toEqual([1, 1]);
    runSeconds(1);
    expect([tables.connections.size, tables.streams.size]).toEqual([0, 0]);
  });

  test('an engine that finishes no message for 60 s is closed, whatever it answers; an empty list is a message', () => {
    const silent = connect('publish', '', 'silent');
    const alive = connect('publish', '', 'alive');
    const pong = () => silent.handler.onPong(silent.peer, new Uint8Array());
    runSeconds(60, pong);
    expect([silent.peer.closedWith, silent.peer.pings.length, hub('stalled_closed')]).toEqual([null, 6, 0]);
    alive.handler.onMessage(alive.peer, Buffer.from('[]'), false);
    runSeconds(3, pong);
    expect([silent.peer.closedWith, alive.peer.closedWith, hub('stalled_closed')]).toEqual([4002, null, 1]);
    expect(alive.peer.sent).toEqual([]);
    silent.handler.onClose(silent.peer, 1006, false);
    expect(() => connect('publish', '', 'silent')).not.toThrow();
  });

  test('rates: missing without an engine, right with one, from its first second', () => {
    const engine = connect('publish');
    connect('listen');
    runSeconds(10, () => publish(engine, 10, undefined, 0));
    expect(row(0, 'chunk_send_rate')).toEqual([10]);
    expect(tables.streams.get(0, STREAM.chunk_send_rate)).toBe(10);
    engine.handler.onClose(engine.peer, 1006, false);
    runSeconds(1);
    expect(row(0, 'chunk_send_rate')).toEqual([Number.NaN]);
    expect(tables.streams.get(0, STREAM.publishing)).toBe(0);
    expect(tables.streams.get(0, STREAM.engine_offline_since)).toBe(Math.round((clock.now - 1000) / 1000));
    connect('publish');
    expect(tables.streams.get(0, STREAM.engine_offline_since)).toBeNaN();
  });

  test('rates: another engine’s begin with it, and take nothing from the one before', () => {
    const first = connect('publish');
    connect('listen');
    runSeconds(10, () => publish(first, 10, undefined, 0));
    first.handler.onClose(first.peer, 1006, false);
    clock.now += 300;
    const second = connect('publish');
    const seen: (number | undefined)[] = [];
    for (let tenth = 1; tenth <= 40; tenth++) {
      if (tenth > 3) publish(second, 1);
      else clock.now += 100;
      if (tenth % 5 === 2) {
        sweep.run(clock.now);
        seen.push(...row(0, 'chunk_send_rate'), tables.streams.get(0, STREAM.chunk_send_rate));
      }
    }
    const known = seen.filter((rate) => !Number.isNaN(rate));
    expect(known.length).toBeGreaterThanOrEqual(12);
    for (const rate of known) expect(rate).toBeLessThanOrEqual(10);
    expect(known.at(-1)).toBeGreaterThan(9);
  });

  test.each([
    ['11 drops in 60 s are 11', 5_999, 11],
    ['11 drops in 61 s are never more than 10', 6_100, 10],
  ])('%s, of the listener and of its stream', (_, apartMs, most) => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    const seen: number[] = [];
    for (let drop = 0; drop < 11; drop++) {
      listener.peer.status = 2;
      publish(engine, 1, undefined, apartMs);
      listener.peer.status = 1;
      sweep.run(clock.now);
      seen.push(row(0, 'dropped_per_min')[0] ?? 0, tables.streams.get(0, STREAM.dropped_per_min));
    }
    expect(Math.max(...seen)).toBe(most);
    expect(row(0, 'chunks_dropped')).toEqual([11]);
    runSeconds(61, () => listener.handler.onPong(listener.peer, new Uint8Array()));
    expect([row(0, 'dropped_per_min')[0], tables.streams.get(0, STREAM.dropped_per_min)]).toEqual([0, 0]);
  });

  test('a stream’s latency is that of its synced listeners alone', () => {
    const [synced, unsynced] = [connect('listen'), connect('listen')];
    clock.now += 100;
    report(synced, { avgLatencyMs: 40, clockErrorMs: 3, bufferDepthMs: 300 });
    report(unsynced, { avgLatencyMs: -14_960, bufferDepthMs: 100 });
    runSeconds(1);
    expect(tables.streams.get(0, STREAM.latency_p50_ms)).toBe(40);
    expect(tables.streams.get(0, STREAM.latency_p95_ms)).toBe(40);
    expect(tables.streams.get(0, STREAM.buffer_depth_p5_ms)).toBe(100);
  });
});

test('strangers who listen to names without end leave room for engines; a name that nobody uses makes room', () => {
  // An engine without a socket: its stream is idle between its events, and is not one that nobody uses.
  expect(relay.keep('by-events', clock.now, ANYBODY)).toBeNull();
  const listeners = Array.from({ length: 899 }, (_, name) => connect('listen', '', `n${name}`));
  expect(() => connect('listen', '', 'one-more')).toThrow('too many streams');
  for (let name = 0; name < 100; name++) connect('publish', '', `e${name}`);
  expect(() => connect('publish', '', 'engine')).toThrow('too many streams');
  expect(() => connect('listen', '', 'e7')).not.toThrow();
  for (const name of [5, 3]) {
    clock.now += 1;
    listeners[name]?.handler.onClose(listeners[name].peer, 1006, false);
  }
  connect('publish', '', 'engine');
  expect(['n5', 'n3', 'by-events'].map((name) => relay.streams.has(name))).toEqual([false, true, true]);
  expect(tables.streams.size).toBe(1000);
});

test('one engine a stream; the next goes on counting, and listeners hear its format', () => {
  const first = connect('publish');
  const listener = connect('listen');
  expect(() => connect('publish')).toThrow('stream main has its engine already');
  publish(first, 3);
  first.handler.onClose(first.peer, 1006, false);
  const second = connect('publish', 'encoding=pcm_s16le&sampleRate=44100&channels=1');
  publish(second, 2);
  expect(listener.peer.seqs).toEqual([1, 2, 3, 4, 5]);
  const texts = listener.peer.sent
    .filter((message) => typeof message === 'string')
    .map((message) => JSON.parse(message as string));
  expect(texts[0]).toMatchObject({ type: 'welcome', stream: 'main', seq: 0, format: null });
  expect(texts[1]).toEqual({ type: 'format', format: { encoding: 'pcm_s16le', sampleRate: 44_100, channels: 1 } });
  const late = connect('listen');
  expect(JSON.parse(late.peer.sent[0] as string)).toMatchObject({ seq: 5, format: { sampleRate: 44_100 } });
});

test('an engine whose events are all refused keeps its socket, and its listeners the audio', () => {
  const [engine, listener] = [connect('publish'), connect('listen')];
  for (let event = 0; event < 100; event++) {
    engine.handler.onMessage(engine.peer, Buffer.from('{"type":"queue","depth":-1}'), false);
  }
  publish(engine, 1);
  expect([engine.peer.closedWith, engine.peer.sent.length]).toEqual([null, 60]);
  expect(listener.peer.seqs).toEqual([1]);
});

test('a stream whose sweep throws stops the sweep of no other', () => {
  const broken = connect('listen');
  connect('listen', '', 'other');
  broken.peer.backlog = () => {
    throw new Error('sweep');
  };
  clock.now += 1_000;
  sweep.run(clock.now);
  const other = tables.streams.slotOf('other') as number;
  expect([errors, tables.streams.get(other, STREAM.listeners_ok)]).toEqual([[new Error('sweep')], 1]);
});

describe('rows of closed listeners', () => {
  /** Listeners of an address that connect and leave at once. */
  const churn = (count: number, address: string) => {
    for (let at = 0; at < count; at++) {
      const { handler, peer } = connect('listen', '', 'main', address);
      handler.onClose(peer, 1000, false);
    }
  };

  test('are bounded; the oldest of the address with most go first, and no total changes', () => {
    const neighbour = connect('listen', '', 'main', '192.0.2.1');
    churn(1, '192.0.2.2');
    churn(25_000, '192.0.2.3');
    expect(tables.connections.size).toBe(1 + MAX_CLOSED_ROWS);
    expect(hub('closed_rows_dropped')).toBe(25_001 - MAX_CLOSED_ROWS);
    const addresses = [...tables.connections.slots()].map((slot) => tables.connections.attributesOf(slot)[2]);
    expect(addresses.filter((address) => address !== '192.0.2.3').sort()).toEqual(['192.0.2.1', '192.0.2.2']);
    expect([relay.listeners, tables.streams.get(0, STREAM.active_connections)]).toEqual([1, 1]);
    neighbour.handler.onClose(neighbour.peer, 1000, false);
    clock.now += 60_000;
    sweep.run(clock.now);
    expect([tables.connections.size, relay.listeners]).toEqual([0, 0]);
  });

  test('take no more slots, however many listeners come and go', () => {
    for (let round = 0; round < 3; round++) churn(12_000, '192.0.2.3');
    expect(tables.connections.highWater).toBeLessThanOrEqual(MAX_CLOSED_ROWS + 1);
  });
});

describe('streams of one address', () => {
  test('take its share; its own that nobody uses make room for another of its own', () => {
    const shared = makeRelay(clock, 75);
    const made = (name: string, address: string) => shared.relay.streamToListenTo(name, clock.now, [address]);
    for (let name = 0; name < 800; name++) made(`a${name}`, '192.0.2.1');
    // Each new one took the place of the idlest.
    expect(shared.relay.streams.size).toBe(750);
    for (const stream of shared.relay.streams.values()) stream.idleSince = null;
    expect(made('one-more', '192.0.2.1')).toBe('share');
    expect(made('other', '192.0.2.2')).toMatchObject({ name: 'other' });
    expect(shared.relay.stream('engine', clock.now, ['192.0.2.3'])).toMatchObject({ name: 'engine' });
  });

  test('if there are too many, an idle one of the address that made most goes', () => {
    const shared = makeRelay(clock, 75);
    shared.relay.streamToListenTo('oldest', clock.now, ['192.0.2.2']);
    for (let name = 0; name < 750; name++) {
      clock.now++;
      shared.relay.streamToListenTo(`a${name}`, clock.now, ['192.0.2.1']);
    }
    for (let host = 0; host < 160; host++) {
      clock.now++;
      shared.relay.streamToListenTo(`b${host}`, clock.now, [`198.51.100.${host}`]);
    }
    expect(shared.relay.streams.has('oldest')).toBe(true);
    expect([shared.relay.streams.has('a0'), shared.relay.streams.has('b159')]).toEqual([false, true]);
  });
});

test('messages that waited while the hub stood still are not too fast', () => {
  const patient = connect('listen');
  const send = (times: number) => {
    for (let sent = 0; sent < times; sent++) report(patient, { chunksReceived: sent });
  };
  stall.ms = 4_000;
  send(250);
  expect(row(0, 'messages_refused', 'reports')).toEqual([0, 250]);
  send(1);
  expect(row(0, 'messages_refused')).toEqual([1]);
  stall.ms = 0;
  clock.now += 1_000;
  sweep.run(clock.now);
  send(51);
  expect(row(0, 'messages_refused')).toEqual([2]);
});

describe('a listener that connects again', () => {
  const refused = (count: number, address: string) => {
    const listener = connect('listen', '', 'main', address);
    for (let message = 0; message < count; message++) {
      listener.handler.onMessage(listener.peer, Buffer.from('no'), false);
    }
    listener.handler.onClose(listener.peer, 1006, false);
    return listener.peer.sent.filter((sent) => typeof sent === 'string' && sent.includes('"error"')).length;
  };
  const answers = (count: number, address: string) => {
    const listener = connect('listen', '', 'main', address);
    for (let message = 0; message < count; message++) {
      listener.handler.onMessage(listener.peer, Buffer.from('{"type":"clock_sync","t0":1}'), false);
    }
    listener.handler.onClose(listener.peer, 1006, false);
    return listener.peer.sent.filter((sent) => typeof sent === 'string' && sent.includes('clock_sync')).length;
  };

  test('is answered three refusals more a minute than one that stays', () => {
    const first = refused(40, '192.0.2.1');
    sweep.run(clock.now);
    expect([first, refused(40, '192.0.2.1'), refused(40, '192.0.2.1')]).toEqual([40, 23, 3]);
    expect(refused(40, '192.0.2.2')).toBe(40);
    clock.now += 60_000;
    expect(refused(40, '192.0.2.1')).toBe(40);
  });

  test('may send half as many messages in its first second as one that stays, whoever used the address before', () => {
    expect([answers(40, '192.0.2.1'), answers(40, '192.0.2.1'), answers(40, '192.0.2.1')]).toEqual([40, 25, 25]);
    expect(answers(40, '192.0.2.2')).toBe(40);
    clock.now += 1_000;
    expect(answers(40, '192.0.2.1')).toBe(40);
  });
});

test('an engine that comes after strangers of its address is told of 32 refusals, and closed for its own only', () => {
  const refused = (stream: string, times: number) => {
    const engine = connect('publish', '', stream, '192.0.2.1');
    for (let time = 0; time < times; time++) engine.handler.onMessage(engine.peer, Buffer.from('{'), false);
    return engine;
  };
  const strangers = [1, 2, 3].map((at) => refused(`stranger${at}`, 70));
  for (const { handler, peer } of strangers) handler.onClose(peer, 1006, false);
  expect(strangers.map(({ peer }) => peer.closedWith)).toEqual([4103, 4103, 4103]);
  const honest = refused('main', 60);
  expect([honest.peer.sent.length, honest.peer.closedWith]).toEqual([32, null]);
  honest.handler.onMessage(honest.peer, Buffer.from('{'), false);
  expect(honest.peer.closedWith).toBe(4103);
});
