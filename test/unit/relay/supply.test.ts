import { CONNECTION, STREAM } from '@auralis/server/state/tables';
import { SCHEMAS, Writer, writePublishedChunk } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { clock, connect, endTurn, publish, report, stall, sweep, tables } from './world.js';

const PCM = 'encoding=pcm_s16le&sampleRate=48000&channels=2';
/** Bytes of a ms of that. */
const BYTES_PER_MS = 192;

const stream = (column: keyof typeof STREAM) => tables.streams.get(0, STREAM[column]);
const reason = () => SCHEMAS.streams.columns[STREAM.status_reason]?.labels?.[stream('status_reason')] ?? '';
const listenerReason = (slot = 0) =>
  SCHEMAS.connections.columns[CONNECTION.status_reason]?.labels?.[
    tables.connections.get(slot, CONNECTION.status_reason)
  ] ?? '';

type Engine = ReturnType<typeof connect>;

function chunk({ handler, peer }: Engine, durationMs: number, bytes = 8): void {
  handler.onMessage(peer, writePublishedChunk(new Writer(), { durationMs, payload: new Uint8Array(bytes) }), true);
  endTurn();
}

/** Seconds of ten chunks each; then a sweep. */
function seconds(count: number, each: (second: number) => void, between: () => void = () => {}): void {
  for (let second = 0; second < count; second++) {
    for (let tenth = 0; tenth < 10; tenth++) {
      clock.now += 100;
      each(second);
    }
    between();
    sweep.run(clock.now);
  }
}

describe('an engine that declares PCM', () => {
  test.each([
    [1, 1, 'ok'],
    [0.98, 0.98, 'ok'],
    [0.5, 0.5, 'wrong_format'],
    [2, 2, 'wrong_format'],
    [44.1 / 48, 0.92, 'wrong_format'],
  ])('whose bytes last %p of what it declares', (share, ratio, expected) => {
    const engine = connect('publish', PCM);
    seconds(3, () => chunk(engine, 100, Math.round(25 * share) * 4 * BYTES_PER_MS));
    expect([stream('pcm_ratio'), reason()]).toEqual([expect.closeTo(ratio, 1), expected]);
  });

  test('and corrects itself is right within seconds, and another engine at once', () => {
    const engine = connect('publish', PCM);
    seconds(3, () => chunk(engine, 100, 50 * BYTES_PER_MS));
    expect(reason()).toBe('wrong_format');
    seconds(15, () => chunk(engine, 100, 100 * BYTES_PER_MS));
    expect(reason()).toBe('ok');
    seconds(3, () => chunk(engine, 100, 50 * BYTES_PER_MS));
    engine.handler.onClose(engine.peer, 1000, false);
    sweep.run(clock.now);
    expect(reason()).toBe('engine_offline');
    const next = connect('publish', PCM);
    seconds(1, () => chunk(next, 100, 100 * BYTES_PER_MS));
    expect(reason()).toBe('ok');
  });

  test('of bytes that nobody can read nothing is known', () => {
    const engine = connect('publish', 'encoding=opaque');
    seconds(3, () => chunk(engine, 100, 50 * BYTES_PER_MS));
    expect([stream('pcm_ratio'), reason()]).toEqual([Number.NaN, 'ok']);
  });
});

describe('an engine that sends more than time passes', () => {
  test('10 s at once is a burst of the engine, by which its listeners lose chunks, for a minute', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    seconds(10, () => chunk(engine, 100));
    report(listener, { lastSeq: 100 });
    for (let count = 0; count < 100; count++) chunk(engine, 100);
    sweep.run(clock.now);
    expect([stream('burst_ms'), reason()]).toEqual([10_100, 'burst']);
    expect([stream('dropped_per_min') > 10, listenerReason()]).toEqual([true, 'engine_burst']);
    seconds(
      71,
      () => chunk(engine, 100),
      () => report(listener, { lastSeq: listener.peer.seqs.at(-1) }),
    );
    expect([stream('burst_ms'), reason(), listenerReason()]).toEqual([0, 'ok', 'ok']);
  });

  test('what fits into the bound of listeners is none, and neither is a lead that stays', () => {
    const engine = connect('publish');
    for (let count = 0; count < 19; count++) chunk(engine, 100);
    seconds(30, () => chunk(engine, 100));
    expect([stream('burst_ms'), reason()]).toEqual([0, 'ok']);
  });

  test.each([
    [5, 0, 'ok'],
    [10, 5_000, 'burst'],
  ])('after the hub stood still for 5 s, %p s at once are a burst of %p ms', (atOnceS, burstMs, expected) => {
    const engine = connect('publish');
    seconds(10, () => chunk(engine, 100));
    clock.now += 5_000;
    stall.ms = 5_000;
    for (let count = 0; count < atOnceS * 10; count++) chunk(engine, 100);
    sweep.run(clock.now);
    expect([stream('burst_ms'), reason()]).toEqual([burstMs, expected]);
  });

  test('a standstill of 30 s is forgiven for good, though it is remembered for 10 s', () => {
    const engine = connect('publish');
    seconds(10, () => chunk(engine, 100));
    clock.now += 30_000;
    stall.ms = 30_000;
    for (let count = 0; count < 300; count++) chunk(engine, 100);
    seconds(10, () => chunk(engine, 100));
    stall.ms = 0;
    seconds(10, () => chunk(engine, 100));
    expect([stream('burst_ms'), reason()]).toEqual([0, 'ok']);
    for (let count = 0; count < 100; count++) chunk(engine, 100);
    sweep.run(clock.now);
    expect([stream('burst_ms'), reason()]).toEqual([10_100, 'burst']);
  });

  test('three chunks at once are none, however long they are', () => {
    const engine = connect('publish');
    for (let count = 0; count < 3; count++) chunk(engine, 10_000);
    sweep.run(clock.now);
    expect(stream('burst_ms')).toBe(0);
    chunk(engine, 10_000);
    sweep.run(clock.now);
    expect(stream('burst_ms')).toBe(40_000);
  });
});

