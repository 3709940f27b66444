import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RawSocket } from '../contract/raw-socket.js';
import { AuthFile } from '../harness/auth.js';
import { ask } from '../harness/http.js';
import { HubProcess } from '../harness/hub.js';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

function expectSecure(headers: Headers): void {
  const policy = String(headers['content-security-policy'] ?? '');
  expect(policy).toMatch(/(^|; )default-src 'none'(;|$)/);
  expect(policy).toMatch(/(^|; )frame-ancestors 'none'(;|$)/);
  expect(policy).not.toContain('unsafe-');
  expect([headers['x-content-type-options'], headers['referrer-policy']]).toEqual(['nosniff', 'no-referrer']);
}

describe.each(['uws', 'ws'])('security headers on %s', (transport) => {
  let hub: HubProcess;
  beforeAll(async () => {
    const auth = new AuthFile({ anonymous: ['listener', 'viewer'] });
    hub = await HubProcess.start(['--transport', transport, '--auth-file', auth.path]);
  });
  afterAll(() => hub.stop());

  test.each<[string, string, number, Record<string, string>?]>([
    ['GET', '/', 200],
    ['GET', '/listen', 200],
    ['HEAD', '/listen', 200],
    ['GET', '/docs', 200],
    ['GET', '/docs/', 308],
    ['GET', '/docs/docs.js', 200],
    ['GET', '/docs/swagger-ui-bundle.js', 200],
    ['GET', '/sdk/audio.js', 200],
    ['GET', '/metrics', 200],
    ['GET', '/healthz', 200],
    ['GET', '/api/v1/connections', 200],
    ['GET', '/api/v1/connections?limit=x', 400],
    ['DELETE', '/api/v1/connections/x', 401],
    ['POST', '/api/v1/connections', 405],
    ['GET', '/nothing', 404],
    ['GET', '/healthz', 421, { host: 'evil.example' }],
    ['GET', '/healthz', 400, { host: 'a b' }],
    ['TRACE', '/healthz', 501],
    ['GET', '/api/v1/streams/main/listen', 426],
    ['OPTIONS', '/sdk/audio.js', 204, { 'access-control-request-method': 'GET' }],
    ['OPTIONS', '/api/v1/metrics', 403, { origin: 'null', 'access-control-request-method': 'GET' }],
  ])('%s %s, answered %d', async (method, path, expected, headers = {}) => {
    const answer = await ask(hub.port, path, { method, headers });
    expect(answer.status).toBe(expected);
    expectSecure(answer.headers);
  });

  test('a file that has not changed', async () => {
    const { headers } = await ask(hub.port, '/docs/docs.css');
    const again = await ask(hub.port, '/docs/docs.css', { headers: { 'if-none-match': String(headers.etag) } });
    expect(again.status).toBe(304);
    expectSecure(again.headers);
  });

  test.each<[string, Record<string, string>, number]>([
    ['/api/v1/live', { Origin: 'https://evil.example' }, 403],
    ['/api/v1/streams/main/listen', { Host: 'evil.example' }, 421],
    ['/api/v1/streams/main/listen', { 'Sec-WebSocket-Version': '8' }, 426],
    ['/nowhere', {}, 404],
  ])('an upgrade to %s with %j, refused with %d', async (path, headers, status) => {
    const socket = await RawSocket.open(hub.port, path, { headers });
    const lines = socket.head.split('\r\n').slice(1);
    const found = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]*: */, '')]);
    expect(socket.status).toBe(status);
    expectSecure(Object.fromEntries(found));
    socket.destroy();
  });
});
