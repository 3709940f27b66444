import { ClientMetrics } from '@auralis/client';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

/** Section 5.1 of the specification, word for word but for types. */
class SpecMetrics {
  chunksReceived = 0;
  chunkErrors = 0;
  bufferUnderruns = 0;
  latencySamples: number[] = [];

  recordChunkReceived(timestamp: string | number): void {
    this.chunksReceived++;

    // Calculate latency (if server includes timestamp)
    const now = Date.now();
    const serverTime = new Date(timestamp).getTime();
    const latency = now - serverTime;

    this.latencySamples.push(latency);

    // Keep only last 100 samples
    if (this.latencySamples.length > 100) {
      this.latencySamples.shift();
    }
  }

  recordChunkError(): void {
    this.chunkErrors++;
  }

  recordBufferUnderrun(): void {
    this.bufferUnderruns++;
  }

  getStats(): unknown {
    const avgLatency =
      this.latencySamples.length > 0 ? this.latencySamples.reduce((a, b) => a + b, 0) / this.latencySamples.length : 0;

    return {
      chunksReceived: this.chunksReceived,
      chunkErrors: this.chunkErrors,
      bufferUnderruns: this.bufferUnderruns,
      avgLatencyMs: avgLatency,
      errorRate: this.chunkErrors / Math.max(this.chunksReceived, 1),
    };
  }

  async sendToServer(ws: { send(text: string): void }): Promise<void> {
    const stats = this.getStats();

    ws.send(
      JSON.stringify({
        type: 'client_metrics',
        metrics: stats,
      }),
    );
  }
}

const NOW = 1_700_000_000_000;

async function messageOf(metrics: Pick<ClientMetrics, 'sendToServer'>): Promise<string> {
  const sent: string[] = [];
  await metrics.sendToServer({ send: (text) => sent.push(text) });
  expect(sent).toHaveLength(1);
  return sent[0] as string;
}

describe('ClientMetrics with a socket of the page', () => {
  beforeEach(() => {
    jest.spyOn(Date, 'now').mockReturnValue(NOW);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each<[string, (metrics: SpecMetrics | ClientMetrics) => void]>([
    ['nothing', () => {}],
    ['a chunk, its time as a date string', (metrics) => metrics.recordChunkReceived('2023-11-14T22:13:19.750Z')],
    ['a chunk, its time in ms', (metrics) => metrics.recordChunkReceived(NOW - 42)],
    ['a clock that is 15 s behind', (metrics) => metrics.recordChunkReceived(NOW + 15_000)],
    [
      'errors alone, so that the rate is above 1',
      (metrics) => {
        metrics.recordChunkError();
        metrics.recordChunkError();
      },
    ],
    [
      'some of each',
      (metrics) => {
        for (let chunk = 0; chunk < 30; chunk++) metrics.recordChunkReceived(NOW - chunk * 3);
        for (let error = 0; error < 4; error++) metrics.recordChunkError();
        metrics.recordBufferUnderrun();
      },
    ],
    [
      'more chunks than samples are kept',
      (metrics) => {
        for (let chunk = 0; chunk < 251; chunk++) metrics.recordChunkReceived(NOW - chunk * chunk);
      },
    ],
  ])('sends what the specification sends after %s', async (_, act) => {
    const [spec, ours] = [new SpecMetrics(), new ClientMetrics()];
    act(spec);
    act(ours);
    expect(await messageOf(ours)).toBe(await messageOf(spec));
    expect(ours.getStats()).toEqual(spec.getStats());
  });

  test('counts a chunk whose time is none, and keeps its average', async () => {
    const metrics = new ClientMetrics();
    metrics.recordChunkReceived(NOW - 10);
    metrics.recordChunkReceived('yesterday');
    metrics.recordChunkReceived(Number.NaN);
    metrics.recordChunkReceived();
    expect(metrics.getStats()).toMatchObject({ chunksReceived: 4, avgLatencyMs: 10 });
  });

  test('has no connection of its own, and closing that is nothing', () => {
    const metrics = new ClientMetrics();
    expect([metrics.state, metrics.format, metrics.welcome, metrics.hubNow()]).toEqual([null, null, null, null]);
    metrics.close();
  });
});
