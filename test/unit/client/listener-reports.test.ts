import { afterEach, describe, expect, test } from '@jest/globals';
import { last } from './fake-world.js';
import { answerExchanges, chunkOf, HUB_AHEAD_MS, live, open, parsed, reportsOf, welcome } from './listener-world.js';

const SPEC_KEYS = ['chunksReceived', 'chunkErrors', 'bufferUnderruns', 'avgLatencyMs', 'errorRate'];

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'document');
});

describe('reports', () => {
  test('come first at a random point of the interval, then once in it', () => {
    const { socket, runtime } = open();
    runtime.advance(999);
    expect(reportsOf(socket)).toHaveLength(0);
    runtime.advance(1);
    expect(reportsOf(socket)).toHaveLength(1);
    live({ runtime, socket }, 6000);
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
    let played = { underrunDurationMs: 20, bufferUnderruns: 1 };
    const playback = () => ({
      bufferDepthMs: 240,
      outputLatencyMs: Number.NaN,
      startupMs: Number.POSITIVE_INFINITY,
      playbackState: 'playing' as const,
      ...played,
    });
    const { socket, runtime } = open({ playback });
    played = { underrunDurationMs: 100, bufferUnderruns: 3 };
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

  test('count from the beginning of the connection, and from 0 where a player begins anew', () => {
    let played = { bufferUnderruns: 7, underrunDurationMs: 900 };
    const it = open({ playback: () => played });
    const reported = () => {
      live({ ...it, socket: last(it.made) }, 2000);
      const { bufferUnderruns, underrunDurationMs } = last(reportsOf(last(it.made)));
      return [bufferUnderruns, underrunDurationMs];
    };
    expect(reported()).toEqual([0, 0]);
    played = { bufferUnderruns: 9, underrunDurationMs: 1000 };
    expect(reported()).toEqual([2, 100]);
    it.socket.end(1006);
    it.runtime.advance(1000);
    welcome(last(it.made));
    expect(reported()).toEqual([0, 0]);
    played = { bufferUnderruns: 1, underrunDurationMs: 30 };
    expect(reported()).toEqual([1, 30]);
    played = { bufferUnderruns: 12, underrunDurationMs: 1200 };
    expect(reported()).toEqual([12, 1200]);
  });

  test('of another connection hold no latency of the one before, nor its clock', () => {
    const it = open();
    answerExchanges(it);
    it.socket.receive(chunkOf(1, it.runtime.time + HUB_AHEAD_MS - 40));
    it.socket.end(1006);
    it.runtime.advance(1000);
    const socket = last(it.made);
    welcome(socket);
    it.runtime.advance(1000);
    expect(reportsOf(socket)).toMatchObject([{ avgLatencyMs: null, clockOffsetMs: null, clockErrorMs: null }]);
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
    live({ runtime, socket }, 10_000);
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
    // Readings that are 7 and 27 ms apart: the clock has steps of a millisecond.
    it.runtime.freeze(7);
    it.socket.receive(chunkOf(1, it.runtime.time + HUB_AHEAD_MS - 40));
    expect(it.metrics.getStats().avgLatencyMs).toBeCloseTo(40 - HUB_AHEAD_MS, 3);
    it.runtime.freeze(-7);
    answerExchanges(it);
    expect(it.metrics.getStats().avgLatencyMs).toBeCloseTo(40, 1);
    expect(it.metrics.getStats()).toMatchObject({ rttMs: 20, clockOffsetMs: HUB_AHEAD_MS });
    // Half the round trip, and the step of the clock.
    expect(it.metrics.getStats().clockErrorMs).toBeCloseTo(11, 1);
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
