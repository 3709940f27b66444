import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask } from '../harness/http.js';
import { HubProcess } from '../harness/hub.js';
import { type ProxyOptions, ReverseProxy } from '../harness/reverse-proxy.js';
import { refusedStatus, TestSocket } from '../harness/socket.js';

const PREFIX = '/auralis';
const PUBLIC = `https://hub.example.org${PREFIX}/`;
const HOST = { host: 'hub.example.org' };
const CLIENT = '198.51.100.7';

/** The hub below a path of another name, as a proxy shows it. */
describe.each([
  ['uws', true],
  ['uws', false],
  ['ws', true],
  ['ws', false],
])('behind a proxy on %s, prefix taken away: %s', (transport, strips) => {
  let hub: HubProcess;
  let proxy: ReverseProxy;
  const options: { -readonly [Key in keyof ProxyOptions]: ProxyOptions[Key] } = {
    hubPort: 0,
    prefix: PREFIX,
    strips,
    client: CLIENT,
  };

  beforeAll(async () => {
    const trust = ['--trust-proxy', '127.0.0.1,::1'];
    hub = await HubProcess.start(['--transport', transport, '--public-url', PUBLIC, ...trust]);
    options.hubPort = hub.port;
    proxy = await ReverseProxy.start(options);
  });
  afterAll(async () => {
    proxy.stop();
    await hub.stop();
  });

  const get = (path: string, headers: Record<string, string> = {}) =>
    ask(proxy.port, PREFIX + path, { headers: { ...HOST, ...headers } });

  test('pages, what they load, SDKs and the API are found', async () => {
    for (const page of ['/', '/listen']) {
      const { status, body } = await get(page);
      expect(status).toBe(200);
      // As a browser does: relative to the page.
      const loaded = [...body.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(([, path]) => {
        return new URL(path as string, `https://hub.example.org${PREFIX}${page}`).pathname;
      });
      expect(loaded.length).toBeGreaterThan(2);
      for (const path of loaded) {
        expect(path.startsWith(`${PREFIX}/assets/`)).toBe(true);
        expect((await ask(proxy.port, path, { headers: HOST })).status).toBe(200);
      }
    }
    for (const path of ['/sdk/audio.js', '/sdk/live.js', '/healthz', '/api/v1/metrics', '/api/v1/metrics/']) {
      expect((await get(path)).status).toBe(200);
    }
    const document = (await get('/api/v1/openapi.json')).json<{ servers: unknown }>();
    expect(document.servers).toEqual([{ url: 'https://hub.example.org/auralis' }]);
  });

  test('its name and origin are ours, others are not', async () => {
    const own = await get('/api/v1/streams', { origin: 'https://hub.example.org' });
    expect([own.status, own.headers['access-control-allow-origin']]).toEqual([200, 'https://hub.example.org']);
    const other = await get('/api/v1/streams', { origin: 'https://evil.example' });
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
    expect((await ask(proxy.port, `${PREFIX}/api/v1/streams`, { headers: { host: 'evil.example' } })).status).toBe(421);
  });

  const socketUrl = (path: string) => `ws://127.0.0.1:${proxy.port}${PREFIX}${path}`;

  test('WebSockets pass, and a connection has the address of who asked the proxy', async () => {
    const open = async (forwardedFor?: string) => {
      const headers = { ...HOST, ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }) };
      const socket = await TestSocket.open(socketUrl('/api/v1/streams/main/listen'), [], { headers });
      const { connectionId } = await socket.nextText<{ connectionId: string }>('welcome');
      const { address } = (await get(`/api/v1/connections/${connectionId}`)).json<{ address: string }>();
      await socket.close();
      return address;
    };
    expect(await open()).toBe(CLIENT);
    // Entries that a client invents stand before those of the proxy.
    expect(await open('127.0.0.1, 10.0.0.1')).toBe(CLIENT);
    options.client = '127.0.0.1';
    expect(await open('203.0.113.4')).toBe('203.0.113.4');
    options.client = null;
    expect(await open()).toBe('127.0.0.1');
    options.client = CLIENT;
  });

  test('the dashboard connects under the public origin, no other page does', async () => {
    const live = await TestSocket.open(socketUrl('/api/v1/live'), ['auralis.live.v1.json'], {
      headers: { ...HOST, origin: 'https://hub.example.org' },
    });
    await live.close();
    const evil = { headers: { ...HOST, origin: 'https://evil.example' } };
    expect(await refusedStatus(socketUrl('/api/v1/live'), [], evil)).toBe(403);
    const name = { headers: { host: 'evil.example' } };
    expect(await refusedStatus(socketUrl('/api/v1/live'), [], name)).toBe(421);
    expect(await refusedStatus(socketUrl('/api/v1/streams/a@b/listen'), [], { headers: HOST })).toBe(400);
  });

  test('nobody is taken for local', async () => {
    const path = '/api/v1/connections/x';
    expect((await ask(proxy.port, PREFIX + path, { method: 'DELETE', headers: HOST })).status).toBe(403);
    expect((await ask(options.hubPort, path, { method: 'DELETE' })).status).toBe(403);
  });
});

test('X-Forwarded-For of who is not trusted is not believed', async () => {
  const hub = await HubProcess.start(['--trust-proxy', '10.0.0.0/8']);
  const headers = { 'x-forwarded-for': CLIENT };
  const socket = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`, [], { headers });
  const { connectionId } = await socket.nextText<{ connectionId: string }>('welcome');
  expect(await hub.get(`/api/v1/connections/${connectionId}`)).toMatchObject({ address: '127.0.0.1' });
  await socket.close();
  await hub.stop();
});
