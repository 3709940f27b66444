import { seededRandom } from '@auralis/server/simulate/random';
import { STREAM, TRUST } from '@auralis/server/state/tables';
import { figureOf } from '@auralis/server/state/trust';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, hub, publish, report, row, sweep, tables } from './world.js';

type Listener = ReturnType<typeof connect>;
type Five = [Listener, Listener, Listener, Listener, Listener];

const stream = (...columns: (keyof typeof STREAM)[]) => columns.map((column) => tables.streams.get(0, STREAM[column]));

/** Lets a second pass, and what is done in it. */
function second(): void {
  clock.now += 1000;
  sweep.run(clock.now);
}

const playing = { playbackState: 'playing', bufferDepthMs: 300 };

describe('what a stream says of its listeners', () => {
  test('quantiles are those of the figures that were sent, by nearest rank', () => {
    const random = seededRandom(3);
    const sent = Array.from({ length: 200 }, () => ({
      avgLatencyMs: Math.round(random() * 4000) / 10,
      bufferDepthMs: 200 + Math.round(random() * 300),
    }));
    const listeners = sent.map(() => connect('listen'));
    second();
    for (const [at, figures] of sent.entries()) report(listeners[at] as Listener, { ...figures, clockErrorMs: 3 });
    for (let round = 0; round < 10; round++) second();
    const rtts = listeners.map(({ peer, handler }) => {
      const rttMs = Math.round(random() * 3000) / 10;
      const ping = peer.pings.at(-1) as Uint8Array;
      const before = clock.now;
      clock.now = new DataView(ping.buffer, ping.byteOffset).getFloat64(0) + rttMs;
      handler.onPong(peer, ping);
      clock.now = before;
      return rttMs;
    });
    for (const [at, figures] of sent.entries()) report(listeners[at] as Listener, { ...figures, clockErrorMs: 3 });
    second();
    const exact = (values: number[], q: number) =>
      values.sort((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1] as number;
    const latencies = sent.map(({ avgLatencyMs }) => avgLatencyMs);
    const depths = sent.map(({ bufferDepthMs }) => bufferDepthMs);
    expect(stream('latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms')).toEqual(
      [0.5, 0.95, 0.99].map((q) => exact(latencies, q)),
    );
    expect(stream('rtt_p50_ms', 'rtt_p95_ms', 'rtt_p99_ms')).toEqual([0.5, 0.95, 0.99].map((q) => exact(rtts, q)));
    expect(stream('buffer_depth_p5_ms', 'buffer_depth_p50_ms')).toEqual([0.05, 0.5].map((q) => exact(depths, q)));
  });

  test('are missing, and not 0, where nobody has said anything', () => {
    connect('listen');
    second();
    for (const value of stream(
      'latency_p99_ms',
      'rtt_p99_ms',
      'buffer_depth_p50_ms',
      'rebuffering_ratio',
      'audio_gap_ms',
      'chunk_send_rate',
    ))
      expect(value).toBeNaN();
    expect(stream('active_connections', 'listeners_ok', 'listeners_critical', 'dropped_per_min')).toEqual([1, 1, 0, 0]);
  });

  test('leave out who is hidden, silent, contradicts what it does or does not know its clock', () => {
    const engine = connect('publish');
    const [live, unsynced, hidden, silent, lying] = [1, 2, 3, 4, 5].map(() => connect('listen')) as Five;
    const synced = { ...playing, clockErrorMs: 3 };
    for (let at = 1; at <= 30; at++) {
      publish(engine, 10);
      sweep.run(clock.now);
      const lastSeq = at * 10;
      if (at === 1) report(silent, { ...synced, avgLatencyMs: 400, bufferDepthMs: 800, lastSeq });
      if (at === 1) report(hidden, { ...synced, avgLatencyMs: 500, bufferDepthMs: 900, hidden: true, lastSeq });
      if (at % 2 === 1) continue;
      report(live, { ...synced, avgLatencyMs: 40, lastSeq });
      report(unsynced, { ...playing, avgLatencyMs: 15_040, bufferDepthMs: 310, lastSeq });
      // It always reports 400 ms, and is sent 8 of 10 chunks a second by its reports.
      report(lying, { ...synced, avgLatencyMs: 600, bufferDepthMs: 400, lastSeq: at * 8 });
    }
    sweep.run(clock.now);
    const { trusted: good, unsynced: clockless, hidden: away, stale, contradicting } = TRUST;
    expect([0, 1, 2, 3, 4].flatMap((slot) => row(slot, 'trust'))).toEqual([
      good,
      clockless,
      away,
      stale,
      contradicting,
    ]);
    expect(stream('latency_p50_ms', 'latency_p99_ms')).toEqual([40, 40]);
    expect(stream('buffer_depth_p5_ms', 'buffer_depth_p50_ms')).toEqual([300, 300]);
    expect(stream('listeners_ok', 'listeners_warning', 'listeners_critical')).toEqual([3, 0, 2]);
  });
});

describe('silence', () => {
  test('is added up over all listeners; the ratio is silence ÷ time playing, over a minute', () => {
    const [good, bad] = [connect('listen'), connect('listen')];
    let heardMs = 0;
    for (let at = 1; at <= 120; at++) {
      second();
      // A tenth of the second minute is silent for one of the two.
      if (at > 60) heardMs += 100;
      report(good, { ...playing, underrunDurationMs: 0 });
      report(bad, { ...playing, underrunDurationMs: heardMs });
    }
    sweep.run(clock.now);
    expect(stream('audio_gap_ms')).toEqual([6_000]);
    expect(stream('rebuffering_ratio')[0]).toBeCloseTo(6_000 / 120_000, 3);
    for (let at = 1; at <= 61; at++) {
      second();
      report(good, { ...playing, underrunDurationMs: 0 });
      report(bad, { ...playing, underrunDurationMs: heardMs });
    }
    expect(stream('audio_gap_ms', 'rebuffering_ratio')).toEqual([6_000, 0]);
    for (let at = 1; at <= 61; at++) second();
    expect(stream('rebuffering_ratio')[0]).toBeNaN();
  });

  test('of the first interval counts', () => {
    const listener = connect('listen');
    clock.now += 2_000;
    report(listener, { ...playing, underrunDurationMs: 500 });
    sweep.run(clock.now);
    expect(stream('audio_gap_ms', 'rebuffering_ratio')).toEqual([500, 0.25]);
  });

  test('is no spike where the counter begins anew, or says more than the time that passed', () => {
    const listener = connect('listen');
    for (const underrunDurationMs of [0, 900, 200, 86_400_000, 86_400_000, 0]) {
      clock.now += 2_000;
      report(listener, { ...playing, underrunDurationMs });
    }
    // 900, then 200 since the restart. A day within 2 s cannot be, and is not counted at all.
    expect(stream('audio_gap_ms')).toEqual([900 + 200]);
    expect(row(0, 'impossible_figure')).toEqual([figureOf('underrun_duration_ms')]);
  });

  test('is counted whole though reports arrive unevenly', () => {
    const listener = connect('listen');
    const start = clock.now;
    for (let at = 1; at <= 41; at++) {
      clock.now = start + at * 2_000 + (at % 2) * 400;
      report(listener, { ...playing, playbackState: 'stalled', underrunDurationMs: at * 2_000 });
    }
    expect(stream('audio_gap_ms')).toEqual([82_000]);
  });

  test('while it pauses is no time playing; from one that lies it does not count', () => {
    const listener = connect('listen');
    for (let at = 0; at < 10; at++) {
      clock.now += 2_000;
      report(listener, { playbackState: 'paused', bufferDepthMs: 300, underrunDurationMs: 0 });
    }
    sweep.run(clock.now);
    expect(stream('rebuffering_ratio')[0]).toBeNaN();
    const engine = connect('publish');
    for (let at = 1; at <= 20; at++) {
      publish(engine, 20);
      report(listener, { ...playing, lastSeq: at * 10, underrunDurationMs: 0 });
    }
    sweep.run(clock.now);
    expect(row(0, 'trust')).toEqual([TRUST.contradicting]);
    report(listener, { ...playing, lastSeq: 200, underrunDurationMs: 1_000 });
    expect(stream('audio_gap_ms')).toEqual([0]);
  });
});

describe('a latency that physics does not allow', () => {
  test('is marked, counted, and no part of its stream’s', () => {
    const [engine, honest, wrong] = [connect('publish'), connect('listen'), connect('listen')];
    publish(engine, 20);
    report(honest, { avgLatencyMs: 30, clockErrorMs: 3, lastSeq: 20 });
    report(wrong, { avgLatencyMs: -40, clockErrorMs: 3, lastSeq: 20 });
    sweep.run(clock.now);
    expect([row(0, 'latency_marked', 'clock'), row(1, 'latency_marked', 'clock')]).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect([hub('latency_impossible'), stream('latency_p50_ms')[0]]).toEqual([1, 30]);
    // It has been here for 2 s, and has heard nothing that was sent before.
    report(wrong, { avgLatencyMs: 2_004, clockErrorMs: 3, lastSeq: 20 });
    expect([row(1, 'latency_marked', 'clock'), hub('latency_impossible')]).toEqual([[1, 0], 2]);
    report(wrong, { avgLatencyMs: 1_990, clockErrorMs: 3, lastSeq: 20 });
    expect([row(1, 'latency_marked', 'clock'), hub('latency_impossible')]).toEqual([[0, 1], 2]);
  });

  test('above the age of the oldest of the last 100 chunks, those that were dropped left out', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 600);
    const said = (avgLatencyMs: number) => {
      report(listener, { avgLatencyMs, clockErrorMs: 3, lastSeq: 600 });
      return row(0, 'latency_marked')[0];
    };
    // Chunk 501 was sent 9.9 s before chunk 600.
    expect([9_890, 9_902, 9_910].map(said)).toEqual([0, 0, 1]);
  });
});
