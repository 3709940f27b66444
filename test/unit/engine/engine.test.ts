import { STALLED_MS } from '@auralis/shared';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { EngineWorld, synthesis } from './world.js';

let world: EngineWorld;
beforeEach(() => {
  world = new EngineWorld();
});

const MINUTE = 60;

describe('synthesis', () => {
  test('nothing is known before the first', () => {
    world.send({ type: 'synthesis_start', id: 1 });
    world.pass(1);
    expect(world.readAll('phrases_generated', 'synthesis_errors', 'synthesis_failure_rate')).toEqual([
      null,
      null,
      null,
    ]);
    expect(world.readAll('syntheses_pending', 'syntheses_unpaired')).toEqual([1, 0]);
  });

  test('start and end make a latency, and a real-time factor of audio ÷ synthesis', () => {
    world.send({ type: 'synthesis_start', id: 1 });
    world.now += 250;
    world.send({ type: 'synthesis_end', id: 1, success: true, phraseDurationSec: 20, gpuMemoryMb: 1800 });
    expect(world.readAll('synthesis_latency_ms', 'synthesis_latency_last_ms')).toEqual([250, 250]);
    expect(world.readAll('real_time_factor', 'real_time_factor_last')).toEqual([80, 80]);
    expect(world.readAll('phrases_generated', 'synthesis_errors', 'synthesis_failure_rate')).toEqual([1, 0, 0]);
    expect(world.readAll('gpu_memory_mb', 'syntheses_pending')).toEqual([1800, 0]);
  });

  test('means are over the last ten, the last stands beside them', () => {
    for (let count = 1; count <= 12; count++) world.send(synthesis(count * 100));
    expect(world.readAll('synthesis_latency_ms', 'synthesis_latency_last_ms')).toEqual([750, 1200]);
    const factors = Array.from({ length: 10 }, (_, at) => 20_000 / ((at + 3) * 100));
    expect(world.read('real_time_factor')).toBeCloseTo(factors.reduce((sum, factor) => sum + factor, 0) / 10, 2);
    expect(world.read('real_time_factor_last')).toBeCloseTo(20_000 / 1200, 2);
  });

  test('a failure counts as an attempt and says nothing of latency', () => {
    world.send(synthesis(300), synthesis(30_000, false), synthesis(2, false));
    expect(world.readAll('phrases_generated', 'synthesis_errors')).toEqual([1, 2]);
    expect(world.readAll('synthesis_latency_ms', 'synthesis_latency_p99_ms')).toEqual([300, 300.4]);
    expect(world.read('synthesis_failure_rate')).toBeCloseTo(2 / 3, 4);
  });

  test('the failure rate is over five minutes, to the edge, and missing without an attempt', () => {
    world.send(synthesis(300, false));
    world.pass(1);
    world.send(synthesis(300));
    expect(world.readAll('synthesis_failure_rate', 'synthesis_attempts_5min')).toEqual([0.5, 2]);
    world.pass(5 * MINUTE - 2);
    expect(world.readAll('synthesis_failure_rate', 'synthesis_attempts_5min')).toEqual([0.5, 2]);
    world.pass(1);
    expect(world.readAll('synthesis_failure_rate', 'synthesis_attempts_5min')).toEqual([0, 1]);
    world.pass(1);
    expect(world.readAll('synthesis_failure_rate', 'synthesis_attempts_5min')).toEqual([null, 0]);
    expect(world.readAll('phrases_generated', 'synthesis_errors')).toEqual([1, 1]);
  });

  test('quantiles are over five minutes, within 1 %', () => {
    for (let latency = 1; latency <= 100; latency++) {
      world.send(synthesis(latency * 10));
      world.pass(1);
    }
    for (const [column, exact] of [
      ['synthesis_latency_p50_ms', 500],
      ['synthesis_latency_p95_ms', 950],
      ['synthesis_latency_p99_ms', 990],
    ] as const)
      expect(Math.abs((world.read(column) as number) / exact - 1)).toBeLessThan(0.01);
    world.pass(250);
    // The first fifty have gone.
    expect(Math.abs((world.read('synthesis_latency_p50_ms') as number) / 750 - 1)).toBeLessThan(0.02);
    world.pass(60);
    expect(world.read('synthesis_latency_p50_ms')).toBeNull();
  });

  test('an engine that starts again counts on', () => {
    world.send(synthesis(300), synthesis(300, false));
    world.room.joined('main', null, world.now);
    world.room.left('main');
    world.room.joined('main', null, world.now);
    world.send(synthesis(300));
    expect(world.readAll('phrases_generated', 'synthesis_errors')).toEqual([2, 1]);
    expect(world.totals).toMatchObject({ phrases: 2, synthesisErrors: 1, attempts: 3 });
  });

  test('one that never ends is no attempt, and is counted', () => {
    world.send({ type: 'synthesis_start', id: 'lost' });
    world.pass(10 * MINUTE - 1, () => world.send({ type: 'clients', active: 1 }));
    expect(world.readAll('syntheses_pending', 'syntheses_unpaired')).toEqual([1, 0]);
    world.pass(1);
    expect(world.readAll('syntheses_pending', 'syntheses_unpaired', 'phrases_generated')).toEqual([0, 1, null]);
  });
});

