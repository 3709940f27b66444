import { SummaryHistory } from '@auralis/server/http/summary';
import { CONNECTION, CONNECTION_STATE, HUB, STREAM, TRUST } from '@auralis/server/state/tables';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ANYBODY } from '../limits/holders.js';
import { EngineWorld, synthesis } from './world.js';

let world: EngineWorld;
let history: SummaryHistory;
beforeEach(() => {
  world = new EngineWorld();
  history = new SummaryHistory(world.tables, world.counters.slot, world.totals, world.now);
  world.tables.hubs.set(world.counters.slot, HUB.process_memory_mb, 90);
});

/** Seconds go by, each with a snapshot. */
const pass = (seconds: number, each?: () => void) =>
  world.pass(seconds, () => {
    each?.();
    history.take();
  });
const summary = () => history.summary(world.now);

test('before anything was reported, what only an engine knows is null', () => {
  pass(3);
  expect(summary()).toEqual({
    uptime_seconds: 3,
    total_phrases_generated: null,
    total_synthesis_errors: null,
    synthesis_error_rate: null,
    total_chunks_sent: 0,
    total_chunks_dropped: 0,
    chunk_drop_rate: null,
    avg_synthesis_latency_ms: null,
    avg_rtf: null,
    avg_buffer_depth_ms: null,
    avg_cpu_percent: null,
    avg_memory_mb: 90,
    current_active_clients: 0,
  });
});

test('phrases are successes, and the error rate is failures ÷ attempts', () => {
  world.send(synthesis(300), synthesis(300), synthesis(300), synthesis(300, false));
  expect(summary()).toMatchObject({
    total_phrases_generated: 3,
    total_synthesis_errors: 1,
    synthesis_error_rate: 0.25,
  });
  world.tables.streams.close(0);
  world.pass(1);
  expect(summary()).toMatchObject({ total_phrases_generated: 3, synthesis_error_rate: 0.25 });
});

describe('means', () => {
  test('are over the last hundred snapshots, of what was reported in them', () => {
    pass(50);
    world.send(synthesis(400));
    pass(30);
    expect(summary()).toMatchObject({ avg_synthesis_latency_ms: 400, avg_rtf: 50 });
    world.send(synthesis(200));
    pass(10, () => world.send({ type: 'clients', active: 0 }));
    // 30 × 400 and 10 × 300, the mean of 400 and 200.
    expect(summary().avg_synthesis_latency_ms).toBe((30 * 400 + 10 * 300) / 40);
    pass(100, () => world.send({ type: 'clients', active: 0 }));
    expect(summary().avg_synthesis_latency_ms).toBe(300);
  });

  test('have as many decimal places as their columns', () => {
    world.send(synthesis(400));
    pass(1);
    world.send(synthesis(200), { type: 'buffer', depthMs: 251 });
    pass(1);
    world.send({ type: 'buffer', depthMs: 250 });
    pass(1);
    // (400 + 300 + 300) ÷ 3, and (251 + 250) ÷ 2.
    expect(summary()).toMatchObject({ avg_synthesis_latency_ms: 333.3, avg_buffer_depth_ms: 251 });
  });

  test('of several engines are over those that report', () => {
    world.send(synthesis(400), { type: 'process', cpuPercent: 1, memoryMb: 500 });
    world.room.take('other', [synthesis(200), { type: 'buffer', depthMs: 250 }], ANYBODY, world.now);
    pass(1);
    expect(summary()).toMatchObject({ avg_synthesis_latency_ms: 300, avg_memory_mb: 500, avg_buffer_depth_ms: 250 });
  });

  test('buffer and memory are the engine’s where it reports them, else the listeners’ and the hub’s', () => {
    const { connections } = world.tables;
    const slot = connections.open('listener', ['main']);
    connections.set(slot, CONNECTION.state, CONNECTION_STATE.open);
    connections.set(slot, CONNECTION.buffer_depth_ms, 180);
    connections.set(slot, CONNECTION.trust, TRUST.trusted);
    pass(1);
    expect(summary()).toMatchObject({ avg_buffer_depth_ms: 180, avg_memory_mb: 90 });
    world.send({ type: 'buffer', depthMs: 320 }, { type: 'process', cpuPercent: 20, memoryMb: 650 });
    pass(1);
    expect(summary()).toMatchObject({ avg_buffer_depth_ms: 250, avg_memory_mb: 370 });
  });
});

test('an engine that streams by itself adds its chunks and clients; one that publishes here does not', () => {
  world.counters.add('chunks_sent', 70);
  world.send({ type: 'chunks', sent: 900, dropped: 30 }, { type: 'clients', active: 4 });
  expect(summary()).toMatchObject({
    total_chunks_sent: 970,
    total_chunks_dropped: 30,
    chunk_drop_rate: 0.03,
    current_active_clients: 4,
  });
  world.tables.streams.set(0, STREAM.publishing, 1);
  world.room.joined('main', null, world.now);
  world.send({ type: 'chunks', sent: 1_900, dropped: 60 }, { type: 'clients', active: 9 });
  expect(summary()).toMatchObject({ total_chunks_sent: 970, total_chunks_dropped: 30, current_active_clients: 0 });
});
