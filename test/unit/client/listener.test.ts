import { type AudioFormat, type Chunk, ClientMetrics, type ListenOptions } from '@auralis/client';
import { Writer, writeChunk } from '@auralis/shared';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { FakeRuntime, type FakeSocket, fakeSockets, last } from './fake-world.js';

const LISTEN = 'ws://127.0.0.1:8000/api/v1/streams/main/listen';
const FORMAT: AudioFormat = { encoding: 'pcm_s16le', sampleRate: 48_000, channels: 2 };
const SPEC_KEYS = ['chunksReceived', 'chunkErrors', 'bufferUnderruns', 'avgLatencyMs', 'errorRate'];
const HUB_AHEAD_MS = 15_000;

const writer = new Writer();

function world(options: ListenOptions = {}, url = LISTEN) {
  const runtime = new FakeRuntime();
  const { WebSocket, made } = fakeSockets();
  const states: string[] = [];
  const metrics = ClientMetrics.listen(url, {
    WebSocket,
    runtime,
    client: 'me',
    onState: (state) => states.push(state),
    ...options,
  });
  return { runtime, made, metrics, states };
}

type World = ReturnType<typeof world>;

function welcome(socket: FakeSocket, reportIntervalMs = 2000): void {
  socket.accept();
  socket.receive(
    JSON.stringify({ type: 'welcome', connectionId: 'c1', stream: 'main', reportIntervalMs, seq: 0, format: FORMAT }),
  );
}

function open(options: ListenOptions = {}): World & { socket: FakeSocket } {
  const it = world(options);
  const socket = last(it.made);
  welcome(socket);
  return { ...it, socket };
}

const chunkOf = (seq: number, sentAtMs: number) =>
  writeChunk(writer, { seq, sentAtMs, durationMs: 100, payload: Uint8Array.of(1, 2, 3) });

interface Sent {
  readonly type: string;
  readonly t0?: number;
  readonly metrics?: Record<string, unknown>;
}

const parsed = (socket: FakeSocket): Sent[] => socket.takeSent().map((text) => JSON.parse(text as string));

function reportsOf(socket: FakeSocket): Record<string, unknown>[] {
  return parsed(socket).flatMap(({ type, metrics }) => (type === 'client_metrics' && metrics ? [metrics] : []));
}

/** Answers the exchanges that are waiting, from a hub whose clock is ahead; each way takes 10 ms. */
function answerExchanges({ runtime, socket }: { runtime: FakeRuntime; socket: FakeSocket }): number {
  const asked = parsed(socket).filter(({ type }) => type === 'clock_sync');
  runtime.freeze(20);
  for (const { t0 } of asked) {
    const hub = (t0 as number) + 10 + HUB_AHEAD_MS;
    socket.receive(JSON.stringify({ type: 'clock_sync', t0, t1: hub, t2: hub }));
  }
  return asked.length;
}

afterEach(() => {
  jest.restoreAllMocks();
  Reflect.deleteProperty(globalThis, 'document');
  Reflect.deleteProperty(globalThis, 'sessionStorage');
});

describe('ClientMetrics.listen', () => {
  test('takes chunks, and hands them on', () => {
    const chunks: Chunk[] = [];
    const { socket, metrics, runtime } = open({ onChunk: (chunk) => chunks.push(chunk) });
    socket.receive(chunkOf(7, runtime.time - 30));
    expect(socket.binaryType).toBe('arraybuffer');
    expect(chunks).toEqual([{ seq: 7, sentAtMs: runtime.time - 30, durationMs: 100, payload: Uint8Array.of(1, 2, 3) }]);
    expect(metrics.getStats()).toMatchObject({ chunksReceived: 1, avgLatencyMs: 30, lastSeq: 7 });
  });

  test('tells states and formats', () => {
    const formats: unknown[] = [];
    const { socket, metrics, states } = open({ onFormat: (format) => formats.push(format) });
    socket.receive('{"type":"format","format":null}');
    expect(formats).toEqual([FORMAT, null]);
    expect(metrics.format).toBeNull();
    expect(metrics.welcome?.connectionId).toBe('c1');
    metrics.close();
    expect(states).toEqual(['open', 'closed']);
    expect(metrics.state).toBe('closed');
    expect(socket.closedWith).toBe(1000);
  });

  test('counts what is no chunk, and a chunk that the page cannot take, as errors', () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    const onChunk = () => {
      throw new Error('the decoder is broken');
    };
    const { socket, metrics, runtime } = open({ onChunk });
    socket.receive(Uint8Array.of(1, 2, 3));
    expect(metrics.getStats()).toMatchObject({ chunksReceived: 0, chunkErrors: 1 });
    socket.receive(chunkOf(1, runtime.time));
    expect(metrics.getStats()).toMatchObject({ chunksReceived: 1, chunkErrors: 2, errorRate: 2 });
    expect(report).toHaveBeenCalledTimes(1);
  });

  test('never throws into the page', () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    const broken = () => {
      throw new Error('broken');
    };
    const { socket, runtime } = open({ onState: broken, onFormat: broken, playback: broken });
    socket.receive('{not json');
    socket.receive('null');
    socket.receive('{"type":"something new"}');
    runtime.advance(2000);
    expect(reportsOf(socket)).toHaveLength(1);
    expect(report).toHaveBeenCalled();
    const { metrics } = world({}, 'no url at all');
    expect(metrics.state).toBe('closed');
  });
});

