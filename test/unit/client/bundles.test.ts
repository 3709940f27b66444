import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { FakeHub, FakeSource, SOURCE } from './fake-hub.js';
import { FakeRuntime, fakeSockets, last } from './fake-world.js';

/** From test/dist/unit/client to what the build made. */
const SDK = new URL('../../../../client/dist/web/sdk/', import.meta.url);

describe.each([
  ['audio', 4096],
  ['live', 8192],
])('sdk/%s.js', (name, limit) => {
  const code = readFileSync(new URL(`${name}.js`, SDK), 'utf8');

  test('is small', () => {
    expect(gzipSync(code).length).toBeLessThan(limit);
  });

  test('is one module that imports nothing', () => {
    expect(code).not.toMatch(/\bimport\b|\brequire\(/);
  });
});

describe('as pages load them', () => {
  test('the audio SDK connects in one call', async () => {
    const { ClientMetrics } = await import(new URL('audio.js', SDK).href);
    const { WebSocket, made } = fakeSockets();
    const metrics = ClientMetrics.listen('ws://hub/api/v1/streams/main/listen', {
      WebSocket,
      runtime: new FakeRuntime(),
      client: 'me',
    });
    last(made).accept();
    last(made).receive('{"type":"welcome","reportIntervalMs":2000,"format":null}');
    expect(metrics.state).toBe('open');
    metrics.close();
  });

  test('the live SDK shows rows', async () => {
    const { LiveClient } = await import(new URL('live.js', SDK).href);
    const { WebSocket, made } = fakeSockets();
    const runtime = new FakeRuntime();
    const live = new LiveClient('ws://hub/api/v1/live', { WebSocket, runtime });
    const sub = live.subscribe('connections', {}, () => {});
    const source = new FakeSource(SOURCE);
    source.set('a', 12.5);
    source.delta(runtime.time);
    const hub = new FakeHub(last(made)).accept(runtime.time);
    hub.subscribed(1);
    hub.send(source.snapshot(runtime.time));
    expect(sub.rows.get('a').get('latency_ms')).toBe(12.5);
    live.close();
  });
});
