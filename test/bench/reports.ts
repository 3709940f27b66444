import { type ClientMetricsReport, Writer } from '@auralis/shared';
import { binaryFrame, textFrame } from './load/frames.js';
import { seededRandom, wanders } from './random.js';

/** Different reports, sent in turn, so that every one changes its row. A power of two: see the pacer's stride. */
const VARIANTS = 64;

/**
 * `full`: all that the SDK sends, in its order. `five`: the five fields of the spec. `shuffled`: `full` in another
 * order.
 */
export type ReportKind = 'full' | 'five' | 'shuffled';

/** `client_metrics` messages whose readings wander as those of one listener on a steady network do. */
export function reportsOf(kind: ReportKind, seed = 1): object[] {
  const random = seededRandom(seed);
  const latency = wanders(random, 80, 6, 20, 300);
  const depth = wanders(random, 320, 60, 60, 900);
  const jitter = wanders(random, 6, 1.5, 0.5, 40);
  const rtt = wanders(random, 45, 5, 10, 250);
  const offset = wanders(random, -4, 0.4, -20, 20);
  let chunks = 12_000;
  const reports: object[] = [];
  for (let at = 0; at < VARIANTS; at++) {
    chunks += 20;
    const five: ClientMetricsReport = {
      chunksReceived: chunks,
      chunkErrors: 0,
      bufferUnderruns: 1,
      avgLatencyMs: shortened(latency()),
      errorRate: 0,
    };
    const full: ClientMetricsReport = {
      ...five,
      // Nothing was sent yet: a confirmation of chunk 0 is always true.
      lastSeq: 0,
      jitterMs: shortened(jitter()),
      rttMs: shortened(rtt()),
      clockOffsetMs: shortened(offset()),
      clockErrorMs: 3.5,
      bufferDepthMs: shortened(depth()),
      underrunDurationMs: 80,
      outputLatencyMs: 23.2,
      startupMs: 640,
      playbackState: 'playing',
      hidden: false,
      sentAt: 1_700_000_000_000 + at * 2000.125,
    };
    reports.push({ type: 'client_metrics', metrics: kind === 'full' ? full : kind === 'five' ? five : reversed(full) });
  }
  return reports;
}

/** Four decimals, as the SDK sends them. */
const shortened = (value: number) => Math.round(value * 1e4) / 1e4;

const reversed = (report: object) => Object.fromEntries(Object.entries(report).reverse());

export const textReports = (kind: ReportKind) => reportsOf(kind).map((report) => textFrame(JSON.stringify(report)));

export function binaryReports(kind: ReportKind): Buffer[] {
  return reportsOf(kind).map((report) => {
    const writer = new Writer(512);
    writer.value(report);
    return binaryFrame(writer.written());
  });
}
