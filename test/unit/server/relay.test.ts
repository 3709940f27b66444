import { EngineRoom } from '@auralis/server/engine/room';
import { Inbox } from '@auralis/server/ingest/inbox';
import { listenRoute } from '@auralis/server/relay/listen-route';
import { publishRoute } from '@auralis/server/relay/publish-route';
import { Relay } from '@auralis/server/relay/relay';
import { Sweep } from '@auralis/server/relay/sweep';
import { HubCounters } from '@auralis/server/state/counters';
import { EngineTotals } from '@auralis/server/state/engine-totals';
import { CONNECTION, createTables, HUB, STREAM } from '@auralis/server/state/tables';
import type { Peer, SendStatus, SocketHandler, SocketRoute } from '@auralis/server/transport/transport';
import { readChunk, Writer, writePublishedChunk } from '@auralis/shared';
import { beforeEach, describe, expect, test } from '@jest/globals';

/** A peer that notes what it is given; its socket is as full as the test says. */
class FakePeer implements Peer {
  readonly sent: (Uint8Array | string)[] = [];
  readonly pings: Uint8Array[] = [];
  status: SendStatus = 1;
  waiting = 0;
  closedWith: number | null = null;

  send(message: Uint8Array | string): SendStatus {
    if (this.status !== 2) this.sent.push(typeof message === 'string' ? message : message.slice());
    return this.status;
  }
  backlog = () => this.waiting;
  ping = (payload = new Uint8Array()) => void this.pings.push(payload.slice());
  close(code: number): void {
    this.closedWith = code;
  }
  cork = (batch: () => void) => batch();

  get seqs(): number[] {
    return this.sent.flatMap((message) => (typeof message === 'string' ? [] : [readChunk(message)?.seq ?? -1]));
  }
}

let tables: ReturnType<typeof createTables>;
let relay: Relay;
let sweep: Sweep;
let routes: Record<'listen' | 'publish', SocketRoute>;
let now = 0;

beforeEach(() => {
  now = 1_000_000;
  tables = createTables();
  const counters = new HubCounters(tables.hubs, 'hub', [], now);
  const limits = { maxMessagesPerSecond: 50, maxRefusalsPerMinute: 60, maxOutstandingMs: 2000, reportIntervalMs: 2000 };
  relay = new Relay(tables, counters, { maxClients: 1000, ...limits });
  sweep = new Sweep(relay, tables, counters);
  const engines = new EngineRoom(tables, counters, new EngineTotals(), (name, at) => relay.keep(name, at));
  const context = { relay, counters, engines, now: () => now, isDraining: () => false };
  routes = { listen: listenRoute({ ...context, tables, inbox: new Inbox() }), publish: publishRoute(context) };
});

function connect(kind: 'listen' | 'publish', query = '', stream = 'main'): { peer: FakePeer; handler: SocketHandler } {
  const request = {
    path: `/api/v1/streams/${stream}/${kind}`,
    query: new URLSearchParams(query),
    headers: new Map(),
    remoteAddress: '',
  };
  const answer = routes[kind].upgrade(request);
  if ('refuse' in answer) throw new Error(answer.message);
  const peer = new FakePeer();
  answer.accept.onOpen(peer);
  return { peer, handler: answer.accept };
}

/** Publishes `count` chunks of `durationMs`, one each `stepMs`; `each` runs after every one. */
function publish(
  engine: ReturnType<typeof connect>,
  count: number,
  each?: () => void,
  stepMs = 100,
  durationMs = 100,
): void {
  const writer = new Writer();
  for (let chunk = 0; chunk < count; chunk++) {
    now += stepMs;
    engine.handler.onMessage(
      engine.peer,
      writePublishedChunk(writer, { durationMs, payload: new Uint8Array(50) }),
      true,
    );
    each?.();
  }
}

const report = ({ peer, handler }: ReturnType<typeof connect>, metrics: object) =>
  handler.onMessage(peer, Buffer.from(JSON.stringify({ type: 'client_metrics', metrics })), false);

const row = (slot: number, ...columns: (keyof typeof CONNECTION)[]) =>
  columns.map((column) => tables.connections.get(slot, CONNECTION[column]));
const hub = (column: keyof typeof HUB) => tables.hubs.get(tables.hubs.slotOf('hub') as number, HUB[column]);

