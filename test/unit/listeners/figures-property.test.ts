import { STREAM } from '@auralis/server/state/tables';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clock, connect, publish, report, row, sweep, tables } from '../relay/world.js';

/** So few that one false figure would be the 5th percentile. */
const HONEST = 10;
const LEAST_DEPTH_MS = 200;
const ROUNDS = 12;
const SEED = 20_261_130;
let runs = 0;

const anything = fc.oneof(
  fc.double({ min: -86_400_000, max: 86_400_000, noNaN: true }),
  fc.integer({ min: 0, max: 2_000 }),
  fc.constantFrom(0, -1, 86_400_000, -86_400_000, null),
);
const count = fc.oneof(fc.nat(50), fc.nat(), fc.constantFrom(0, 2 ** 42, 2 ** 42 - 1, null));
/** Any report that is not refused. */
const reports = fc.array(
  fc.record(
    {
      bufferDepthMs: anything,
      underrunDurationMs: anything,
      jitterMs: anything,
      rttMs: anything,
      clockErrorMs: anything,
      avgLatencyMs: anything,
      sentAt: anything,
      chunksReceived: count,
      chunkErrors: count,
      bufferUnderruns: count,
      lastSeq: count,
      errorRate: fc.nat(9),
      playbackState: fc.constantFrom('idle', 'starting', 'playing', 'paused', 'stalled', 'ended', null),
      hidden: fc.constantFrom(true, false, null),
    },
    { requiredKeys: [] },
  ),
  { minLength: ROUNDS, maxLength: ROUNDS },
);

test('whatever one listener reports, figures of its stream stay within what honest ones said', () => {
  fc.assert(
    fc.property(reports, (lies) => run(`s${runs++}`, lies)),
    { seed: SEED, numRuns: 40, endOnFailure: true },
  );
});

function run(name: string, lies: readonly object[]): void {
  const engine = connect('publish', '', name);
  const listeners = Array.from({ length: HONEST }, () => connect('listen', '', name));
  const liar = connect('listen', '', name);
  const slot = tables.streams.slotOf(name) as number;
  const stream = (column: keyof typeof STREAM) => tables.streams.get(slot, STREAM[column]);
  const startedAt = clock.now;
  for (const [round, lie] of lies.entries()) {
    publish(engine, 10);
    const lastSeq = (round + 1) * 10;
    for (const [at, honest] of listeners.entries()) {
      const bufferDepthMs = LEAST_DEPTH_MS + at;
      report(honest, { playbackState: 'playing', bufferDepthMs, lastSeq, avgLatencyMs: 20 + at, clockErrorMs: 2 });
    }
    report(liar, lie);
    sweep.run(clock.now);
    const bounds: [keyof typeof STREAM, number, number][] = [
      // It may have run dry in truth.
      ['buffer_depth_p5_ms', 0, LEAST_DEPTH_MS],
      ['buffer_depth_p50_ms', LEAST_DEPTH_MS, LEAST_DEPTH_MS + HONEST],
      ['latency_p50_ms', 20, 20 + HONEST],
      ['listeners_ok', HONEST, HONEST + 1],
    ];
    for (const [column, least, most] of bounds) {
      expect([column, stream(column)]).toEqual([column, Math.min(most, Math.max(least, stream(column)))]);
    }
    // It may have heard silence all the time, but no longer; and nobody else heard any.
    expect(stream('audio_gap_ms') || 0).toBeLessThanOrEqual(clock.now - startedAt + 1_000);
    // A listener that does not confirm drops chunks, as a slow listener does; no other listener does.
    expect([stream('chunks_dropped')]).toEqual(row(slotOf(liar), 'chunks_dropped'));
    expect(row(slotOf(liar), 'messages_refused')).toEqual([0]);
  }
  for (const each of [engine, liar, ...listeners]) each.handler.onClose(each.peer, 1000, false);
}

function slotOf({ peer }: ReturnType<typeof connect>): number {
  const welcome = peer.sent.find((message) => typeof message === 'string') as string;
  return tables.connections.slotOf(JSON.parse(welcome).connectionId) as number;
}
