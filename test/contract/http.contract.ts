import { connect } from 'node:net';
import type { StartTransport } from '@auralis/server/transport/transport';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MAX_BODY_BYTES, sleep, World } from './transport-world.js';

/** Plain HTTP: what every transport promises of it. */
export function httpContract(start: StartTransport): void {
  let world: World;
  beforeEach(async () => {
    world = await World.start(start);
  });
  afterEach(() => world.transport.destroy());

  test('a request comes with method, URL, headers, body and address', async () => {
    world.fetch = async (request, address) => {
      const { method, url, headers } = request;
      return Response.json({
        method,
        url,
        some: headers.get('x-some'),
        host: headers.get('host'),
        address,
        body: await request.text(),
      });
    };
    const response = await fetch(world.url('/a%2Fb/c?d=1&d=%20'), {
      method: 'POST',
      headers: { 'X-Some': 'Ding' },
      body: 'körper',
    });
    expect(await response.json()).toEqual({
      method: 'POST',
      url: world.url('/a%2Fb/c?d=1&d=%20'),
      some: 'Ding',
      host: `127.0.0.1:${world.port}`,
      address: '127.0.0.1',
      body: 'körper',
    });
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('method %s is passed on', async (method) => {
    world.fetch = async (request) => new Response(`${request.method} ${(await request.text()).length}`);
    const response = await fetch(world.url('/x'), { method });
    expect(await response.text()).toBe(`${method} 0`);
  });

  test('a response goes out with status, headers and bytes as they are', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    world.fetch = () => {
      const headers = new Headers({ 'content-type': 'application/octet-stream', 'x-other': 'a, b' });
      headers.append('set-cookie', 'a=1');
      headers.append('set-cookie', 'b=2');
      return new Response(bytes, { status: 203, headers });
    };
    const response = await fetch(world.url('/'));
    expect([response.status, response.headers.get('content-type')]).toEqual([203, 'application/octet-stream']);
    expect([response.headers.get('x-other'), response.headers.getSetCookie()]).toEqual(['a, b', ['a=1', 'b=2']]);
    expect(response.headers.get('content-length')).toBe('256');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  test('a path beyond 2,048 characters is answered 414, and reaches no route', async () => {
    const seen: number[] = [];
    world.fetch = ({ url }) => {
      seen.push(new URL(url).pathname.length);
      return new Response('ok');
    };
    const ask = async (length: number) => (await fetch(world.url(`/${'a/'.repeat(length).slice(1, length)}`))).status;
    expect([await ask(2_048), await ask(2_049), seen]).toEqual([200, 414, [2_048]]);
  });

  test('HEAD gets the head alone, and the connection stays usable', async () => {
    world.fetch = ({ method }) => new Response('hello', { headers: { 'content-length': '5', 'x-method': method } });
    const text = await exchange(world.port, [
      'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    ]);
    const [head, second, body] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(head).toMatch(/content-length: 5/i);
    expect([second?.includes('x-method: GET'), body]).toEqual([true, 'hello']);
  });

  test.each([204, 304])('%d has no body and no length, and the connection stays usable', async (status) => {
    world.fetch = ({ url }) => (url.endsWith('/2') ? new Response('two') : new Response(null, { status }));
    const text = await exchange(world.port, [
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    ]);
    const [head, , body] = text.split('\r\n\r\n');
    expect([head?.includes(String(status)), /content-length: [1-9]/i.test(head ?? ''), body]).toEqual([
      true,
      false,
      'two',
    ]);
  });

  test.each(['GET', 'HEAD'])(
    'who asks for the connection to be closed by %s is told that it will be',
    async (method) => {
      world.fetch = () => new Response('hello');
      const request = `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      expect((await exchange(world.port, [request])).split('\r\n\r\n')[0]).toMatch(/\r\nconnection: close/i);
    },
  );

  test('a response without a body has length 0', async () => {
    world.fetch = () => new Response(null, { status: 202 });
    const response = await fetch(world.url('/'), { method: 'POST', body: 'x' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([202, '0', '']);
  });

  test('a large response and a long one in pieces arrive whole', async () => {
    const large = new Uint8Array(10_000_000).fill(7);
    world.fetch = ({ url }) => new Response(url.endsWith('/large') ? large : pieces(400, 50_000));
    const response = await fetch(world.url('/large'));
    expect(response.headers.get('content-length')).toBe('10000000');
    expect((await response.arrayBuffer()).byteLength).toBe(10_000_000);
    const inPieces = new Uint8Array(await (await fetch(world.url('/pieces'))).arrayBuffer());
    expect([inPieces.length, inPieces[0], inPieces[50_000], inPieces.at(-1)]).toEqual([20_000_000, 0, 1, 399 & 255]);
  });

  test('a response in pieces is taken no faster than it is read, and given up with its reader', async () => {
    let taken = 0;
    let isCancelled = false;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          taken++;
          controller.enqueue(new Uint8Array(100_000));
        },
        cancel: () => {
          isCancelled = true;
        },
      });
    world.fetch = () => new Response(endless());
    const client = connect(world.port, '127.0.0.1');
    client.on('error', () => {});
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    client.pause();
    await sleep(1_000);
    const afterASecond = taken;
    await sleep(300);
    expect(taken).toBe(afterASecond);
    expect(taken).toBeLessThan(200);
    client.destroy();
    for (let waited = 0; !isCancelled && waited < 5_000; waited += 50) await sleep(50);
    expect(isCancelled).toBe(true);
    expect(world.errors).toEqual([]);
  });

  test('a body at its limit is taken, one over it is answered 413, declared or not', async () => {
    world.fetch = async (request) => new Response(String((await request.arrayBuffer()).byteLength));
    const post = (body: Uint8Array | ReadableStream<Uint8Array>) =>
      fetch(world.url('/'), { method: 'POST', body: body as never, duplex: 'half' } as RequestInit);
    expect(await (await post(new Uint8Array(MAX_BODY_BYTES))).text()).toBe(String(MAX_BODY_BYTES));
    expect(await (await post(pieces(10, MAX_BODY_BYTES / 10))).text()).toBe(String(MAX_BODY_BYTES));
    for (const body of [
      new Uint8Array(MAX_BODY_BYTES + 1),
      new Uint8Array(5_000_000),
      pieces(11, MAX_BODY_BYTES / 10),
    ]) {
      const response = await post(body);
      expect([response.status, response.headers.get('content-type')]).toEqual([413, 'application/problem+json']);
      expect(((await response.json()) as { detail: string }).detail).toBe(`a body is at most ${MAX_BODY_BYTES} bytes`);
    }
  });

  test('a fetch that throws is answered 500 and reported; the next goes on', async () => {
    world.fetch = () => {
      throw new Error('sync');
    };
    expect((await fetch(world.url('/'))).status).toBe(500);
    world.fetch = () => Promise.reject(new Error('async'));
    const response = await fetch(world.url('/'));
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
    world.fetch = () => new Response('well');
    expect(await (await fetch(world.url('/'))).text()).toBe('well');
    expect(world.errors).toEqual([new Error('sync'), new Error('async')]);
  });

  test('a client that leaves before the answer disturbs nobody', async () => {
    let answerNow: (response: Response) => void = () => {};
    world.fetch = () =>
      new Promise((resolve) => {
        answerNow = resolve;
      });
    const client = connect(world.port, '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab');
    await sleep(50);
    client.destroy();
    await sleep(50);
    answerNow(new Response('too late'));
    world.fetch = () => new Response('well');
    expect(await (await fetch(world.url('/'))).text()).toBe('well');
    expect(world.errors).toEqual([]);
  });

  test.each([
    ['a Host that moves the path', 'GET /a HTTP/1.1\r\nHost: x/y?z\r\nConnection: close\r\n\r\n', 400],
    ['no Host that can be read', 'GET /a HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
    ['a method that is none', 'TRACE /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 501],
    [
      'bytes that are no ASCII in a header',
      'GET /a HTTP/1.1\r\nHost: a\r\nX-A: \xc3\xbc\r\nConnection: close\r\n\r\n',
      200,
    ],
  ])('%s is answered', async (_, request, status) => {
    expect(Number((await exchange(world.port, [request])).split(' ')[1])).toBe(status);
    expect(world.errors).toEqual([]);
  });

  const POST = 'POST /first HTTP/1.1\r\nHost: a\r\n';
  test.each([
    ['two lengths that differ', `${POST}Content-Length: 5\r\nContent-Length: 0\r\n\r\nab`],
    ['two equal lengths', `${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`],
    ['a list of lengths', `${POST}Content-Length: 2, 2\r\n\r\nab`],
    ['a signed length', `${POST}Content-Length: +2\r\n\r\nab`],
    ['a length of a GET twice', 'GET /first HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n'],
    ['a length and chunks', `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['another encoding', `${POST}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n`],
    ['an encoding that looks like chunked', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['two encodings', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['an encoding twice', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two hosts', `GET /first HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`],
    ['an upgrade without Connection', `${UPGRADE}\r\n`],
    ['an upgrade with another Connection', `${UPGRADE}Connection: keep-alive\r\n\r\n`],
    ['an upgrade with two hosts', `${UPGRADE}Connection: Upgrade\r\nHost: b\r\n\r\n`],
    ['an upgrade with two lengths', `${UPGRADE}Connection: Upgrade\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n`],
  ])('a request with %s is refused, and nothing behind it is served', async (_, request) => {
    const asked: string[] = [];
    world.fetch = ({ url }) => {
      asked.push(url);
      return new Response('served');
    };
    const next = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const text = await exchange(world.port, [request]);
    expect([text.split(' ')[1], text.includes('served')]).toEqual(['400', false]);
    // A transport may also cut the connection at once.
    const together = await exchange(world.port, [request + next]);
    expect(['', '400']).toContain(together.split(' ')[1] ?? '');
    expect([together.includes('served'), asked, world.requests, world.errors]).toEqual([false, [], [], []]);
  });

  test.each(['Upgrade', 'keep-alive, Upgrade', 'upgrade,close'])(
    'an upgrade with Connection: %s is taken',
    async (connection) => {
      expect(await exchange(world.port, [`${UPGRADE}Connection: ${connection}\r\n\r\n`], 200)).toMatch(
        /^HTTP\/1.1 101 /,
      );
    },
  );
}

const UPGRADE =
  'GET /lobby HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

/** `count` pieces of `length` bytes, each filled with its number. */
function pieces(count: number, length: number): ReadableStream<Uint8Array> {
  let index = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (index === count) controller.close();
      else controller.enqueue(new Uint8Array(length).fill(index++));
    },
  });
}

/** Sends requests as they are, one after the other, and returns all that came back until the server closed. */
function exchange(port: number, requests: readonly string[], timeoutMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect(port, '127.0.0.1');
    let text = '';
    client.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    client.on('error', reject);
    client.on('close', () => resolve(text));
    // Only the last asks for the connection to be closed, so all of them must be answered on it.
    for (const [index, request] of requests.entries()) setTimeout(() => client.write(request, 'latin1'), index * 50);
    setTimeout(() => client.destroy(), timeoutMs).unref();
  });
}
