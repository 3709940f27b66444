import { type Chunk, ClientMetrics, type Playback } from '@auralis/client';
import { CLOSE } from '@auralis/shared';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { FakeRuntime, type FakeSocket, fakeSockets, last } from './fake-world.js';
import {
  answerExchanges,
  chunkOf,
  FORMAT,
  LISTEN,
  live,
  open,
  parsed,
  reportsOf,
  welcome,
  world,
} from './listener-world.js';

afterEach(() => {
  jest.restoreAllMocks();
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

  test('brings a token as a subprotocol beside one that the hub answers with, and none without', () => {
    expect(last(world().made).protocols).toEqual([]);
    const { made, metrics, runtime } = world({ token: () => 'secret??>' });
    expect(last(made).protocols).toEqual(['auralis.audio.v1', 'auralis.token.c2VjcmV0Pz8-']);
    expect(last(made).url).not.toContain('c2VjcmV0');
    expect(metrics.closeCode).toBeNull();
    last(made).end(CLOSE.NOT_ALLOWED);
    runtime.advance(60_000);
    expect([made.length, metrics.state, metrics.closeCode]).toEqual([1, 'closed', 4101]);
  });

  test('comes again once where its token has ended, with a renewed one if there is one, and then does as it is told', () => {
    const tokens = ['old', 'renewed'];
    const { made, metrics, runtime } = world({ token: () => tokens.shift() ?? 'renewed' });
    welcome(last(made));
    last(made).end(CLOSE.ACCESS_ENDED);
    expect([metrics.state, metrics.closeCode]).toEqual(['reconnecting', null]);
    runtime.advance(500);
    expect(made.length).toBe(2);
    expect(last(made).protocols).toEqual(['auralis.audio.v1', 'auralis.token.cmVuZXdlZA']);
    welcome(last(made));
    last(made).end(CLOSE.ACCESS_ENDED);
    runtime.advance(2_000);
    // Nobody has renewed it: the hub lets it in to say so.
    last(made).accept();
    last(made).end(CLOSE.NOT_ALLOWED);
    runtime.advance(600_000);
    expect([made.length, metrics.state, metrics.closeCode]).toEqual([3, 'closed', CLOSE.NOT_ALLOWED]);
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

  test.each([
    [{ client: 'alice smith' }, LISTEN, 'client: 1 to 64 of A–Z a–z 0–9 . _ -, not "alice smith"'],
    [{}, `${LISTEN}?client=`, 'client: 1 to 64 of A–Z a–z 0–9 . _ -, not ""'],
    [{}, LISTEN.replace('main', 'my stream'), 'stream: 1 to 64 of A–Z a–z 0–9 . _ -, not "my stream"'],
    [{}, LISTEN.replace('main', '..%2fmain'), 'stream: 1 to 64 of A–Z a–z 0–9 . _ -, not "../main"'],
  ])('opens no socket under a name that the hub would refuse for good: %j at %s', (options, url, problem) => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    const { made, metrics, runtime } = world(options, url);
    runtime.advance(60_000);
    expect([made.length, metrics.state, metrics.closeCode]).toEqual([0, 'closed', 0]);
    expect(report.mock.calls.map(([error]) => (error as Error).message)).toEqual([problem]);
  });

  test('counts a chunk whose handling fails later as an error', async () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    const { socket, metrics, runtime } = open({ onChunk: async () => Promise.reject(new Error('decoder is gone')) });
    socket.receive(chunkOf(1, runtime.time));
    await new Promise((resolve) => setImmediate(resolve));
    expect(metrics.getStats()).toMatchObject({ chunksReceived: 1, chunkErrors: 1 });
    expect(report).toHaveBeenCalledTimes(1);
  });

  test('reports nothing that the hub would refuse', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => {});
    let playback: () => unknown = () => ({
      playbackState: 'buffering',
      bufferUnderruns: -1,
      bufferDepthMs: '300',
      startupMs: Number.POSITIVE_INFINITY,
    });
    const { socket, metrics, runtime } = open({ playback: () => playback() as Playback });
    metrics.chunksReceived = 1.5;
    metrics.chunkErrors = Number.NaN;
    runtime.advance(1_000);
    const nothing = { playbackState: null, bufferDepthMs: null, startupMs: null };
    expect(reportsOf(socket)).toMatchObject([
      { ...nothing, bufferUnderruns: 0, chunksReceived: null, chunkErrors: null },
    ]);
    playback = () => Promise.reject(new Error('no figures today'));
    live({ runtime, socket }, 2_000);
    expect(reportsOf(socket)).toMatchObject([nothing]);
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

  test('that nobody tells is found out off the air: the hub leaves a question unanswered for 3 s', () => {
    const it = open();
    it.runtime.advance(1_250);
    answerExchanges(it);
    // The next exchange leaves 15 s after the fifth, which left after a second.
    it.runtime.advance(17_700);
    expect(it.states).toEqual(['open']);
    it.runtime.advance(100);
    expect(it.states).toEqual(['open', 'reconnecting']);
  });

  test.each([
    [100, 2_000],
    [20, 2_000],
    [1_000, 3_000],
    [4_000, 12_000],
  ])('in chunks of %i ms is found out after a pause of %i ms and an unanswered question', (durationMs, pauseMs) => {
    const it = openOnAir(durationMs);
    it.runtime.advance(pauseMs - 10);
    expect(questions(it)).toBe(0);
    it.runtime.advance(20);
    expect(questions(it)).toBe(1);
    it.runtime.advance(2_900);
    expect(it.states).toEqual(['open']);
    it.runtime.advance(200);
    expect(it.states).toEqual(['open', 'reconnecting']);
  });

  test('is not suspected while the engine pauses: the hub answers, and is asked no more often than off the air', () => {
    const it = openOnAir(100);
    live(it, 40_000);
    expect([it.states, questions(it)]).toEqual([['open'], 3]);
  });

  test('is not suspected by a hidden page, whose timers are late, before it has asked twice', () => {
    const it = openOnAir(100);
    it.runtime.advance(2_000);
    expect(questions(it)).toBe(1);
    it.runtime.freeze(60_000);
    it.runtime.advance(0);
    expect([it.states, questions(it)]).toEqual([['open'], 1]);
    it.socket.receive('{"type":"clock_sync"}');
    it.runtime.freeze(60_000);
    it.runtime.advance(0);
    expect(it.states).toEqual(['open']);
    // The next question stays unanswered, and so does the one after it.
    it.runtime.freeze(60_000);
    it.runtime.advance(0);
    it.runtime.freeze(60_000);
    it.runtime.advance(0);
    expect(it.states).toEqual(['open', 'reconnecting']);
  });

  test('is told from a slow answer on a coarse clock', () => {
    const it = openOnAir(100);
    it.runtime.advance(2_000);
    // The answer comes within the same step of the clock.
    it.socket.receive('{"type":"clock_sync"}');
    it.runtime.advance(4_000);
    expect(it.states).toEqual(['open']);
  });
});

/** A listener that has finished its first exchanges and has just received a chunk of this length. */
function openOnAir(durationMs: number) {
  const it = open();
  live(it, 1_250);
  it.socket.receive(chunkOf(1, it.runtime.time, durationMs));
  questions(it);
  return it;
}

/** Exchanges that the client began since the last call. */
const questions = ({ socket }: { readonly socket: FakeSocket }) =>
  parsed(socket).filter(({ type }) => type === 'clock_sync').length;

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
