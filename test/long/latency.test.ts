import { ClientMetrics, type Runtime, type SocketConstructor } from '@auralis/client';
import { Writer, writePublishedChunk } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { DelayProxy, type Delays } from '../harness/delay-proxy.js';
import { HubProcess } from '../harness/hub.js';

/** Latency over real sockets, through a proxy that delays: what a listener's row says beside what was true. */

const SECONDS = 90;
/** Chunks that a reported latency is a mean of. */
const SAMPLES = 100;
const OFFSETS_MS = [-15_000, 0, 15_000, 86_400_000];
const DRIFTS = [50e-6, -50e-6, 0];
const SYMMETRIC = [20, 60, 120, 200, 300].map((ms): Delays => ({ upMs: ms, downMs: ms, jitterMs: 3 }));
const ASYMMETRIC: Delays[] = [
  { upMs: 20, downMs: 280, jitterMs: 3 },
  { upMs: 280, downMs: 20, jitterMs: 3 },
  { upMs: 5, downMs: 100, jitterMs: 3 },
];

interface Reading {
  readonly errorMs: number;
  readonly boundMs: number;
}
interface Row {
  readonly client: string;
  readonly reports: number;
  readonly clock: string;
  readonly latency_ms: number;
  readonly clock_error_ms: number;
}
interface Listener {
  readonly client: string;
  readonly delays: Delays;
  readonly metrics: ClientMetrics;
  /** For each report, in order: mean of the true delays of its chunks. */
  readonly truths: number[];
  readonly readings: Reading[];
}

const trueNow = () => performance.timeOrigin + performance.now();
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const percentile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1] as number;

/**
 * The hub's clock minus this process's, which are one machine's: by the quickest of many exchanges without a proxy.
 */
async function clockDifference(hub: HubProcess): Promise<number> {
  const socket = new WebSocket(`${hub.wsUrl}/api/v1/streams/other/listen`);
  let best = { rtt: Number.POSITIVE_INFINITY, offset: 0 };
  socket.on('message', (data, isBinary) => {
    const t3 = trueNow();
    const { type, t0, t1, t2 } = isBinary ? { type: 'chunk' } : JSON.parse(String(data));
    if (type !== 'clock_sync') return;
    const rtt = t3 - t0 - (t2 - t1);
    if (rtt < best.rtt) best = { rtt, offset: (t1 - t0 + t2 - t3) / 2 };
  });
  await new Promise((resolve) => socket.once('open', resolve));
  for (let at = 0; at < 100; at++) {
    socket.send(JSON.stringify({ type: 'clock_sync', t0: trueNow() }));
    await sleep(10);
  }
  socket.terminate();
  return best.offset;
}

/** An SDK on a machine whose clock is `offsetMs` ahead and gains `drift`. */
function listen(port: number, delays: Delays, at: number, hubAheadMs: number): Listener {
  const started = trueNow();
  const offsetMs = OFFSETS_MS[at % OFFSETS_MS.length] as number;
  const drift = DRIFTS[at % DRIFTS.length] as number;
  const runtime: Runtime = {
    now: () => trueNow() + offsetMs + (trueNow() - started) * drift,
    random: Math.random,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  };
  const delaysMs: number[] = [];
  const truths: number[] = [];
  class Witness extends WebSocket {
    override send(data: string): void {
      if (data.startsWith('{"type":"client_metrics"')) {
        truths.push(delaysMs.reduce((sum, ms) => sum + ms, 0) / delaysMs.length);
      }
      super.send(data);
    }
  }
  const client = `c${at}`;
  const metrics = ClientMetrics.listen(`ws://127.0.0.1:${port}/api/v1/streams/main/listen`, {
    client,
    runtime,
    WebSocket: Witness as unknown as SocketConstructor,
    onChunk: ({ sentAtMs }) => {
      delaysMs.push(trueNow() + hubAheadMs - sentAtMs);
      if (delaysMs.length > SAMPLES) delaysMs.shift();
    },
  });
  return { client, delays, metrics, truths, readings: [] };
}

