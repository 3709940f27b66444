import { CLOSE, mayReconnect } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask, type Question } from '../harness/http.js';
import { HubProcess } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

const SENDING = { body: '{}', headers: { 'content-type': 'application/json' } };

/** Requests that are allowed without authentication. */
describe.each(['uws', 'ws'])('origins on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport]);
  });
  afterAll(() => hub.stop());

  const from = (origin: string, path: string, { headers, ...question }: Question = {}) =>
    ask(hub.port, path, { ...question, headers: { ...headers, origin } });

  test.each<[string, string, string | undefined]>([
    ['the summary, by a page opened from a file', '/api/v1/metrics', 'null'],
    ['the same with a slash', '/api/v1/metrics/', 'null'],
    ['no list, by a page opened from a file', '/api/v1/streams', undefined],
    ['no health, by a page opened from a file', '/healthz', undefined],
    ['no path below the summary, by a page opened from a file', '/api/v1/metrics/x', undefined],
  ])('%s', async (_, path, allowed) => {
    const { headers } = await from('null', path);
    expect([headers['access-control-allow-origin'], headers.vary]).toEqual([allowed, 'origin, accept-encoding']);
  });

  test.each(['/api/v1/metrics', '/api/v1/streams', '/api/v1/openapi.json', '/healthz', '/api/v1/nothing'])(
    '%s is read by loopback pages, and by none of elsewhere',
    async (path) => {
      for (const origin of ['http://localhost:3000', 'http://127.0.0.1:1', 'http://[::1]:5173']) {
        expect((await from(origin, path)).headers['access-control-allow-origin']).toBe(origin);
      }
      for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'http://10.0.0.9']) {
        expect((await from(origin, path)).headers['access-control-allow-origin']).toBeUndefined();
      }
      expect((await ask(hub.port, path)).headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  test('only the SDKs are for every page', async () => {
    for (const path of ['/sdk/audio.js', '/sdk/live.js']) {
      const { status, headers } = await from('https://music.example', path);
      expect([status, headers['access-control-allow-origin']]).toEqual([200, '*']);
    }
    for (const path of ['/', '/listen', '/api/v1/metrics', '/healthz']) {
      expect((await from('https://music.example', path)).headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test.each([
    ['POST', '/api/v1/streams/main/events'],
    ['DELETE', '/api/v1/connections/x'],
  ])('a page asks first whether it may %s', async (method, path) => {
    const preflight = (origin: string) =>
      from(origin, path, {
        method: 'OPTIONS',
        headers: { 'access-control-request-method': method, 'access-control-request-headers': 'content-type' },
      });
    const allowed = await preflight('http://localhost:3000');
    expect(allowed).toMatchObject({
      status: 204,
      body: '',
      headers: {
        'access-control-allow-origin': 'http://localhost:3000',
        'access-control-allow-methods': expect.stringContaining(method),
        'access-control-allow-headers': 'authorization, content-type',
      },
    });
    for (const origin of ['null', 'https://evil.example']) {
      const refused = await preflight(origin);
      expect([refused.status, refused.headers['content-type']]).toEqual([403, 'application/problem+json']);
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  describe('pages of another site', () => {
    const FROM_ELSEWHERE = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await ask(hub.port, path, { headers: { ...FROM_ELSEWHERE, ...headers } })).status;

    test.each([
      '/api/v1/connections?where=client%3Dx',
      '/api/v1/metrics',
      '/api/v1/openapi.json',
      '/metrics',
      '/healthz',
      '/docs',
      '/',
      '/assets/nothing.js',
      '/api/v1/streams/main/listen',
    ])('get nothing of %s', async (path) => {
      const { status, headers, body } = await ask(hub.port, path, { headers: FROM_ELSEWHERE });
      expect([status, headers['content-type'], body]).toEqual([
        403,
        'application/problem+json',
        expect.stringContaining('other sites'),
      ]);
    });

    test.each(['/sdk/audio.js', '/sdk/live.js', '/listen'])('load %s', async (path) => {
      expect(await status(path)).toBe(200);
    });

    test('send CMCD', async () => {
      expect(await status('/api/v1/cmcd?CMCD=bl%3D2000%2Csid%3D%22a%22%2Ccid%3D%22main%22')).toBe(202);
    });

    test('lead a person here, and frame nothing', async () => {
      const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      expect([await status('/', navigation), await status('/api/v1/openapi.json', navigation)]).toEqual([200, 200]);
      expect(await status('/', { ...navigation, 'sec-fetch-dest': 'iframe' })).toBe(403);
    });

    test('read the summary if they were opened from a file, and all if their origin is allowed', async () => {
      const cors = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
      expect(await status('/api/v1/metrics', { ...cors, origin: 'null' })).toBe(200);
      expect(await status('/api/v1/connections', { ...cors, origin: 'null' })).toBe(403);
      expect(await status('/api/v1/connections', { ...cors, origin: 'https://evil.example' })).toBe(403);
      expect(await status('/api/v1/connections', { ...cors, origin: 'http://localhost:3000' })).toBe(200);
    });

    test('of the same site, and programs, are not refused', async () => {
      for (const site of ['same-origin', 'same-site', 'none']) {
        expect(await status('/api/v1/metrics', { 'sec-fetch-site': site })).toBe(200);
      }
    });
  });

  test('a page that may not is refused also what it needs no permission to send', async () => {
    for (const origin of ['null', 'https://evil.example']) {
      const { status } = await from(origin, '/api/v1/streams/main/events', { method: 'POST', ...SENDING });
      expect(status).toBe(403);
      expect((await from(origin, '/api/v1/connections/x', { method: 'DELETE' })).status).toBe(403);
    }
    const { items } = await hub.get<{ items: unknown[] }>('/api/v1/engines');
    expect(items).toEqual([]);
  });

  test.each(['/', '/api/v1/metrics', '/api/v1/openapi.json', '/sdk/audio.js', '/healthz', '/nothing'])(
    '%s under a name that is not ours is refused',
    async (path) => {
      const { status, headers } = await ask(hub.port, path, { headers: { host: 'evil.example' } });
      expect([status, headers['content-type']]).toEqual([421, 'application/problem+json']);
    },
  );

  describe('DELETE of a connection', () => {
    const listen = async () => {
      const socket = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
      const { connectionId } = await socket.nextText<{ connectionId: string }>('welcome');
      return { socket, path: `/api/v1/connections/${connectionId}` };
    };

    test('closes it for good, says why in its row, and counts it', async () => {
      const [removed, stays] = [await listen(), await listen()];
      const { status, body } = await ask(hub.port, removed.path, { method: 'DELETE' });
      const again = await ask(hub.port, removed.path, { method: 'DELETE' });
      expect([status, body, again.status]).toEqual([204, '', 409]);
      const code = await removed.socket.closed;
      expect([code, mayReconnect(code)]).toEqual([CLOSE.REMOVED, false]);
      let row = await hub.get<{ state: string }>(removed.path);
      // Its client sees the close before the hub has the client's answer.
      for (let asked = 0; row.state === 'open' && asked < 100; asked++) row = await hub.get(removed.path);
      expect(row).toMatchObject({ state: 'closed', close_code: CLOSE.REMOVED, reason: 'closed by an operator' });
      expect(await hub.get(stays.path)).toMatchObject({ state: 'open' });
      const { items } = await hub.get<{ items: unknown[] }>('/api/v1/hubs');
      expect(items).toMatchObject([{ listeners_removed: 1 }]);
      await stays.socket.close();
    });

    test('of none, is not found', async () => {
      expect((await ask(hub.port, '/api/v1/connections/none', { method: 'DELETE' })).status).toBe(404);
    });

    test.each(['x-forwarded-for', 'forwarded', 'via'])('is refused where a proxy may have asked (%s)', async (name) => {
      const { socket, path } = await listen();
      const { status } = await ask(hub.port, path, { method: 'DELETE', headers: { [name]: '127.0.0.1' } });
      expect(status).toBe(403);
      expect(await hub.get(path)).toMatchObject({ state: 'open' });
      await socket.close();
    });
  });
});
