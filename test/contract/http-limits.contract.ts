import { connect, type Socket } from 'node:net';
import { HTTP_LIMITS } from '@auralis/server/transport/http-limits';
import { RequestBody } from '@auralis/server/transport/request-body';
import type { StartTransport } from '@auralis/server/transport/transport';
import { MAX_REQUESTS_PER_TURN } from '@auralis/shared';
import { afterEach, expect, jest, test } from '@jest/globals';
import { sleep, World } from './transport-world.js';

/** All that was written is in the hands of the transport by then: it runs in this process. */
const arrived = () => sleep(100);

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\n';

/** Bodies that strangers send, and answers that they do not read: what every transport bounds. */
export function httpLimitsContract(start: StartTransport): void {
  let world: World;
  const clients: Client[] = [];
  const begin = async (limits: Partial<typeof HTTP_LIMITS>) => {
    world = await World.start(start, { http: { ...HTTP_LIMITS, maxBodyBytes: 100_000, ...limits } });
  };
  const client = (text: string, localAddress = '127.0.0.1') => {
    const made = new Client(world.port, localAddress);
    made.socket.write(text);
    clients.push(made);
    return made;
  };
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    world.transport.destroy();
  });
  const echoLength = async (request: Request) => new Response(String((await request.arrayBuffer()).byteLength));

  test('a request is answered before its body is here if nobody reads that', async () => {
    await begin({});
    world.fetch = () => new Response('no', { status: 401 });
    const { head } = client(`${HEAD}Content-Length: 100000\r\n\r\nabc`);
    expect(await head).toContain(' 401 ');
  });

  test('a body in small chunks is read whole, and one in too many is answered 413', async () => {
    await begin({ maxBodyPieces: 1_000 });
    world.fetch = echoLength;
    const chunks = (count: number) => `${HEAD}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`;
    const taken = client(chunks(1_000));
    expect(await taken.head).toContain(' 200 ');
    expect(taken.text).toMatch(/1000$/);
    expect(await client(chunks(1_500)).head).toContain(' 413 ');
    expect(world.errors).toEqual([]);
  });

  test('a connection that goes on with small chunks ends, even if its request is not answered yet', async () => {
    await begin({ maxBodyPieces: 1_000 });
    const push = jest.spyOn(RequestBody.prototype, 'push');
    world.fetch = async (request) => {
      await request.arrayBuffer().catch(() => {});
      return new Promise<Response>(() => {});
    };
    const endless = client(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(50_000)}`);
    await endless.closed;
    // `ws` hands over the rest of what one read brought: 64 KiB.
    expect(push.mock.calls.length).toBeLessThan(2_000 + 11_000);
    push.mockRestore();
    expect([endless.text, world.errors]).toEqual(['', []]);
  });

  test('bodies are held up to a limit over all connections; more are answered 503 until there is room', async () => {
    await begin({ maxBodiesBytes: 250_000 });
    world.fetch = echoLength;
    const unfinished = `${HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(90_000)}`;
    const first = client(unfinished);
    const second = client(unfinished);
    await arrived();
    const third = client(unfinished, '127.0.0.2');
    expect(await third.head).toMatch(/ 503 [\s\S]*retry-after: \d/i);
    first.socket.destroy();
    second.socket.write('x'.repeat(10_000));
    expect([await second.head, second.text.endsWith('100000')]).toEqual([expect.stringContaining(' 200 '), true]);
    const fourth = client(unfinished);
    fourth.socket.write('x'.repeat(10_000));
    expect(await fourth.head).toContain(' 200 ');
    expect(world.errors).toEqual([]);
  });

  test('one address has a share of what is held for bodies; another is still served', async () => {
    await begin({ maxBodiesBytesPerAddress: 150_000 });
    world.fetch = echoLength;
    const unfinished = `${HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(90_000)}`;
    client(unfinished);
    await arrived();
    expect(await client(unfinished).head).toContain(' 503 ');
    const other = client(unfinished, '127.0.0.2');
    other.socket.write('x'.repeat(10_000));
    expect(await other.head).toContain(' 200 ');
  });

  test('a body that does not come in time is answered 408', async () => {
    await begin({ bodyTimeoutMs: 100 });
    world.fetch = echoLength;
    const slow = client(`${HEAD}Content-Length: 1000\r\n\r\nabc`);
    expect(await slow.head).toMatch(/ 408 [\s\S]*connection: close/i);
    await slow.closed;
  });

  test('a body that breaks off is forgotten', async () => {
    await begin({ maxBodiesBytes: 150_000 });
    world.fetch = echoLength;
    for (let at = 0; at < 2; at++) {
      const broken = client(`${HEAD}Content-Length: 100000\r\n\r\n${'x'.repeat(90_000)}`);
      await arrived();
      broken.socket.destroy();
      await arrived();
    }
    expect(await client(`${HEAD}Content-Length: 3\r\n\r\nabc`).head).toContain(' 200 ');
    expect(world.errors).toEqual([]);
  });

  const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

  /** Answer all requests, and count them: all, and the most in one turn of the event loop. */
  const countTurns = () => {
    const counts = { all: 0, most: 0 };
    let inTurn = 0;
    world.fetch = ({ url }) => {
      counts.all++;
      if (++inTurn === 1) setImmediate(() => (inTurn = 0));
      counts.most = Math.max(counts.most, inTurn);
      return new Response(`<${new URL(url).search}>`);
    };
    return counts;
  };

  test('thousands of pipelined requests end their connection, and few are handled in one turn', async () => {
    await begin({});
    const counts = countTurns();
    const floods = Array.from({ length: 3 }, () => client(GET.repeat(2_000)));
    await Promise.all(floods.map(({ closed }) => closed));
    expect([counts.most <= MAX_REQUESTS_PER_TURN, counts.all < 500]).toEqual([true, true]);
    expect(await client(GET).head).toContain(' 200 ');
    expect(world.errors).toEqual([]);
  });

  test('five pipelined requests are answered in order', async () => {
    await begin({});
    const counts = countTurns();
    const honest = client([1, 2, 3, 4, 5].map((at) => GET.replace('/', `/?${at}`)).join(''));
    for (let tries = 0; !honest.text.includes('<?5>') && tries < 1_000; tries++) await sleep(5);
    expect(honest.text.match(/<.*?>/g)).toEqual(['<?1>', '<?2>', '<?3>', '<?4>', '<?5>']);
    expect(counts.most).toBeLessThanOrEqual(MAX_REQUESTS_PER_TURN);
  });

  test('requests of many connections at once are all answered, few in one turn', async () => {
    await begin({});
    const counts = countTurns();
    const heads = await Promise.all(Array.from({ length: 100 }, () => client(GET).head));
    expect(heads.filter((head) => head.includes(' 200 '))).toHaveLength(100);
    expect(counts.most).toBeLessThanOrEqual(MAX_REQUESTS_PER_TURN);
  });

  test('bodies of pipelined requests whose connection ends are forgotten', async () => {
    await begin({ maxBodiesBytes: 20_000 });
    world.fetch = echoLength;
    const post = `${HEAD}Content-Length: 3\r\n\r\nabc`;
    for (let round = 0; round < 10; round++) await client(post.repeat(2_000)).closed;
    expect(await client(post).head).toContain(' 200 ');
  });

  test('a body whose request waits for its turn is read whole', async () => {
    await begin({});
    world.fetch = echoLength;
    const posts = Array.from({ length: 20 }, () => client(`${HEAD}Content-Length: 3\r\n\r\nabc`));
    for (const { head } of posts) expect(await head).toMatch(/ 200 [\s\S]*3$/);
  });

  const BIG = 20_000_000;

  test('answers that nobody reads are held up to a limit for each address; others are served', async () => {
    await begin({ maxUnreadBytesPerAddress: 30_000_000 });
    const bytes = new Uint8Array(BIG);
    world.fetch = ({ url }) => new Response(url.endsWith('/small') ? 'small' : bytes);
    const unread = client('');
    unread.socket.pause();
    unread.socket.write(GET);
    await arrived();
    const cut = client(GET);
    await cut.closed;
    expect(cut.bytes).toBeLessThan(BIG);
    expect(await client(GET.replace('/', '/small')).head).toContain(' 200 ');
    const other = client(GET, '127.0.0.2');
    await other.until(BIG);
    unread.socket.resume();
    await unread.until(BIG);
    expect(world.errors).toEqual([]);
  });

  test('answers that nobody reads are held up to a limit over all connections', async () => {
    await begin({ maxUnreadBytes: 30_000_000, maxUnreadBytesPerAddress: 30_000_000 });
    const bytes = new Uint8Array(BIG);
    world.fetch = () => new Response(bytes);
    const unread = client('');
    unread.socket.pause();
    unread.socket.write(GET);
    await arrived();
    await client(GET, '127.0.0.2').closed;
    unread.socket.destroy();
    await arrived();
    await client(GET, '127.0.0.2').until(BIG);
  });

  test.each([
    ['whole', () => new Response(new Uint8Array(BIG))],
    ['in pieces', () => new Response(endless())],
  ])('an answer %s that is not read in time is cut', async (_, respond) => {
    await begin({ unreadGraceMs: 100, minReadBytesPerS: 1e9 });
    world.fetch = respond;
    const unread = client('');
    unread.socket.pause();
    unread.socket.write(GET);
    await sleep(500);
    unread.socket.resume();
    await unread.closed;
    expect(world.errors).toEqual([]);
  });
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) });
}

/** A connection that is written to by hand. */
class Client {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** Head of the answer, once it and the packet that brought it are here. */
  readonly head: Promise<string>;
  text = '';
  bytes = 0;
  #onBytes: () => void = () => {};

  constructor(port: number, localAddress: string) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.head = new Promise((resolve) => {
      this.socket.on('data', (piece: Buffer) => {
        this.bytes += piece.length;
        this.#onBytes();
        if (this.text.length > 10_000) return;
        this.text += piece.toString('latin1');
        if (this.text.includes('\r\n\r\n')) resolve(this.text);
      });
      this.closed.then(() => resolve(this.text));
    });
  }

  /** Resolve when this many bytes are here. */
  until(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onBytes = () => this.bytes >= bytes && resolve();
      this.#onBytes();
    });
  }
}
