import { CLOSE, mayReconnect } from '@auralis/shared';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AuthFile, type TokenName, tokenProtocol } from '../harness/auth.js';
import { ask } from '../harness/http.js';
import { HubProcess } from '../harness/hub.js';
import { TestSocket } from '../harness/socket.js';

/** Whom each route is for. A route that is new, or for somebody else, has to be written down here. */
const ROLES: Readonly<Record<string, string | null>> = {
  'GET /healthz': null,
  'GET /readyz': null,
  'GET /api/v1/openapi.json': null,
  'GET /api/v1/config-schema.json': null,
  'GET /api/v1/metrics': 'viewer',
  'GET /api/v1/metrics/health': 'viewer',
  'GET /api/v1/metrics/prometheus': 'viewer',
  'GET /metrics': 'viewer',
  'GET /api/v1/streams': 'viewer',
  'GET /api/v1/streams/{id}': 'viewer',
  'GET /api/v1/connections': 'viewer',
  'GET /api/v1/connections/{id}': 'viewer',
  'DELETE /api/v1/connections/{id}': 'admin',
  'GET /api/v1/engines': 'viewer',
  'GET /api/v1/engines/{id}': 'viewer',
  'GET /api/v1/hosts': 'viewer',
  'GET /api/v1/hosts/{id}': 'viewer',
  'GET /api/v1/gpus': 'viewer',
  'GET /api/v1/gpus/{id}': 'viewer',
  'GET /api/v1/hubs': 'viewer',
  'GET /api/v1/hubs/{id}': 'viewer',
  'GET /api/v1/history': 'viewer',
  'GET /api/v1/history/frames': 'viewer',
  'GET /api/v1/alerts': 'viewer',
  'GET /api/v1/alerts/{id}': 'viewer',
  'POST /api/v1/alerts': 'publisher',
  'POST /api/v1/alerts/resolve': 'publisher',
  'POST /api/v1/alerts/{id}/resolve': 'admin',
  'GET /api/v1/alerts/silences': 'viewer',
  'POST /api/v1/alerts/silences': 'admin',
  'DELETE /api/v1/alerts/silences/{id}': 'admin',
  'GET /api/v1/notifiers': 'viewer',
  'POST /api/v1/streams/{stream}/events': 'publisher',
  'POST /api/v1/streams/{stream}/reports': 'publisher',
  'GET /api/v1/cmcd': 'listener',
  'POST /api/v1/cmcd': 'listener',
  'GET /api/v1/streams/{stream}/listen': 'listener',
  'GET /api/v1/streams/{stream}/publish': 'publisher',
  'GET /api/v1/live': 'viewer',
};
const BODIES: Readonly<Record<string, object>> = {
  'POST /api/v1/alerts': { severity: 'info', title: 'test', message: 'test', stream: 'main' },
  'POST /api/v1/alerts/resolve': { key: 'test', stream: 'main' },
};
const PAGES = ['/', '/listen', '/docs', '/docs/swagger-ui.css', '/sdk/audio.js', '/sdk/live.js'];

interface Operation {
  readonly description?: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<Record<string, object>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: object };
}

