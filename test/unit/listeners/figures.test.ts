import { STREAM, TRUST } from '@auralis/server/state/tables';
import { SCHEMAS } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, hub, publish, report, row, sweep, tables } from '../relay/world.js';

type Listener = ReturnType<typeof connect>;

const MOST_COUNT = 2 ** 42;
const LABELS = SCHEMAS.connections.columns[SCHEMAS.connections.index.impossible_figure]?.labels ?? [];

const figure = (slot: number) => LABELS[row(slot, 'impossible_figure')[0] as number];
const stream = (...columns: (keyof typeof STREAM)[]) => columns.map((column) => tables.streams.get(0, STREAM[column]));
const playing = { playbackState: 'playing', bufferDepthMs: 300 };

/** An engine, and a listener that has reported for so many seconds what is true. */
function honest(seconds = 4): { engine: Listener; listener: Listener; more: (fields?: object) => void } {
  const engine = connect('publish');
  const listener = connect('listen');
  let received = 0;
  const more = (fields: object = {}) => {
    publish(engine, 10);
    received += 10;
    report(listener, { ...playing, chunksReceived: received, lastSeq: received, bufferUnderruns: 0, ...fields });
    sweep.run(clock.now);
  };
  for (let second = 0; second < seconds; second++) more();
  return { engine, listener, more };
}

describe('a figure that cannot be', () => {
  test.each([
    ['buffer_depth_ms', { bufferDepthMs: -86_400_000 }],
    ['buffer_depth_ms', { bufferDepthMs: 86_400_000 }],
    ['underrun_duration_ms', { underrunDurationMs: -1 }],
    ['underrun_duration_ms', { underrunDurationMs: 86_400_000 }],
    ['buffer_underruns', { bufferUnderruns: MOST_COUNT }],
    ['chunk_errors', { chunkErrors: MOST_COUNT }],
    ['chunks_received', { chunksReceived: MOST_COUNT }],
    ['chunks_received', { chunksReceived: 100 }],
    ['last_seq', { lastSeq: 3 }],
    ['last_seq', { lastSeq: MOST_COUNT }],
    ['jitter_ms', { jitterMs: -1 }],
    ['client_rtt_ms', { rttMs: -1 }],
    ['clock_error_ms', { clockErrorMs: -1 }],
    ['output_latency_ms', { outputLatencyMs: -1 }],
    ['startup_ms', { startupMs: -1 }],
  ])('%s of %j is taken, shown, marked and counted', (column, fields) => {
    const { listener, more } = honest();
    more({ chunkErrors: 0, underrunDurationMs: 0 });
    more(fields);
    expect([figure(0), row(0, 'trust')[0], hub('figures_impossible')]).toEqual([column, TRUST.impossible, 1]);
    expect(row(0, column as keyof typeof SCHEMAS.connections.index)).toEqual([Object.values(fields)[0]]);
    expect([hub('messages_refused'), listener.peer.closedWith]).toEqual([0, null]);
  });

  test('makes its listener no part of quantiles, of silence and of who fares badly, for as long as it is said', () => {
    const { more } = honest();
    const liar = connect('listen');
    report(liar, { ...playing, playbackState: 'stalled', bufferDepthMs: -86_400_000, underrunDurationMs: 0 });
    for (let second = 0; second < 20; second++) {
      report(liar, { underrunDurationMs: second * 1_000 });
      more();
    }
    expect([figure(1), row(1, 'trust', 'status')]).toEqual(['buffer_depth_ms', [TRUST.impossible, 0]]);
    expect(stream('buffer_depth_p5_ms', 'buffer_depth_p50_ms', 'listeners_critical')).toEqual([300, 300, 0]);
    expect(stream('audio_gap_ms')[0]).toBeNaN();
  });

  test('is marked at once, and until 10 s after the last one', () => {
    const LIE = MOST_COUNT - 1;
    const { more } = honest();
    more({ bufferUnderruns: LIE });
    for (let second = 1; second < 10; second++) {
      more({ bufferUnderruns: LIE });
      expect([figure(0), row(0, 'trust')[0]]).toEqual(['buffer_underruns', TRUST.impossible]);
    }
    more({ bufferUnderruns: LIE });
    // Without a clock's error its latency is worth nothing, but all else counts again.
    expect([figure(0), row(0, 'trust')[0]]).toEqual(['none', TRUST.trusted]);
    more({ bufferUnderruns: LIE + 1 });
    expect([figure(0), row(0, 'status_reason')]).toEqual(['none', [1]]);
  });

  test('of what it confirms leaves the word to its socket: it is dropped no chunks', () => {
    const { more } = honest();
    for (let second = 0; second < 20; second++) more({ lastSeq: 3 });
    expect([figure(0), row(0, 'chunks_dropped'), stream('dropped_per_min')]).toEqual(['last_seq', [0], [0]]);
    more();
    expect(row(0, 'chunks_in_flight')).toEqual([0]);
  });
});

describe('what can be is no lie', () => {
  test('counters that began on an earlier connection: the first report is a baseline', () => {
    const engine = connect('publish');
    const page = connect('listen');
    publish(engine, 10);
    const before = { chunksReceived: 36_000, chunkErrors: 9_000, bufferUnderruns: 7_000, underrunDurationMs: 600_000 };
    report(page, { ...playing, ...before, lastSeq: 36_000, avgLatencyMs: 40 });
    sweep.run(clock.now);
    expect([figure(0), row(0, 'trust', 'status')]).toEqual(['none', [TRUST.unsynced, 0]]);
    expect(stream('audio_gap_ms')).toEqual([0]);
    publish(engine, 20);
    report(page, {
      ...playing,
      chunksReceived: 36_020,
      chunkErrors: 9_001,
      bufferUnderruns: 7_001,
      underrunDurationMs: 600_700,
    });
    sweep.run(clock.now);
    expect([figure(0), row(0, 'status_reason')]).toEqual(['none', [1]]);
    expect(stream('audio_gap_ms')).toEqual([700]);
  });

  test('counters that begin anew, and reports that arrive late and all at once', () => {
    const { listener } = honest();
    clock.now += 100_000;
    for (let late = 1; late <= 50; late++)
      report(listener, {
        playbackState: 'stalled',
        bufferDepthMs: 0,
        underrunDurationMs: late * 2_000,
        bufferUnderruns: late,
      });
    expect(figure(0)).toBe('none');
    report(listener, { bufferUnderruns: 0, underrunDurationMs: 0, chunksReceived: 0 });
    expect([figure(0), hub('figures_impossible')]).toEqual(['none', 0]);
  });

  test('audio that a page still has from before, and messages that it counts as chunks', () => {
    const engine = connect('publish');
    const page = connect('listen');
    publish(engine, 1);
    report(page, { ...playing, bufferDepthMs: 30_000, chunksReceived: 1 });
    publish(engine, 100);
    report(page, { ...playing, bufferDepthMs: 30_000, chunksReceived: 101 + 9 });
    expect(figure(0)).toBe('none');
  });

  test.each([
    ['a clock that is hours fast', { avgLatencyMs: -12_000_000 }],
    ['one that is hours slow', { avgLatencyMs: 12_000_000 }],
    ['an error rate above 1', { errorRate: 4, chunkErrors: 80 }],
    ['missing figures', { avgLatencyMs: null, errorRate: null, bufferDepthMs: null, chunksReceived: null }],
  ])('%s', (_, fields) => {
    const { more } = honest();
    more(fields);
    more();
    expect([figure(0), hub('messages_refused'), hub('figures_impossible')]).toEqual(['none', 0, 0]);
  });
});