describe('phrases and their queue', () => {
  test('notes are a mean of the last ten that were made', () => {
    for (let count = 1; count <= 12; count++)
      world.send({ type: 'phrase', generationMs: 900, notes: count, success: true });
    world.send({ type: 'phrase', generationMs: 4_000, notes: 0, success: false });
    expect(world.readAll('notes_per_phrase', 'phrase_generation_ms')).toEqual([7.5, 4_000]);
  });

  test('six failures within an hour are six, within longer five', () => {
    expect(world.read('generation_failures_per_hour')).toBeNull();
    world.send({ type: 'phrase', generationMs: 900, notes: 9, success: true });
    expect(world.read('generation_failures_per_hour')).toBe(0);
    for (let count = 0; count < 6; count++) {
      world.send({ type: 'phrase', generationMs: 900, success: false });
      world.pass(12 * MINUTE - 1);
    }
    expect(world.read('generation_failures_per_hour')).toBe(5);
    world.send({ type: 'phrase', generationMs: 900, success: false });
    expect(world.read('generation_failures_per_hour')).toBe(6);
    world.pass(60 * MINUTE);
    expect(world.read('generation_failures_per_hour')).toBe(0);
  });

  test('an underrun is a queue that runs empty', () => {
    const depths = [0, 2, 1, 0, 0, 0, 1, 0, 3];
    const underruns = depths.map((depth) => {
      world.send({ type: 'queue', depth });
      return world.read('phrase_queue_underruns');
    });
    expect(underruns).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2]);
    expect(world.read('phrase_queue_depth')).toBe(3);
  });
});

describe('an engine that streams by itself', () => {
  const chunks = (sent: number, dropped: number) => world.send({ type: 'chunks', sent, dropped });

  test('shows its chunks, their rate and its clients', () => {
    chunks(1_000, 5);
    world.send({ type: 'clients', active: 7 });
    expect(world.readAll('chunks_sent', 'chunks_dropped', 'dropped_per_min', 'active_clients')).toEqual([
      1000, 5, 0, 7,
    ]);
    expect(world.read('chunk_send_rate')).toBeNull();
    world.pass(2);
    chunks(1_140, 5);
    expect(world.read('chunk_send_rate')).toBe(70);
  });

  test('11 dropped in 60 s are 11, in 61 s they are not', () => {
    chunks(0, 0);
    world.pass(1);
    for (let count = 1; count <= 10; count++) {
      chunks(count * 100, count);
      world.pass(count < 10 ? 6 : 5);
    }
    world.now += 999;
    chunks(1_100, 11);
    expect(world.read('dropped_per_min')).toBe(11);
    world.pass(1);
    expect(world.read('dropped_per_min')).toBe(10);
  });

  test('that starts again makes no spike', () => {
    chunks(50_000, 3_000);
    world.pass(1);
    chunks(50_010, 3_000);
    world.pass(1);
    chunks(12, 4);
    expect(world.readAll('chunks_sent', 'chunks_dropped', 'dropped_per_min')).toEqual([50_022, 3_004, 0]);
    world.pass(1);
    chunks(22, 5);
    expect(world.readAll('chunk_send_rate', 'dropped_per_min')).toEqual([10, 1]);
  });

  test('counts for the hub, unless its chunks pass through the hub', () => {
    chunks(100, 1);
    chunks(130, 2);
    expect(world.totals.externalChunks).toMatchObject({ sent: 130, dropped: 2 });
    world.room.joined('main', null, world.now);
    chunks(190, 9);
    expect(world.totals.externalChunks).toMatchObject({ sent: 130, dropped: 2 });
    expect(world.read('chunks_sent')).toBe(190);
  });
});