describe('reports', () => {
  test('come first at a random point of the interval, then once in it', () => {
    const { socket, runtime } = open();
    runtime.advance(999);
    expect(reportsOf(socket)).toHaveLength(0);
    runtime.advance(1);
    expect(reportsOf(socket)).toHaveLength(1);
    runtime.advance(6000);
    expect(reportsOf(socket)).toHaveLength(3);
  });

  test('come as often as the hub asks', () => {
    const { socket, runtime } = open();
    runtime.advance(1000);
    socket.takeSent();
    socket.receive('{"type":"report_interval","reportIntervalMs":500}');
    runtime.advance(1000);
    expect(reportsOf(socket)).toHaveLength(2);
    socket.receive('{"type":"report_interval","reportIntervalMs":0}');
    socket.receive('{"type":"report_interval"}');
    runtime.advance(1000);
    expect(reportsOf(socket)).toHaveLength(2);
  });

  test('have the five figures of the specification, and all else that is known', () => {
    const playback = () => ({
      bufferDepthMs: 240,
      underrunDurationMs: 80,
      outputLatencyMs: Number.NaN,
      startupMs: Number.POSITIVE_INFINITY,
      playbackState: 'playing' as const,
      bufferUnderruns: 2,
    });
    const { socket, runtime } = open({ playback });
    socket.receive(chunkOf(3, runtime.time - 25));
    runtime.advance(1000);
    const [report] = reportsOf(socket) as [Record<string, unknown>];
    expect(Object.keys(report).slice(0, 5)).toEqual(SPEC_KEYS);
    expect(report).toEqual({
      chunksReceived: 1,
      chunkErrors: 0,
      bufferUnderruns: 2,
      avgLatencyMs: 25,
      errorRate: 0,
      lastSeq: 3,
      jitterMs: null,
      rttMs: null,
      clockOffsetMs: null,
      clockErrorMs: null,
      bufferDepthMs: 240,
      underrunDurationMs: 80,
      outputLatencyMs: null,
      startupMs: null,
      playbackState: 'playing',
      hidden: null,
      sentAt: runtime.time,
    });
  });

  test('say that there is no latency where there is no sample', () => {
    const { socket, runtime, metrics } = open();
    runtime.advance(1000);
    expect(reportsOf(socket)).toMatchObject([{ chunksReceived: 0, avgLatencyMs: null, lastSeq: null }]);
    expect(metrics.getStats().avgLatencyMs).toBe(0);
  });

  test('are sent at once when the page is hidden or shown, and say which', () => {
    const page = Object.assign(new EventTarget(), { hidden: false });
    Object.assign(globalThis, { document: page });
    const { socket, metrics } = open();
    page.hidden = true;
    page.dispatchEvent(new Event('visibilitychange'));
    expect(reportsOf(socket)).toMatchObject([{ hidden: true }]);
    page.hidden = false;
    page.dispatchEvent(new Event('visibilitychange'));
    expect(reportsOf(socket)).toMatchObject([{ hidden: false }]);
    metrics.close();
    page.dispatchEvent(new Event('visibilitychange'));
    expect(reportsOf(socket)).toHaveLength(0);
  });

  test('are not piled up on an uplink that does not move', () => {
    const { socket, runtime } = open();
    socket.bufferedAmount = 1_000_000;
    runtime.advance(10_000);
    expect(reportsOf(socket)).toHaveLength(0);
    socket.bufferedAmount = 0;
    runtime.advance(2000);
    expect(reportsOf(socket)).toHaveLength(1);
  });

  test('measure how much the transit time varies', () => {
    const { socket, runtime, metrics } = open();
    for (let seq = 1; seq <= 200; seq++) {
      runtime.freeze(100);
      socket.receive(chunkOf(seq, runtime.time - (seq % 2 === 0 ? 20 : 50)));
    }
    expect(metrics.getStats().jitterMs).toBeCloseTo(30, 1);
  });
});

