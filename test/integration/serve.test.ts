import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { RawSocket } from '../contract/raw-socket.js';
import { HubProcess, newDataDir, runCommand } from '../harness/hub.js';
import { LiveSocket, TestSocket } from '../harness/socket.js';

let hub: HubProcess | undefined;
afterEach(async () => {
  await hub?.stop();
  hub = undefined;
});

describe.each(['uws', 'ws'])('serve on %s', (transport) => {
  const start = async (...args: string[]) => {
    hub = await HubProcess.start(['--transport', transport, ...args]);
    return hub;
  };

  test('answers health, the summary with every key of the spec, and lists', async () => {
    const { url } = await start();
    expect(await hub?.get('/healthz')).toEqual({ status: 'alive' });
    for (const path of ['/api/v1/metrics', '/api/v1/metrics/']) {
      const summary = await hub?.get<Record<string, unknown>>(path);
      expect(Object.keys(summary ?? {})).toEqual([
        'uptime_seconds',
        'total_phrases_generated',
        'total_synthesis_errors',
        'synthesis_error_rate',
        'total_chunks_sent',
        'total_chunks_dropped',
        'chunk_drop_rate',
        'avg_synthesis_latency_ms',
        'avg_rtf',
        'avg_buffer_depth_ms',
        'avg_cpu_percent',
        'avg_memory_mb',
        'current_active_clients',
        'streams',
        'hosts',
        'gpus',
      ]);
      expect(summary).toMatchObject({
        total_phrases_generated: null,
        chunk_drop_rate: null,
        current_active_clients: 0,
      });
    }
    expect(await hub?.get('/api/v1/streams')).toEqual({ items: [], total: 0, next: null });
    expect(await hub?.get('/api/v1/connections?stream=main')).toEqual({ items: [], total: 0, next: null });
    const hubs = await hub?.get<{ items: unknown[] }>('/api/v1/hubs');
    expect(hubs?.items).toEqual([expect.objectContaining({ transport, active_connections: 0, errors: 0 })]);
    const wrong = await fetch(`${url}/api/v1/connections?limit=none`);
    expect([wrong.status, wrong.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    expect(((await wrong.json()) as { detail: string }).detail).toContain('limit: a whole number from 1 to 1000');
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });

  test('lets only pages read that may', async () => {
    const { url } = await start();
    const allowed = async (path: string, origin: string) =>
      (await fetch(url + path, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await allowed('/api/v1/metrics', 'null')).toBe('null');
    expect(await allowed('/api/v1/streams', 'null')).toBeNull();
    expect(await allowed('/api/v1/streams', 'http://localhost:3000')).toBe('http://localhost:3000');
    expect(await allowed('/api/v1/streams', 'https://evil.example')).toBeNull();
    expect(await allowed('/sdk/audio.js', 'https://music.example')).toBe('*');
  });

  test('a second hub on the port fails with a clear line', async () => {
    const { port } = await start();
    const second = await runCommand(['serve', '--transport', transport, '--port', String(port)]);
    expect(second.code).toBe(1);
    expect(second.output).toMatch(new RegExp(`auralis-hub: .*127\\.0\\.0\\.1:${port}.*in use`));
  });

  test('SIGTERM drains: everybody is told 4000, and it exits 0 within 5 s', async () => {
    const { wsUrl } = await start();
    const listener = await TestSocket.open(`${wsUrl}/api/v1/streams/main/listen`);
    const engine = await TestSocket.open(`${wsUrl}/api/v1/streams/main/publish`);
    const live = new LiveSocket(wsUrl);
    await live.nextResponse('welcome');
    const [stopped, ...codes] = await Promise.all([hub?.stop(), listener.closed, engine.closed, live.closed]);
    expect(codes).toEqual([4000, 4000, 4000]);
    expect(stopped?.code).toBe(0);
    expect(stopped?.ms).toBeLessThan(5000);
  });

  test('SIGTERM ends it in time though a client never answers', async () => {
    const { wsUrl, pid } = await start();
    const mute = await TestSocket.open(`${wsUrl}/api/v1/streams/main/listen`);
    mute.ws.pause();
    // More signals while it drains do not cut that short; in its very last moments nothing catches one any more.
    const signals = [200, 400, 600, 800].map((ms) => setTimeout(() => process.kill(pid), ms));
    const stopped = await hub?.stop().finally(() => signals.map(clearTimeout));
    expect(stopped?.code).toBe(0);
    expect(stopped?.ms).toBeLessThan(5000);
    mute.ws.terminate();
  });

  test('SIGTERM ends it in time though a client that was refused keeps its side open', async () => {
    const { port } = await start();
    const refused = await RawSocket.open(port, '/api/v1/streams/a@b/listen', { allowHalfOpen: true });
    expect(refused.status).toBe(400);
    const stopped = await hub?.stop();
    expect(stopped?.code).toBe(0);
    expect(stopped?.ms).toBeLessThan(5000);
    refused.destroy();
  });

  test('SIGTERM ends it in time though connections broke off with answers that wait', async () => {
    const { port } = await start();
    for (let opened = 0; opened < 100; opened++) {
      const client = RawSocket.connect(port);
      for (let asked = 0; asked < 5; asked++) client.get('/api/v1/metrics');
      await sleep(opened % 6);
      client.socket.resetAndDestroy();
    }
    const stopped = await hub?.stop();
    expect(stopped?.code).toBe(0);
    expect(stopped?.ms).toBeLessThan(5000);
  });

  test('--max-clients refuses and counts', async () => {
    const { wsUrl } = await start('--max-clients', '1');
    const first = await TestSocket.open(`${wsUrl}/api/v1/streams/main/listen`);
    await expect(TestSocket.open(`${wsUrl}/api/v1/streams/main/listen`)).rejects.toThrow('503');
    const live = new LiveSocket(wsUrl, 'json');
    await live.nextResponse('welcome');
    live.request({
      kind: 'subscribe',
      sub: 1,
      topic: 'hubs',
      intervalMs: 100,
      options: { columns: ['refused_at_capacity'] },
    });
    expect((await live.nextResponse('snapshot')).columns[0]?.values).toEqual(Float64Array.of(1));
    await Promise.all([first.close(), live.close()]);
  });
});

describe('commands', () => {
  test('does not listen beyond loopback without an auth file', async () => {
    const { code, output } = await runCommand(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect([code, output]).toEqual([2, expect.stringContaining('--insecure-anonymous')]);
    const others = await runCommand(['serve', '--insecure-anonymous', '--port', 'x']);
    expect([others.code, others.output]).toEqual([2, expect.stringMatching(/^auralis-hub: --port: [^\n]*\n$/)]);
  });

  test('--help is worth reading', async () => {
    const { code, output } = await runCommand(['serve', '--help']);
    expect(code).toBe(0);
    expect(output).toMatch(/--port <N>\s+port to listen on; 0 takes any free one\s+\(AURALIS_PORT, default\s+8000\)/);
    expect(output).toContain('Examples:');
  });

  test.each([
    [['serve', '--port', '70000'], '--port: a whole number from 0 to 65535, not "70000"'],
    [['serve', '--prot', '1'], "unknown option '--prot'"],
    [['serve', '--transport', 'quic'], '--transport: one of auto, uws, ws, not "quic"'],
    [['fly'], "unknown command 'fly'"],
    [['simulate', '--listeners', 'many'], '--listeners'],
  ])('%j is refused with exit code 2', async (args, message) => {
    const { code, output } = await runCommand(args);
    expect(code).toBe(2);
    expect(output).toContain(message);
  });

  test('a data directory that cannot be had is an error that says why', async () => {
    const dataDir = newDataDir();
    hub = await HubProcess.start([], { AURALIS_DATA_DIR: dataDir });
    const second = await runCommand(['serve', '--port', '0', '--data-dir', dataDir]);
    const held = `auralis-hub: data directory ${dataDir} is held by the hub with process id ${hub.pid}, since `;
    expect([second.code, second.output]).toEqual([1, expect.stringContaining(held)]);
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
    await hub.stop();
    rmSync(dataDir, { recursive: true });
  });

  // Node's own way to make directories never comes back below /proc.
  test.each([
    [
      '--data-dir',
      '/dev/null/x',
      /: data directory \/dev\/null\/x cannot be used: ENOTDIR: no .* in \/dev\/null; --data-dir/,
    ],
    [
      '--data-dir',
      '/proc/x/y',
      /: data directory \/proc\/x\/y cannot be used: ENOENT: no .* can be made in \/proc; --data-dir/,
    ],
    ['--data-dir', '/proc', /: data directory \/proc cannot be used: ENOENT: .*; --data-dir names another/],
    [
      '--reporter-file',
      '/proc/x/y.log',
      /: reporterFile: \/proc\/x\/y.log cannot be written: ENOENT: no .* in \/proc$/m,
    ],
    ['--reporter-file', '/proc/y.log', /: reporterFile: \/proc\/y.log cannot be written: ENOENT: /],
    ['--reporter-file', '/tmp', /: reporterFile: \/tmp cannot be written: EISDIR: /],
  ])('%s %s is refused by name, with exit code 2', async (flag, path, message) => {
    const { code, output } = await runCommand(['serve', '--port', '0', flag, path]);
    expect([code, output]).toEqual([2, expect.stringMatching(message)]);
  });

  test('a port in use by another program is an error', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const { code, output } = await runCommand(['serve', '--port', String(port)]);
    server.close();
    expect([code, output]).toEqual([1, expect.stringContaining('in use')]);
  });
});
