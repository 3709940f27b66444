import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Witness } from './socket.js';
import { type ListenerPlan, World } from './world.js';

/** Chunks that a reported latency is a mean of. */
const SAMPLES = 100;
const SECONDS = 200;
const DAY_MS = 86_400_000;
const OFFSETS_MS = [-15_000, 0, 15_000, DAY_MS];
const DRIFTS = [-50e-6, 0, 50e-6];
const DELAYS_MS = [20, 60, 100, 150, 200, 250, 300];

/** The hub's row right after a report of a listener. */
interface Reading {
  readonly latencyMs: number;
  /** Mean of the true delays of the chunks that it is a mean of. */
  readonly truthMs: number;
  readonly clockErrorMs: number;
  readonly isSynced: boolean;
}

/** Notes the true delay of each chunk as it arrives, and holds each report against them. */
function witnessOf(world: World, readings: Reading[]): Witness {
  const delays: number[] = [];
  return {
    chunk: (trueMs) => {
      delays.push(trueMs);
      if (delays.length > SAMPLES) delays.shift();
    },
    report: (id) => {
      const truthMs = delays.reduce((sum, ms) => sum + ms, 0) / delays.length;
      return () => {
        const [latencyMs, clockErrorMs, clock] = world.row(id, 'latency_ms', 'clock_error_ms', 'clock') as number[];
        readings.push({ latencyMs, truthMs, clockErrorMs, isSynced: clock === 1 } as Reading);
      };
    },
  };
}

type Clock = Pick<ListenerPlan, 'offsetMs' | 'drift'>;
const RIGHT: Clock = { offsetMs: 0, drift: 0 };

/**
 * Runs a stream with a listener for each plan, and returns their readings and the stream's latency, second by second.
 */
function run(
  plans: readonly Omit<ListenerPlan, 'client' | 'seed'>[],
  seconds: number,
  clockless: readonly number[] = [],
) {
  const stream: number[][] = [];
  const world = new World((it) => stream.push(it.stream('latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms')));
  const readings = plans.map((plan, seed) => {
    const ours: Reading[] = [];
    world.listen({ ...plan, client: `l${seed}`, seed, witness: witnessOf(world, ours) });
    return ours;
  });
  for (const [at, offsetMs] of clockless.entries()) startClockless(world, `old${at}`, offsetMs);
  world.run(seconds);
  return { world, readings, stream };
}

/** A page with the specification's class and no more: it knows nothing of the hub's clock. */
function startClockless(world: World, client: string, offsetMs: number): void {
  const samples: number[] = [];
  const plan = { client, offsetMs, drift: 0, upMs: 40, downMs: 40, jitterMs: 4, seed: 1_000 };
  const runtime = world.runtime(plan);
  const socket = world.connect({ ...plan, witness: { chunk: (trueMs) => samples.push(trueMs + offsetMs) } });
  const report = () => {
    const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
    const metrics = {
      chunksReceived: samples.length,
      chunkErrors: 0,
      bufferUnderruns: 0,
      avgLatencyMs: mean,
      errorRate: 0,
    };
    if (samples.length > 0) socket.send(JSON.stringify({ type: 'client_metrics', metrics }));
    runtime.setTimeout(report, 2000);
  };
  report();
}

const percentile = (values: readonly number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.ceil(q * values.length) - 1] as number;

const symmetric = (clockOf: (at: number) => Clock) =>
  Array.from({ length: 84 }, (_, at) => {
    const delayMs = DELAYS_MS[at % DELAYS_MS.length] as number;
    return { upMs: delayMs, downMs: delayMs, jitterMs: 4 + (at % 4), ...clockOf(at) };
  });
const wrong = (at: number): Clock => ({
  offsetMs: OFFSETS_MS[at % OFFSETS_MS.length] as number,
  drift: DRIFTS[at % DRIFTS.length] as number,
});

const errorsOf = (readings: readonly Reading[]) =>
  readings.filter(({ isSynced }) => isSynced).map(({ latencyMs, truthMs }) => Math.abs(latencyMs - truthMs));
/** Cells have one decimal. */
const ROUNDING_MS = 0.11;

describe('latency, with clocks that are 15 s slow, right, 15 s fast and a day fast, drifting by 50 ppm', () => {
  let readings: Reading[][];
  let stream: number[][];
  beforeAll(() => {
    ({ readings, stream } = run(symmetric(wrong), SECONDS));
  });

  test('is within 5 ms of the truth at p95, of each listener on symmetric paths of 20 to 300 ms', () => {
    for (const ours of readings) {
      expect(ours.length).toBeGreaterThan(70);
      expect(ours.filter(({ isSynced }) => !isSynced).length).toBeLessThanOrEqual(1);
      expect(percentile(errorsOf(ours), 0.95)).toBeLessThan(5);
    }
  });

  test('and never further from it than the listener says', () => {
    for (const reading of readings.flat().filter(({ isSynced }) => isSynced)) {
      expect(Math.abs(reading.latencyMs - reading.truthMs)).toBeLessThan(reading.clockErrorMs + ROUNDING_MS);
    }
  });

  test('moves its stream’s by less than 5 ms from what it is with clocks that are right', () => {
    const right = run(
      symmetric(() => RIGHT),
      SECONDS,
    ).stream;
    for (let second = 5; second < right.length; second++) {
      for (const [at, ms] of (right[second] as number[]).entries()) {
        expect(Math.abs((stream[second]?.[at] as number) - ms)).toBeLessThan(5);
      }
    }
  });

  test('and listeners that know nothing of their clocks move it by nothing: they are unsynced', () => {
    const clockless = Array.from({ length: 40 }, (_, at) => OFFSETS_MS[at % OFFSETS_MS.length] as number);
    const { world, stream: among } = run(symmetric(wrong), SECONDS, clockless);
    expect(among).toEqual(stream);
    for (const [at, offsetMs] of clockless.entries()) {
      const [latencyMs, marked] = world.row(`old${at}`, 'latency_ms', 'latency_marked') as [number, number];
      expect(Math.abs(latencyMs - offsetMs - 44)).toBeLessThan(5);
      expect([world.word(`old${at}`, 'clock'), world.word(`old${at}`, 'trust'), marked]).toEqual([
        'unsynced',
        'unsynced',
        Number.NaN,
      ]);
    }
  });
});

test('on asymmetric paths it is wrong by as much as the listener says, and no more', () => {
  const ways = [
    [20, 280],
    [280, 20],
    [5, 295],
    [150, 40],
  ] as const;
  const plans = ways.flatMap(([upMs, downMs]) =>
    Array.from({ length: 12 }, (_, at) => ({ upMs, downMs, jitterMs: 1 + 3 * (at % 4), ...wrong(at) })),
  );
  const { readings } = run(plans, SECONDS);
  for (const [at, ours] of readings.entries()) {
    const errors = errorsOf(ours);
    expect(errors.length).toBeGreaterThan(70);
    const { upMs, downMs } = plans[at] as (typeof plans)[number];
    // Half the difference of the two ways: it cannot be told from a clock that is as much off.
    expect(percentile(errors, 0.5)).toBeGreaterThan(Math.abs(upMs - downMs) / 2 - 10);
    for (const { latencyMs, truthMs, clockErrorMs } of ours.filter(({ isSynced }) => isSynced)) {
      expect(Math.abs(latencyMs - truthMs)).toBeLessThan(clockErrorMs + ROUNDING_MS);
    }
  }
});