describe('the clock', () => {
  test('is asked for five times within a second and a bit, then every 15 s', () => {
    const it = open();
    const counts = [it.socket, ...Array(8).fill(it.socket)].map((socket) => {
      const count = parsed(socket).filter(({ type }) => type === 'clock_sync').length;
      it.runtime.advance(250);
      socket.receive('{"type":"clock_sync"}');
      return count;
    });
    expect(counts).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0]);
    it.runtime.advance(15_000);
    expect(parsed(it.socket).filter(({ type }) => type === 'clock_sync')).toHaveLength(1);
  });

  test('corrects latencies, those of before the first exchange too', () => {
    const it = open();
    it.socket.receive(chunkOf(1, it.runtime.time + HUB_AHEAD_MS - 40));
    expect(it.metrics.getStats().avgLatencyMs).toBeCloseTo(40 - HUB_AHEAD_MS, 3);
    answerExchanges(it);
    expect(it.metrics.getStats().avgLatencyMs).toBeCloseTo(40, 1);
    expect(it.metrics.getStats()).toMatchObject({ rttMs: 20, clockOffsetMs: HUB_AHEAD_MS });
    expect(it.metrics.getStats().clockErrorMs).toBeCloseTo(10, 1);
    expect((it.metrics.hubNow() as number) - it.runtime.time).toBeCloseTo(HUB_AHEAD_MS, 3);
  });

  test('that was set makes what was measured before it void', () => {
    const it = open();
    answerExchanges(it);
    it.socket.receive(chunkOf(1, it.runtime.time + HUB_AHEAD_MS - 40));
    it.runtime.freeze(-3_600_000);
    const hub = it.runtime.time + HUB_AHEAD_MS + 3_600_000;
    it.socket.receive(JSON.stringify({ type: 'clock_sync', t0: it.runtime.time - 20, t1: hub - 10, t2: hub - 10 }));
    expect(it.metrics.latencySamples).toHaveLength(0);
    it.socket.receive(chunkOf(2, hub - 35));
    expect(it.metrics.getStats().avgLatencyMs).toBeCloseTo(35, 1);
  });
});

describe('a break', () => {
  test('is followed by another try with the same name; reports count what came on the new connection', () => {
    const it = open();
    it.socket.receive(chunkOf(900, it.runtime.time));
    it.metrics.recordChunkError();
    it.socket.end(4000);
    expect(it.states).toEqual(['open', 'reconnecting']);
    it.runtime.advance(250);
    const second = last(it.made);
    expect(it.made.map(({ url }) => url)).toEqual([`${LISTEN}?client=me`, `${LISTEN}?client=me`]);
    welcome(second);
    it.runtime.advance(1000);
    expect(reportsOf(second)).toMatchObject([{ lastSeq: null, chunksReceived: 0, chunkErrors: 0, errorRate: 0 }]);
    second.receive(chunkOf(950, it.runtime.time));
    it.runtime.advance(2000);
    expect(reportsOf(second)).toMatchObject([{ lastSeq: 950, chunksReceived: 1, chunkErrors: 0, errorRate: 0 }]);
    expect(it.metrics.getStats()).toMatchObject({ chunksReceived: 2, chunkErrors: 1 });
    expect(it.states).toEqual(['open', 'reconnecting', 'open']);
    expect(it.socket.sent.length).toBeLessThan(10);
  });

  test('for good is obeyed', () => {
    const { socket, runtime, made, states } = open();
    socket.end(4102);
    runtime.advance(3_600_000);
    expect(made).toHaveLength(1);
    expect(states).toEqual(['open', 'closed']);
    expect(runtime.timers.size).toBe(0);
  });

  test('that nobody tells is found out: the hub answers no exchange', () => {
    const { runtime, made, states } = open();
    runtime.advance(44_000);
    expect(states).toEqual(['open']);
    runtime.advance(3_000);
    expect(states).toEqual(['open', 'reconnecting']);
    expect(made).toHaveLength(2);
  });
});

describe('the name of a listener', () => {
  test('is kept for the tab', () => {
    const items = new Map<string, string>();
    const sessionStorage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
    };
    Object.assign(globalThis, { sessionStorage });
    const { WebSocket, made } = fakeSockets();
    ClientMetrics.listen(LISTEN, { WebSocket, runtime: new FakeRuntime() });
    const other = new FakeRuntime();
    other.dice = 0.25;
    ClientMetrics.listen(LISTEN, { WebSocket, runtime: other });
    expect(made[1]?.url).toBe(made[0]?.url);
    expect(new URL(last(made).url).searchParams.get('client')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
  });

  test('is another each time where nothing may be stored, and is left alone where the URL has one', () => {
    const sessionStorage = {
      getItem: () => {
        throw new Error('not allowed');
      },
    };
    Object.assign(globalThis, { sessionStorage });
    const { WebSocket, made } = fakeSockets();
    ClientMetrics.listen(LISTEN, { WebSocket, runtime: new FakeRuntime() });
    expect(last(made).url).toMatch(/\?client=c-/);
    ClientMetrics.listen(`${LISTEN}?client=mine`, { WebSocket, runtime: new FakeRuntime() });
    expect(last(made).url).toBe(`${LISTEN}?client=mine`);
  });
});
