import { AlertManager, AlertSeverity, type EngineEvent, MetricsCollector } from '@auralis/client';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { FakeRuntime } from './fake-world.js';

interface Sent {
  readonly path: string;
  readonly body: unknown;
}

/** A hub that answers with `status` (0: is not there) and notes what it was sent. */
function world(options: { maxWaiting?: number; historySize?: number } = {}) {
  const runtime = new FakeRuntime();
  const sent: Sent[] = [];
  const hub = { status: 202, answer: { accepted: 1, refused: 0, errors: [] } as object };
  const collector = new MetricsCollector({
    url: 'http://hub.example:9000/prefix/',
    stream: 'a.b',
    runtime,
    fetch: async (input, init) => {
      if (hub.status === 0) throw new TypeError('fetch failed');
      sent.push({ path: String(input), body: JSON.parse(String(init?.body)) });
      return new Response(JSON.stringify(hub.answer), { status: hub.status });
    },
    ...options,
  });
  /** Lets time pass, and what it started come to its end. */
  const pass = async (ms: number) => {
    runtime.advance(ms);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  };
  const events = () => sent.flatMap(({ body }) => body as EngineEvent[]);
  return { runtime, sent, hub, collector, pass, events };
}

let warn: jest.SpiedFunction<typeof console.warn>;
beforeEach(() => {
  warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  jest.restoreAllMocks();
});
const warnings = () => warn.mock.calls.map(([text]) => text);

describe('what goes wrong is counted, and said once', () => {
  test('no hub: until it is back, and again if it goes', async () => {
    const { collector, hub, pass } = world();
    hub.status = 0;
    for (let second = 0; second < 5; second++) {
      collector.sender.event({ type: 'queue', depth: 1 });
      await pass(60_000);
    }
    expect(warnings()).toEqual(['Auralis: no hub at http://hub.example:9000/prefix: fetch failed; events wait']);
    hub.status = 202;
    await pass(60_000);
    hub.status = 0;
    collector.sender.event({ type: 'queue', depth: 1 });
    await pass(1_000);
    expect([warnings().length, collector.sender.dropped, collector.sender.refused]).toEqual([2, 0, 0]);
  });

  test('a wrong stream, or a server that is no hub', async () => {
    const { collector, hub, pass } = world();
    hub.status = 400;
    hub.answer = { detail: 'the stream: 1 to 64 of …' };
    for (let second = 0; second < 3; second++) {
      collector.sender.event({ type: 'queue', depth: 1 });
      await pass(1_000);
    }
    hub.status = 200;
    hub.answer = null as unknown as object;
    collector.sender.event({ type: 'queue', depth: 1 });
    await pass(1_000);
    expect(collector.sender.refused).toBe(4);
    expect(warnings()).toEqual([
      'Auralis: the hub refuses what is sent: the stream: 1 to 64 of …',
      'Auralis: http://hub.example:9000/prefix is no hub: it answered 200 without JSON',
    ]);
  });

  test.each([
    ['AURALIS_HUB_URL', 'nowhere', 'AURALIS_HUB_URL: a URL like http://127.0.0.1:8000, not "nowhere"'],
    ['AURALIS_STREAM', 'my stream', 'AURALIS_STREAM: 1 to 64 of A–Z a–z 0–9 . _ -, not "my stream"'],
  ])('a wrong %s', (name, value, problem) => {
    process.env[name] = value;
    try {
      const collector = new MetricsCollector();
      collector.recordSynthesisStart();
      collector.recordChunkSent();
      new AlertManager(collector.sender).sendAlert(AlertSeverity.INFO, 'a', 'b');
      expect([collector.sender.dropped, warnings()]).toEqual([3, [`Auralis: nothing is sent. ${problem}`]]);
    } finally {
      delete process.env[name];
    }
  });
});