describe.each(['uws', 'ws'])('an auth file, on %s', (transport) => {
  const auth = new AuthFile({ origins: ['https://music.example'] });
  let hub: HubProcess;
  let document: Document;
  beforeAll(async () => {
    hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path, '--log-level', 'trace']);
    document = (await ask(hub.port, '/api/v1/openapi.json')).json<Document>();
  });
  afterAll(() => hub.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    );
  const send = (route: string, headers: Readonly<Record<string, string>> = {}) => {
    const [method = '', path = ''] = route.split(' ');
    const filled = path.replace('{stream}', 'main').replace('{id}', 'none');
    const body = method === 'POST' ? JSON.stringify(BODIES[route] ?? []) : undefined;
    const question = { method, headers: { 'content-type': 'application/json', ...headers } };
    return ask(hub.port, filled, body === undefined ? question : { ...question, body });
  };
  const isIn = (status: number) => status !== 401 && status !== 403;

  test('every documented route says whom it is for, in the document and in words', () => {
    const documented = operations().map(([route, { security }]) => [
      route,
      security === undefined ? 'nothing is said' : (security[0]?.bearer?.[0] ?? null),
    ]);
    expect(Object.fromEntries(documented)).toEqual(ROLES);
    for (const [route, { description, responses }] of operations()) {
      const role = ROLES[route];
      if (role === null) continue;
      expect([route, description]).toEqual([route, expect.stringContaining(`Role \`${role}\``)]);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403']));
    }
    expect(document.components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
  });

  test.each<[TokenName, readonly string[]]>([
    ['listener', ['listener']],
    ['publisher', ['publisher']],
    ['viewer', ['viewer']],
    ['admin', ['listener', 'publisher', 'viewer', 'admin']],
    ['engine', ['publisher', 'viewer']],
    ['elsewhere', []],
  ])('token of %s: in where it has the role, 403 elsewhere', async (name, roles) => {
    for (const [route] of operations()) {
      const role = ROLES[route] ?? null;
      const { status, headers } = await send(route, auth.headers(name));
      const expected = role === null || roles.includes(role);
      expect([route, expected ? isIn(status) : status]).toEqual([route, expected ? true : 403]);
      if (!expected) expect(headers['www-authenticate']).toContain('error="insufficient_scope"');
    }
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['no token', {}, 'Bearer realm="auralis"'],
    ['no Bearer', { authorization: 'Basic YWJj' }, 'Bearer realm="auralis"'],
    ['one that nobody has', { authorization: 'Bearer nothing' }, 'Bearer realm="auralis", error="invalid_token"'],
    ['one that has expired', auth.headers('expired'), 'Bearer realm="auralis", error="invalid_token"'],
  ])('%s: 401 but where none is asked for', async (_, given, challenge) => {
    for (const [route] of operations()) {
      const { status, headers, json } = await send(route, given);
      if (ROLES[route] === null) {
        expect([route, status]).toEqual([route, 200]);
        continue;
      }
      expect([route, status, headers['www-authenticate']]).toEqual([route, 401, challenge]);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(json()).toMatchObject({ type: 'about:blank', title: 'Unauthorized', status: 401 });
    }
  });

  test('no detour leads in', async () => {
    for (const [method, path] of [
      ['HEAD', '/metrics'],
      ['GET', '/api/v1/hubs/'],
      ['GET', '//api/v1/hubs'],
      ['GET', '/api/v1/%68ubs'],
      ['GET', `/api/v1/hubs?token=${encodeURIComponent(auth.tokens.admin)}`],
      ['GET', `/api/v1/hubs?access_token=${encodeURIComponent(auth.tokens.admin)}`],
    ] as const) {
      const { status } = await ask(hub.port, path, { method });
      expect([path, [401, 404].includes(status)]).toEqual([path, true]);
    }
    const headers = { ...auth.headers('elsewhere'), 'content-type': 'application/json' };
    for (const path of [
      '/api/v1/streams/m%61in/events',
      '/api/v1/streams/main/events/',
      '/api/v1/streams/Other/events',
    ]) {
      expect((await ask(hub.port, path, { method: 'POST', headers, body: '[]' })).status).toBe(403);
    }
  });

  test('what a browser loads before it can bring a token is open', async () => {
    for (const path of PAGES) expect([path, (await ask(hub.port, path)).status]).toEqual([path, 200]);
  });

  test('a token for some streams may do there what its roles say', async () => {
    const headers = { ...auth.headers('elsewhere'), 'content-type': 'application/json' };
    const post = (path: string, body: object) =>
      ask(hub.port, path, { method: 'POST', headers, body: JSON.stringify(body) });
    const event = [{ type: 'queue', depth: 2 }];
    expect((await post('/api/v1/streams/other/events', event)).status).toBe(202);
    expect((await post('/api/v1/streams/main/events', event)).status).toBe(403);
    const alert = { severity: 'info', title: 'test', message: 'test' };
    expect((await post('/api/v1/alerts', { ...alert, labels: { stream: 'other' } })).status).toBe(201);
    for (const stream of [{ labels: { stream: 'main' } }, { labels: { stream: 'other' }, stream: 'main' }, {}]) {
      expect((await post('/api/v1/alerts', { ...alert, ...stream })).status).toBe(403);
    }
    const cmcd = (query: string) =>
      ask(hub.port, `/api/v1/cmcd?CMCD=${encodeURIComponent('bl=1,sid="a"')}${query}`, { headers });
    expect((await cmcd('&stream=other')).status).toBe(202);
    expect([(await cmcd('&stream=main')).status, (await cmcd('')).status]).toEqual([403, 403]);
  });

  test('an admin closes a connection, from wherever it asks', async () => {
    const options = { headers: auth.headers('listener') };
    const socket = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`, [], options);
    const { connectionId } = await socket.nextText<{ connectionId: string }>('welcome');
    const remove = (headers: Readonly<Record<string, string>>) =>
      ask(hub.port, `/api/v1/connections/${connectionId}`, { method: 'DELETE', headers });
    expect([(await remove({})).status, (await remove(auth.headers('viewer'))).status]).toEqual([401, 403]);
    expect((await remove({ ...auth.headers('admin'), 'x-forwarded-for': '192.0.2.1' })).status).toBe(204);
    expect(await socket.closed).toBe(CLOSE.REMOVED);
  });

  describe('sockets', () => {
    const SOCKETS: readonly (readonly [string, TokenName, string])[] = [
      ['/api/v1/streams/main/listen', 'listener', 'auralis.audio.v1'],
      ['/api/v1/streams/main/publish', 'publisher', 'auralis.audio.v1'],
      ['/api/v1/live', 'viewer', 'auralis.live.v1.json'],
    ];

    test.each(SOCKETS)(
      '%s takes a token of %s, in a header or as a subprotocol, which is not echoed',
      async (path, role, protocol) => {
        for (const name of [role, 'admin'] as const) {
          const token = auth.tokens[name];
          for (const [protocols, headers] of [
            [[], auth.headers(name)],
            [[protocol], auth.headers(name)],
            [[protocol, tokenProtocol(token)], {}],
            [[tokenProtocol(token), protocol], {}],
          ] as const) {
            const socket = await TestSocket.open(hub.wsUrl + path, [...protocols], { headers });
            expect(socket.ws.protocol).toBe(protocols.length === 0 ? '' : protocol);
            expect(await socket.close()).toBe(1005);
          }
        }
      },
    );

    test.each(SOCKETS)(
      '%s without a token of %s is told so by the close code, and not to come again',
      async (path, role, protocol) => {
        const others = (['listener', 'publisher', 'viewer', 'expired'] as const).filter((name) => name !== role);
        const stream = path.includes('/streams/') ? (['elsewhere'] as const) : [];
        for (const [protocols, headers] of [
          [[], {}],
          [[protocol], {}],
          [[tokenProtocol('nothing'), protocol], {}],
          ...[...others, ...stream].flatMap((name) => [
            [[protocol], auth.headers(name)] as const,
            [[protocol, tokenProtocol(auth.tokens[name])], {}] as const,
          ]),
        ] as const) {
          const socket = await TestSocket.open(hub.wsUrl + path, [...protocols], { headers: { ...headers } });
          const code = await socket.closed;
          expect([code, mayReconnect(code), socket.received.length]).toEqual([CLOSE.NOT_ALLOWED, false, 0]);
          expect(socket.ws.protocol).toBe(protocols.length === 0 ? '' : protocol);
        }
      },
    );

    test('a token in the address is none', async () => {
      const token = encodeURIComponent(auth.tokens.admin);
      for (const name of ['token', 'access_token', 'authorization']) {
        const socket = await TestSocket.open(`${hub.wsUrl}/api/v1/live?${name}=${token}`);
        expect(await socket.closed).toBe(CLOSE.NOT_ALLOWED);
      }
    });
  });

  test('pages of the listed origins may ask, with a token; those of loopback addresses are no exception', async () => {
    const preflight = (origin: string) =>
      ask(hub.port, '/api/v1/streams/main/events', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    const allowed = await preflight('https://music.example');
    expect(allowed).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': 'https://music.example',
        'access-control-allow-headers': expect.stringContaining('authorization'),
      },
    });
    for (const origin of ['https://evil.example', 'http://localhost:3000', 'null']) {
      expect((await preflight(origin)).status).toBe(403);
      const { headers } = await ask(hub.port, '/api/v1/metrics', { headers: { ...auth.headers('viewer'), origin } });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    // A page must be able to see that it is refused.
    const refused = await ask(hub.port, '/api/v1/metrics', { headers: { origin: 'https://music.example' } });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, 'https://music.example']);
  });

  test('refusals are counted', async () => {
    interface Hub {
      readonly requests_refused: number;
      readonly upgrades_refused: number;
    }
    const counts = async () => {
      const { items } = (await ask(hub.port, '/api/v1/hubs', { headers: auth.headers('viewer') })).json<{
        items: Hub[];
      }>();
      return items[0] as Hub;
    };
    const before = await counts();
    await send('GET /metrics');
    await send('DELETE /api/v1/connections/{id}', auth.headers('viewer'));
    await (await TestSocket.open(`${hub.wsUrl}/api/v1/live`)).closed;
    const after = await counts();
    expect(after.requests_refused - before.requests_refused).toBe(2);
    expect(after.upgrades_refused - before.upgrades_refused).toBe(1);
  });

  // The last: all that was sent above is in the log by now.
  test('no token is in the log', async () => {
    expect(hub.log).toContain('7 tokens are known; without one nobody may do anything');
    const base64 = (text: string) => Buffer.from(text).toString('base64url');
    for (const token of Object.values(auth.tokens)) {
      expect(hub.log).not.toContain(token);
      expect(hub.log).not.toContain(base64(token));
      expect(hub.log).not.toContain(encodeURIComponent(token));
    }
  });
});

test('who brings no token may do what the file says, and a bad token is still refused', async () => {
  const auth = new AuthFile({ anonymous: ['listener'] });
  const hub = await HubProcess.start(['--auth-file', auth.path]);
  try {
    const listener = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`);
    await listener.nextText('welcome');
    await listener.close();
    const bad = await TestSocket.open(`${hub.wsUrl}/api/v1/streams/main/listen`, [], {
      headers: { authorization: 'Bearer nothing' },
    });
    expect(await bad.closed).toBe(CLOSE.NOT_ALLOWED);
    const live = await TestSocket.open(`${hub.wsUrl}/api/v1/live`);
    expect(await live.closed).toBe(CLOSE.NOT_ALLOWED);
    expect((await ask(hub.port, '/api/v1/connections')).status).toBe(401);
  } finally {
    await hub.stop();
  }
});

test('below a path, too', async () => {
  const auth = new AuthFile();
  const hub = await HubProcess.start(['--auth-file', auth.path, '--public-url', 'http://127.0.0.1/auralis']);
  try {
    const options = { headers: auth.headers('elsewhere') };
    const own = await TestSocket.open(`${hub.wsUrl}/auralis/api/v1/streams/other/listen`, [], options);
    await own.nextText('welcome');
    await own.close();
    const others = await TestSocket.open(`${hub.wsUrl}/auralis/api/v1/streams/main/listen`, [], options);
    expect(await others.closed).toBe(CLOSE.NOT_ALLOWED);
    const status = async (path: string, headers = {}) => (await ask(hub.port, path, { headers })).status;
    expect([await status('/auralis/metrics'), await status('/metrics')]).toEqual([401, 401]);
    expect(await status('/auralis/metrics', auth.headers('viewer'))).toBe(200);
  } finally {
    await hub.stop();
  }
});