describe('peak', () => {
  const PCM = { encoding: 'pcm_s16le', sampleRate: 48_000, channels: 1 } as const;
  const chunk = (...samples: number[]) => new Uint8Array(Int16Array.from(samples).buffer);

  test('is measured where the format is declared, and not where it is not', () => {
    world.tables.streams.open('main');
    world.room.joined('main', { ...PCM, encoding: 'opaque' }, world.now);
    world.room.heard('main', chunk(16_384), world.now);
    world.pass(1);
    expect(world.read('peak_amplitude_db')).toBeNull();
    world.room.joined('main', PCM, world.now);
    world.room.heard('main', chunk(16_384), world.now);
    world.pass(1);
    expect(world.readAll('peak_amplitude_db', 'peak_measured_db', 'chunks_clipped')).toEqual([-6, -6, 0]);
    world.room.heard('main', chunk(32_767, 32_767, 32_767), world.now);
    world.pass(1);
    expect(world.readAll('peak_amplitude_db', 'chunks_clipped')).toEqual([0.1, 1]);
    world.pass(10);
    expect(world.readAll('peak_amplitude_db', 'peak_measured_db')).toEqual([null, null]);
  });

  test('is the larger of what is said and what is measured', () => {
    world.tables.streams.open('main');
    world.room.joined('main', PCM, world.now);
    world.send(synthesis(300, true, { peakAmplitudeDb: -3 }));
    world.room.heard('main', chunk(16_384), world.now);
    world.pass(1);
    expect(world.readAll('peak_amplitude_db', 'peak_measured_db')).toEqual([-3, -6]);
    world.send(synthesis(300, true, { peakAmplitudeDb: -12 }));
    world.pass(1);
    expect(world.read('peak_amplitude_db')).toBe(-6);
    world.send({ type: 'synthesis_end', id: 1, success: true, phraseDurationSec: 1, peakAmplitudeDb: 2.4 });
    expect(world.read('peak_amplitude_db')).toBe(2.4);
  });
});

describe('what nobody says any more is missing', () => {
  const PRESENT = [
    { type: 'buffer', depthMs: 300 },
    { type: 'queue', depth: 2 },
    { type: 'process', cpuPercent: 30.5, memoryMb: 700 },
    { type: 'clients', active: 3 },
  ];
  const present = ['ring_buffer_depth_ms', 'phrase_queue_depth', 'process_cpu_percent', 'process_memory_mb'] as const;

  test('at once where the engine has left', () => {
    world.tables.streams.open('main');
    world.room.joined('main', null, world.now);
    world.send(...PRESENT, synthesis(300));
    expect(world.readAll(...present, 'active_clients')).toEqual([300, 2, 30.5, 700, 3]);
    world.room.left('main');
    expect(world.readAll(...present, 'active_clients')).toEqual([null, null, null, null, null]);
    expect(world.read('synthesis_latency_ms')).toBe(300);
  });

  test('after two minutes where it is silent; what it counted stays', () => {
    world.send(...PRESENT, synthesis(300), { type: 'phrase', generationMs: 700, notes: 12, success: true });
    world.pass(STALLED_MS / 1000 - 1);
    expect(world.readAll(...present)).toEqual([300, 2, 30.5, 700]);
    world.pass(1);
    expect(world.readAll(...present)).toEqual([null, null, null, null]);
    expect(world.readAll('synthesis_latency_ms', 'real_time_factor', 'notes_per_phrase')).toEqual([null, null, null]);
    expect(world.readAll('phrases_generated', 'events')).toEqual([1, 6]);
    world.send(synthesis(500));
    expect(world.readAll('synthesis_latency_ms', 'phrases_generated')).toEqual([500, 2]);
  });

  test('chunks that pass are a sign of life', () => {
    world.tables.streams.open('main');
    world.room.joined('main', null, world.now);
    world.send(synthesis(300));
    world.pass(200, () => world.room.heard('main', new Uint8Array(2), world.now));
    expect(world.read('synthesis_latency_ms')).toBe(300);
  });
});