describe('over real sockets and a proxy that delays', () => {
  let hub: HubProcess;
  const proxies: DelayProxy[] = [];
  const listeners: Listener[] = [];

  beforeAll(
    async () => {
      hub = await HubProcess.start();
      const hubAheadMs = await clockDifference(hub);
      const plans = [...SYMMETRIC, ...ASYMMETRIC].flatMap((delays) => OFFSETS_MS.map(() => delays));
      for (const [at, delays] of plans.entries()) {
        const proxy = await DelayProxy.start(hub.port, delays, at + 1);
        proxies.push(proxy);
        listeners.push(listen(proxy.port, delays, at, hubAheadMs));
      }
      const engine = new WebSocket(`${hub.wsUrl}/api/v1/streams/main/publish`);
      await new Promise((resolve) => engine.once('open', resolve));
      const chunk = writePublishedChunk(new Writer(), { durationMs: 100, payload: new Uint8Array(2000) }).slice();
      const publishing = setInterval(() => engine.send(chunk), 100);
      const seen = new Map<string, number>();
      for (const until = trueNow() + SECONDS * 1000; trueNow() < until; await sleep(500)) {
        const { items } = await hub.get<{ items: Row[] }>('/api/v1/connections?stream=main&limit=1000');
        for (const { client, reports, clock, latency_ms, clock_error_ms } of items) {
          const listener = listeners.find((candidate) => candidate.client === client);
          const truth = listener?.truths[reports - 1];
          if (truth === undefined || clock !== 'synced' || seen.get(client) === reports) continue;
          seen.set(client, reports);
          listener?.readings.push({ errorMs: Math.abs(latency_ms - truth), boundMs: clock_error_ms });
        }
      }
      clearInterval(publishing);
      engine.terminate();
    },
    (SECONDS + 60) * 1000,
  );

  afterAll(async () => {
    for (const { metrics } of listeners) metrics.close();
    for (const proxy of proxies) await proxy.stop();
    await hub.stop();
  });

  test('each listener on symmetric paths is within 5 ms of the truth at p95, whatever its clock', () => {
    report('symmetric', SYMMETRIC);
    for (const { readings, delays } of listeners) {
      if (delays.upMs !== delays.downMs) continue;
      expect(readings.length).toBeGreaterThan(SECONDS / 4);
      expect(percentile(errors(readings), 0.95)).toBeLessThan(5);
    }
  });

  test('none is further from the truth than it says, on asymmetric paths neither', () => {
    report('asymmetric', ASYMMETRIC);
    for (const { errorMs, boundMs } of listeners.flatMap(({ readings }) => readings)) {
      expect(errorMs).toBeLessThanOrEqual(boundMs + 0.2);
    }
  });

  /** One line for each path: BENCHMARKS.md has them. */
  function report(kind: string, paths: readonly Delays[]): void {
    const lines = paths.map((path) => {
      const ours = listeners.filter(({ delays }) => delays === path);
      const all = ours.flatMap(({ readings }) => readings);
      const worst = Math.max(...ours.map(({ readings }) => percentile(errors(readings), 0.95)));
      const cells = [
        `${path.upMs} ms there, ${path.downMs} ms back`,
        all.length,
        percentile(errors(all), 0.5).toFixed(1),
        worst.toFixed(1),
        percentile(
          all.map(({ boundMs }) => boundMs),
          0.5,
        ).toFixed(0),
      ];
      return `| ${cells.join(' | ')} |`;
    });
    process.stdout.write(
      `${kind}: path, reports, error p50, worst listener's p95, clockErrorMs p50; ms\n${lines.join('\n')}\n`,
    );
  }
});

const errors = (readings: readonly Reading[]) => readings.map(({ errorMs }) => errorMs);