describe('a listener that confirms', () => {
  test('is dropped chunks from the bound and one report interval on, and sent again once it confirms', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 5);
    report(listener, { lastSeq: 5 });
    expect(row(0, 'chunks_in_flight', 'outstanding_ms')).toEqual([0, 0]);
    publish(engine, 50);
    // 2,000 ms + 2,000 ms: 40 chunks of 100 ms may be outstanding.
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'chunks_in_flight', 'outstanding_ms')).toEqual([45, 10, 40, 4000]);
    expect(row(0, 'dropped_per_min')).toEqual([10]);
    report(listener, { lastSeq: 45 });
    publish(engine, 1);
    expect(listener.peer.seqs.at(-1)).toBe(56);
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'chunks_in_flight')).toEqual([46, 10, 1]);
    expect(listener.peer.closedWith).toBeNull();
    expect(hub('chunks_dropped')).toBe(10);
  });

  test('that confirms every 2 s is never dropped a chunk', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    for (let interval = 0; interval < 100; interval++) {
      publish(engine, 20);
      report(listener, { lastSeq: interval * 20 + 18 });
    }
    expect(row(0, 'chunks_sent', 'chunks_dropped')).toEqual([2000, 0]);
  });

  test('is sent a chunk that is longer than the bound when nothing else is outstanding', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 1);
    report(listener, { lastSeq: 1 });
    publish(engine, 2, undefined, 100, 5_000);
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'outstanding_ms')).toEqual([2, 1, 5_000]);
    report(listener, { lastSeq: 2 });
    publish(engine, 1, undefined, 5_000, 5_000);
    expect(listener.peer.seqs).toEqual([1, 2, 4]);
  });

  test('that is hidden confirms once a minute, and its socket speaks for it', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 5);
    report(listener, { lastSeq: 5, hidden: true });
    publish(engine, 600);
    expect(row(0, 'chunks_dropped')).toEqual([0]);
    report(listener, { lastSeq: 605, hidden: false });
    publish(engine, 45);
    expect(row(0, 'chunks_dropped')).toEqual([5]);
  });

  test('that confirms what it never read is held to its socket', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 1);
    const size = (listener.peer.sent.at(-1) as Uint8Array).length;
    listener.peer.status = 0;
    publish(engine, 60, () => {
      listener.peer.waiting = listener.peer.seqs.length * size;
      report(listener, { lastSeq: listener.peer.seqs.at(-1) });
    });
    expect(row(0, 'chunks_in_flight')).toEqual([0]);
    // 2,000 ms of audio wait; what would come on top is dropped.
    expect(listener.peer.seqs.length).toBeLessThanOrEqual(22);
    expect(row(0, 'chunks_dropped')[0]).toBeGreaterThan(35);
  });

  test('a chunk that was never sent is not confirmed', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 5);
    report(listener, { lastSeq: 999 });
    publish(engine, 100);
    expect(row(0, 'chunks_dropped', 'chunks_in_flight')).toEqual([0, Number.NaN]);
  });
});

describe('a listener that does not confirm', () => {
  test('is dropped chunks by its socket’s backlog', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 60);
    expect(row(0, 'chunks_sent', 'chunks_dropped', 'outstanding_ms')).toEqual([60, 0, 0]);
    const size = (listener.peer.sent.at(-1) as Uint8Array).length;
    listener.peer.status = 0;
    publish(engine, 30, () => {
      listener.peer.waiting += size;
    });
    // 20 messages waiting are 2,000 ms; one more may still go.
    expect(row(0, 'chunks_dropped')[0]).toBeGreaterThan(0);
    expect(row(0, 'chunks_sent', 'chunks_dropped').reduce((sum, count) => (sum ?? 0) + (count ?? 0), 0)).toBe(90);
  });

  test('what the socket does not take is booked as dropped', () => {
    const [engine, listener, other] = [connect('publish'), connect('listen'), connect('listen')];
    listener.peer.status = 2;
    publish(engine, 7);
    expect(row(0, 'chunks_sent', 'chunks_dropped')).toEqual([0, 7]);
    expect(row(1, 'chunks_sent', 'chunks_dropped')).toEqual([7, 0]);
    expect(other.peer.seqs).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('over time', () => {
  const runSeconds = (seconds: number, each?: (second: number) => void) => {
    for (let second = 1; second <= seconds; second++) {
      now += 1000;
      each?.(second);
      sweep.run(now);
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
    now = sentAt + 42.3;
    handler.onPong(peer, ping);
    expect(row(0, 'rtt_ms')[0]).toBeCloseTo(42.3, 1);
    now += 9_000;
    handler.onPong(peer, ping);
    expect(row(0, 'rtt_ms')[0]).toBeCloseTo(42.3, 1);
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

  test('an engine without a sign of life for 120 s is closed; one that answers pings keeps its place', () => {
    const silent = connect('publish', '', 'silent');
    const alive = connect('publish', '', 'alive');
    runSeconds(120, () => alive.handler.onPong(alive.peer, new Uint8Array()));
    expect([silent.peer.closedWith, silent.peer.pings.length, hub('stalled_closed')]).toEqual([null, 12, 0]);
    runSeconds(3, () => alive.handler.onPong(alive.peer, new Uint8Array()));
    expect([silent.peer.closedWith, alive.peer.closedWith, hub('stalled_closed')]).toEqual([4002, null, 1]);
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
  });

  test('rates: another engine’s begin with it, and take nothing from the one before', () => {
    const first = connect('publish');
    connect('listen');
    runSeconds(10, () => publish(first, 10, undefined, 0));
    first.handler.onClose(first.peer, 1006, false);
    now += 300;
    const second = connect('publish');
    const seen: (number | undefined)[] = [];
    for (let tenth = 1; tenth <= 40; tenth++) {
      if (tenth > 3) publish(second, 1);
      else now += 100;
      if (tenth % 5 === 2) {
        sweep.run(now);
        seen.push(...row(0, 'chunk_send_rate'), tables.streams.get(0, STREAM.chunk_send_rate));
      }
    }
    const known = seen.filter((rate) => !Number.isNaN(rate));
    expect(known.length).toBeGreaterThanOrEqual(12);
    for (const rate of known) expect(rate).toBeLessThanOrEqual(10);
    expect(known.at(-1)).toBeGreaterThan(9);
  });

  test('a stream’s latency is that of its synced listeners alone', () => {
    const [synced, unsynced] = [connect('listen'), connect('listen')];
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
  expect(relay.keep('by-events', now)).toBe(true);
  const listeners = Array.from({ length: 899 }, (_, name) => connect('listen', '', `n${name}`));
  expect(() => connect('listen', '', 'one-more')).toThrow('too many streams');
  for (let name = 0; name < 100; name++) connect('publish', '', `e${name}`);
  expect(() => connect('publish', '', 'engine')).toThrow('too many streams');
  expect(() => connect('listen', '', 'e7')).not.toThrow();
  for (const name of [5, 3]) {
    now += 1;
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