test('an engine that sends half of real time is slow, whatever the length of its chunks', () => {
  for (const [durationMs, everyMs] of [
    [50, 100],
    [1_000, 2_000],
    [10_000, 20_000],
  ] as const) {
    const engine = connect('publish');
    let due = clock.now;
    const late = () => {
      if (clock.now < due) return;
      due += everyMs;
      chunk(engine, durationMs);
    };
    seconds(120, late);
    expect([durationMs, stream('audio_rate'), reason()]).toEqual([durationMs, expect.closeTo(0.5, 1), 'slow_rate']);
    engine.handler.onClose(engine.peer, 1000, false);
  }
});

describe('a start that never ends', () => {
  const starting = (listener: Engine) => report(listener, { playbackState: 'starting', bufferDepthMs: 0 });

  test('is critical after 10 s of audio', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    seconds(
      10,
      () => chunk(engine, 100),
      () => starting(listener),
    );
    expect(listenerReason()).toBe('ok');
    seconds(
      3,
      () => chunk(engine, 100),
      () => starting(listener),
    );
    expect([listenerReason(), tables.connections.get(0, CONNECTION.status)]).toEqual(['not_starting', 2]);
    report(listener, { playbackState: 'playing', bufferDepthMs: 300 });
    seconds(1, () => chunk(engine, 100));
    expect(listenerReason()).toBe('ok');
  });

  test('is nobody’s fault as long as nothing comes', () => {
    const listener = connect('listen');
    seconds(
      60,
      () => {},
      () => starting(listener),
    );
    expect(listenerReason()).toBe('ok');
    const engine = connect('publish');
    seconds(
      60,
      () => {},
      () => starting(listener),
    );
    expect(listenerReason()).not.toBe('not_starting');
    seconds(
      9,
      () => chunk(engine, 100),
      () => starting(listener),
    );
    expect(listenerReason()).toBe('ok');
  });

  test('takes three chunks where they are longer than that', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    publish(engine, 1, undefined, 100, 10_000);
    for (let second = 1; second <= 40; second++) {
      clock.now += 1000;
      if (second % 10 === 0) chunk(engine, 10_000);
      starting(listener);
      sweep.run(clock.now);
      expect([second, listenerReason()]).toEqual([second, second > 31 ? 'not_starting' : 'ok']);
    }
  });
});

describe('chunks that a listener cannot use', () => {
  /** Reports each second after so many chunks in all, as many of them in vain. */
  function hear(share: number, second: number, listener: Engine): void {
    const chunksReceived = (second + 1) * 10;
    report(listener, { chunksReceived, chunkErrors: Math.round(share * chunksReceived), playbackState: 'playing' });
  }

  test.each([
    [0, Number.NaN, 'ok', 0],
    [0.04, 0.04, 'ok', 0],
    [0.2, 0.2, 'chunk_errors', 1],
    [1, 1, 'chunk_errors', 2],
  ])('a share of %p', (share, rate, expected, health) => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    let second = 0;
    seconds(
      30,
      () => chunk(engine, 100),
      () => hear(share, second++, listener),
    );
    const found = tables.connections.get(0, CONNECTION.error_rate_1min);
    expect(Number.isNaN(rate) ? found : Math.round(found * 100) / 100).toEqual(rate);
    expect([listenerReason(), tables.connections.get(0, CONNECTION.status)]).toEqual([expected, health]);
  });

  test('are of the last minute, whatever was before', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    let second = 0;
    seconds(
      20,
      () => chunk(engine, 100),
      () => hear(0.5, second++, listener),
    );
    expect(listenerReason()).toBe('chunk_errors');
    const chunkErrors = second * 5;
    seconds(
      75,
      () => chunk(engine, 100),
      () => report(listener, { chunksReceived: ++second * 10, chunkErrors, playbackState: 'playing' }),
    );
    expect([tables.connections.get(0, CONNECTION.error_rate_1min), listenerReason()]).toEqual([0, 'ok']);
  });

  test('that it could not even read count for themselves', () => {
    const [engine, listener] = [connect('publish'), connect('listen')];
    let errors = 0;
    seconds(
      10,
      () => chunk(engine, 100),
      () => {
        errors += 10;
        report(listener, { chunksReceived: 0, chunkErrors: errors, playbackState: 'starting' });
      },
    );
    expect([tables.connections.get(0, CONNECTION.error_rate_1min), listenerReason()]).toEqual([1, 'chunk_errors']);
  });
});