describe('what is recorded is sent', () => {
  test('together, a second later, to the stream’s events; counters and gauges only as they are then', async () => {
    const { collector, pass, sent, runtime } = world();
    const first = collector.recordSynthesisStart();
    runtime.advance(100);
    const second = collector.recordSynthesisStart();
    runtime.advance(300);
    expect(collector.recordSynthesisEnd(true, 8, first)).toEqual({ latencyMs: 400, realTimeFactor: 20 });
    expect(collector.recordSynthesisEnd(false, 8, second)).toEqual({ latencyMs: 300, realTimeFactor: 8000 / 300 });
    for (let chunk = 0; chunk < 500; chunk++) collector.recordChunkSent();
    collector.recordChunkDropped();
    collector.takeSnapshot(Number.NaN, 5, 0);
    collector.takeSnapshot(310, 5, 2);
    expect(sent).toEqual([]);
    await pass(1_000);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.path).toBe('http://hub.example:9000/prefix/api/v1/streams/a.b/events');
    expect(sent[0]?.body).toEqual([
      { type: 'synthesis_start', id: first },
      { type: 'synthesis_start', id: second },
      { type: 'synthesis_end', id: first, success: true, latencyMs: 400, phraseDurationSec: 8 },
      { type: 'synthesis_end', id: second, success: false, latencyMs: 300, phraseDurationSec: 8 },
      { type: 'queue', depth: 0 },
      { type: 'queue', depth: 2 },
      { type: 'chunks', sent: 500, dropped: 1 },
      { type: 'buffer', depthMs: 310 },
      { type: 'clients', active: 5 },
    ]);
  });

  test('alerts at once, within what the hub takes', async () => {
    const { collector, pass, sent } = world();
    collector.recordChunkSent();
    const alerts = new AlertManager(collector.sender);
    const title = 'x'.repeat(300);
    alerts.sendAlert(AlertSeverity.ERROR, title, '');
    alerts.sendAlert(AlertSeverity.INFO, 'a', 'b', { key: 'k', lastsS: 60 });
    alerts.resolveAlert(title);
    await pass(0);
    const labels = { stream: 'a.b' };
    const key = 'x'.repeat(200);
    const path = 'http://hub.example:9000/prefix/api/v1/alerts';
    expect(sent.slice(0, 3)).toEqual([
      { path, body: { key, severity: 'error', title: key, message: title, labels } },
      { path, body: { key: 'k', lastsS: 60, severity: 'info', title: 'a', message: 'b', labels } },
      { path: `${path}/resolve`, body: { key, stream: 'a.b' } },
    ]);
  });

  test('to a hub that was away, once it is back: in order, and only the last of counters', async () => {
    const { collector, hub, pass, events } = world();
    hub.status = 0;
    collector.takeSnapshot(100, 1, 1);
    await pass(1_000);
    hub.status = 503;
    collector.takeSnapshot(200, 2, 2);
    await pass(60_000);
    expect(events().length).toBeGreaterThan(0);
    hub.status = 202;
    const before = events().length;
    await pass(60_000);
    expect(events().slice(before)).toEqual([
      { type: 'queue', depth: 1 },
      { type: 'queue', depth: 2 },
      { type: 'buffer', depthMs: 200 },
      { type: 'clients', active: 2 },
      expect.objectContaining({ type: 'process' }),
    ]);
    expect(collector.sender.dropped).toBe(0);
  });

  test('what is too much without a hub is dropped, the oldest first, and counted', async () => {
    const { collector, hub, pass, events } = world({ maxWaiting: 10 });
    hub.status = 0;
    for (let event = 0; event < 25; event++) collector.sender.event({ type: 'queue', depth: event });
    await pass(1_000);
    collector.sender.event({ type: 'queue', depth: 25 });
    expect(collector.sender.dropped).toBe(16);
    hub.status = 202;
    expect(await collector.flush()).toBe(true);
    expect(events().map(({ depth }) => depth)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
  });

  test('what the hub refuses is counted and not sent again', async () => {
    const { collector, hub, pass, sent } = world();
    hub.answer = { accepted: 0, refused: 1, errors: [] };
    collector.takeSnapshot(-5, 1, 1);
    await pass(1_000);
    expect([sent.length, collector.sender.refused]).toEqual([1, 1]);
    hub.status = 413;
    collector.sender.event({ type: 'queue', depth: 1 });
    await pass(1_000);
    await pass(60_000);
    expect([sent.length, collector.sender.refused]).toEqual([2, 2]);
  });

  test('in requests of a thousand at most', async () => {
    const { collector, pass, sent } = world();
    for (let event = 0; event < 2_500; event++) collector.sender.event({ type: 'queue', depth: event });
    collector.recordChunkSent();
    await pass(0);
    expect(sent.map(({ body }) => (body as unknown[]).length)).toEqual([1000, 1000, 501]);
  });
});

describe('what it answers by itself', () => {
  test('means over what was reported, rates over attempts; what nobody reported is left out', async () => {
    const { collector, runtime } = world();
    expect([collector.getSummaryStats(), collector.exportPrometheus()]).toEqual([null, '']);
    expect(collector.recordSynthesisEnd()).toBeNull();
    collector.takeSnapshot(100, 3, 1);
    const stats = collector.getSummaryStats();
    expect(stats).toMatchObject({ totalPhrasesGenerated: 0, totalChunksSent: 0, avgBufferDepthMs: 100 });
    for (const key of ['synthesisErrorRate', 'chunkDropRate', 'avgSynthesisLatencyMs', 'avgRtf']) {
      expect(stats).not.toHaveProperty(key);
    }
    for (const success of [true, true, false]) {
      collector.recordSynthesisStart();
      runtime.advance(200);
      collector.recordSynthesisEnd(success, 4);
    }
    collector.recordChunkSent();
    collector.recordChunkDropped();
    collector.takeSnapshot(300, 4, 1);
    expect(collector.getSummaryStats()).toMatchObject({
      uptimeSeconds: 0.6,
      totalPhrasesGenerated: 2,
      totalSynthesisErrors: 1,
      synthesisErrorRate: 1 / 3,
      chunkDropRate: 0.5,
      avgSynthesisLatencyMs: 200,
      avgRtf: 20,
      avgBufferDepthMs: 200,
      currentActiveClients: 4,
    });
    expect(collector.exportPrometheus()).toContain('# TYPE auralis_phrases_total counter\nauralis_phrases_total 2\n');
  });

  test('is bounded, and forgets syntheses that never end', () => {
    const { collector } = world({ historySize: 3 });
    for (let snapshot = 0; snapshot < 5; snapshot++) collector.takeSnapshot(snapshot, 1, 1);
    expect(collector.history.map(({ bufferDepthMs }) => bufferDepthMs)).toEqual([2, 3, 4]);
    const first = collector.recordSynthesisStart();
    for (let synthesis = 0; synthesis < 256; synthesis++) collector.recordSynthesisStart();
    expect(collector.recordSynthesisEnd(true, 8, first)).toBeNull();
  });
});

test('an address that is none is refused by name', () => {
  expect(() => new MetricsCollector({ url: 'nowhere' })).toThrow(
    'url: a URL like http://127.0.0.1:8000, not "nowhere"',
  );
});
