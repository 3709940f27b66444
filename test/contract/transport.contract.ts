import { SEND, type StartTransport } from '@auralis/server/transport/transport';
import { MAX_CONTROL_FRAMES_PER_S } from '@auralis/shared';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closePayload, FRAME, type RawOptions, RawSocket } from './raw-socket.js';
import { MAX_FRAMES_PER_S, MAX_MESSAGE_BYTES, sleep, World } from './transport-world.js';

/** Sockets: what every transport promises of them. */
export function socketContract(start: StartTransport): void {
  let world: World;
  const open = (path = '/rooms/a/join', options?: RawOptions) => RawSocket.open(world.port, path, options);
  beforeEach(async () => {
    world = await World.start(start);
  });
  afterEach(() => world.transport.destroy());

  describe('upgrades', () => {
    test('give the route path, query, headers and address, for as long as one likes', async () => {
      const client = await open('/rooms/a%20b/join?x=1&y=%C3%BC&x=2', { headers: { 'X-Some': 'Thing' } });
      await sleep(10);
      const { path, query, headers, remoteAddress } = world.requests[0] as (typeof world.requests)[0];
      expect([client.status, path, remoteAddress]).toEqual([101, '/rooms/a%20b/join', '127.0.0.1']);
      expect([query.getAll('x'), query.get('y')]).toEqual([['1', '2'], 'ü']);
      expect([headers.get('x-some'), headers.get('host')]).toEqual(['Thing', `127.0.0.1:${world.port}`]);
      expect(headers.get('X-Some')).toBeUndefined();
    });

    test('come to the route whose pattern fits the whole path', async () => {
      for (const path of ['/lobby', '/rooms/x/join']) expect((await open(path)).status).toBe(101);
      for (const path of ['/', '/rooms//join', '/rooms/x/join/', '/rooms/x/y/join', '/Rooms/x/join', '/lobby/']) {
        // Elsewhere it is a plain request, which `fetch` answers.
        expect([path, (await open(path)).status]).toEqual([path, 200]);
      }
    });

    test('that are refused get the status and a problem document', async () => {
      world.answer = () => ({ refuse: 409, message: 'tell me why' });
      const client = await open();
      expect([client.status, client.head.toLowerCase()]).toEqual([
        409,
        expect.stringContaining('application/problem+json'),
      ]);
      await client.until(() => client.rest.includes('}'));
      expect(JSON.parse(client.rest)).toEqual({
        type: 'about:blank',
        title: 'Conflict',
        status: 409,
        detail: 'tell me why',
      });
    });

    test('whose route throws are answered 500, and reported', async () => {
      world.answer = () => {
        throw new Error('route');
      };
      expect((await open()).status).toBe(500);
      expect(world.errors).toEqual([new Error('route')]);
    });

    test('with a handshake that is none are refused', async () => {
      expect((await open('/lobby', { headers: { 'Sec-WebSocket-Version': '8' } })).status).toBe(426);
      expect((await open('/lobby', { headers: { 'Sec-WebSocket-Key': 'short' } })).status).toBe(400);
      expect((await open('/lobby', { headers: { Upgrade: 'h2c' } })).status).toBe(200);
      expect(world.recorders).toEqual([]);
    });

    test('echo the subprotocol that the route chose, and no other', async () => {
      const headers = { 'Sec-WebSocket-Protocol': 'one, two' };
      world.answer = (_, recorder) => ({ accept: recorder, protocol: 'two' });
      expect((await open('/lobby', { headers })).head).toMatch(/sec-websocket-protocol: two(\r|$)/i);
      world.answer = (_, recorder) => ({ accept: recorder });
      expect((await open('/lobby', { headers })).head).not.toMatch(/sec-websocket-protocol/i);
    });

    test('never take up compression', async () => {
      const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
      expect((await open('/lobby', { headers })).head).not.toMatch(/sec-websocket-extensions/i);
    });
  });

  describe('messages', () => {
    test('arrive as they were sent, both ways, text and binary', async () => {
      const client = await open();
      const long = 'ü'.repeat(30_000);
      client.send(FRAME.TEXT, 'grüß');
      client.send(FRAME.BINARY, Buffer.from([0, 255, 1]));
      client.send(FRAME.TEXT, long);
      client.send(FRAME.BINARY, '');
      await world.last.until(() => world.last.of('message').length === 4);
      const messages = world.last.of('message').map(({ data, isBinary }) => [data.toString('latin1'), isBinary]);
      const latin = (text: string) => Buffer.from(text).toString('latin1');
      expect(messages).toEqual([
        [latin('grüß'), false],
        ['\0\xff\x01', true],
        [latin(long), false],
        ['', true],
      ]);
      expect(world.lastPeer.send('täxt')).toBe(SEND.SENT);
      expect(world.lastPeer.send(new Uint8Array([9, 8, 7, 6]).subarray(1, 3))).toBe(SEND.SENT);
      await client.until(() => client.frames.length === 2);
      expect(client.frames.map(({ opcode, payload }) => [opcode, payload.toString('latin1')])).toEqual([
        [FRAME.TEXT, latin('täxt')],
        [FRAME.BINARY, '\x08\x07'],
      ]);
    });

    test('may be written from one buffer that is used again', async () => {
      const client = await open();
      client.pause();
      const buffer = new Uint8Array(60_000);
      const sent: number[] = [];
      for (let index = 0; index < 200; index++) {
        buffer.fill(index);
        if (world.lastPeer.send(buffer) !== SEND.DROPPED) sent.push(index);
      }
      buffer.fill(255);
      expect(world.lastPeer.backlog()).toBeGreaterThan(0);
      client.resume();
      await client.until(() => client.frames.length === sent.length);
      expect(client.frames.map(({ payload }) => payload[0])).toEqual(sent);
      for (const { payload } of client.frames) expect(payload.every((byte) => byte === payload[0])).toBe(true);
    });

    test('in fragments and byte by byte arrive whole', async () => {
      const client = await open();
      client.send(FRAME.TEXT, 'a', false);
      client.send(FRAME.PING, 'between');
      client.send(FRAME.CONTINUATION, '', false);
      client.send(FRAME.CONTINUATION, 'b', false);
      client.send(FRAME.CONTINUATION, 'c');
      for (const byte of client.frame(FRAME.BINARY, 'x'.repeat(200))) {
        client.socket.write(Uint8Array.of(byte));
        if (byte % 16 === 0) await sleep(1);
      }
      await world.last.until(() => world.last.of('message').length === 2);
      await client.until(() => client.frames.length === 1);
      expect(world.last.of('message').map(({ data }) => data.toString())).toEqual(['abc', 'x'.repeat(200)]);
      expect(client.frames.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
        [FRAME.PONG, 'between'],
      ]);
    });

    test.each([
      ['in one frame', (client: RawSocket) => client.send(FRAME.BINARY, Buffer.alloc(MAX_MESSAGE_BYTES + 1))],
      [
        'in fragments',
        (client: RawSocket) => {
          client.send(FRAME.BINARY, Buffer.alloc(MAX_MESSAGE_BYTES), false);
          client.send(FRAME.CONTINUATION, Buffer.alloc(1));
        },
      ],
    ])('over the limit %s end the connection, and it is said why', async (_, sendOversize) => {
      const client = await open();
      client.send(FRAME.BINARY, Buffer.alloc(MAX_MESSAGE_BYTES));
      await world.last.until(() => world.last.of('message').length === 1);
      sendOversize(client);
      await client.until(() => client.isEnded);
      await world.last.until(() => world.last.closed !== undefined);
      expect(world.last.closed).toEqual({ kind: 'close', code: expect.any(Number), oversize: true });
      expect([1006, 1009]).toContain(world.last.closed?.code);
      expect(world.last.of('message')).toHaveLength(1);
    });

    test('of text that is not UTF-8 end the connection and reach nobody', async () => {
      const client = await open();
      client.send(FRAME.TEXT, Buffer.from([0x61, 0xff]));
      await client.until(() => client.isEnded);
      await world.last.until(() => world.last.closed !== undefined);
      expect([world.last.of('message'), world.last.closed?.oversize]).toEqual([[], false]);
    });

    test('of many sockets go each to its own', async () => {
      const clients = await Promise.all(Array.from({ length: 200 }, (_, index) => open(`/rooms/${index}/join`)));
      for (const [index, recorder] of world.recorders.entries()) {
        recorder.act = (event, peer) => {
          if (event.kind === 'message') peer.send(`${world.requests[index]?.path}: ${event.data}`);
        };
      }
      for (const [index, client] of clients.entries()) client.send(FRAME.TEXT, String(index));
      await Promise.all(clients.map((client) => client.until(() => client.frames.length === 1)));
      expect(clients.map((client) => client.frames[0]?.payload.toString())).toEqual(
        clients.map((_, index) => `/rooms/${index}/join: ${index}`),
      );
      for (const client of clients) client.destroy();
    });
  });

  describe('pings', () => {
    test('of ours come back with their payload; a pong nobody asked for comes too', async () => {
      const client = await open();
      world.lastPeer.ping(Buffer.from('12345678'));
      world.lastPeer.ping();
      await client.until(() => client.frames.length === 2);
      expect(client.frames.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
        [FRAME.PING, '12345678'],
        [FRAME.PING, ''],
      ]);
      client.send(FRAME.PONG, '12345678');
      await world.last.until(() => world.last.of('pong').length === 1);
      expect(world.last.of('pong')[0]?.payload.toString()).toBe('12345678');
      expect(() => world.lastPeer.ping(new Uint8Array(126))).toThrow(RangeError);
    });

    test('of the peer are answered', async () => {
      const client = await open();
      for (const text of ['0', '1']) client.send(FRAME.PING, text);
      await client.until(() => client.frames.length === 2);
      expect(client.frames.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
        [FRAME.PONG, '0'],
        [FRAME.PONG, '1'],
      ]);
    });
  });

  describe('a flood', () => {
    const flood = async (times: number, send: (client: RawSocket) => void) => {
      const client = await open();
      for (let sent = 0; sent < times; sent++) send(client);
      await client.until(() => client.isEnded || client.frames.at(-1)?.opcode === FRAME.CLOSE);
      const close = client.frames.at(-1)?.payload as Buffer;
      expect([close.readUInt16BE(), world.last.of('message').length <= 2 * MAX_FRAMES_PER_S]).toEqual([1008, true]);
      for (let sent = 0; sent < times; sent++) send(client);
      await world.last.until(() => world.last.closed !== undefined);
      expect(world.last.closed?.code).toBe(1008);
      client.destroy();
      return close.toString('utf8', 2);
    };

    test('of pings, of pongs or of both ends the connection', async () => {
      const reason = 'too many pings and pongs';
      expect(await flood(1_000, (client) => client.send(FRAME.PING, 'x'))).toBe(reason);
      expect(world.last.events.map(({ kind }) => kind)).toEqual(['open', 'close']);
      expect(await flood(1_000, (client) => client.send(FRAME.PONG, 'x'))).toBe(reason);
      expect(world.last.of('pong').length).toBeLessThanOrEqual(2 * MAX_CONTROL_FRAMES_PER_S);
    });

    test('of messages ends the connection', async () => {
      expect(await flood(3 * MAX_FRAMES_PER_S, (client) => client.send(FRAME.TEXT, ''))).toBe('too many frames');
    });

    test('of bytes ends the connection', async () => {
      const message = Buffer.alloc(MAX_MESSAGE_BYTES);
      expect(await flood(100, (client) => client.send(FRAME.BINARY, message))).toBe('too many bytes');
    });

    test('of messages that waited while the hub stood still is forgiven', async () => {
      world.transport.destroy();
      world = await World.start(start, { stalledMs: () => 4_000 });
      const client = await open();
      for (let sent = 0; sent < 4 * MAX_FRAMES_PER_S; sent++) client.send(FRAME.TEXT, '');
      await world.last.until(() => world.last.of('message').length === 4 * MAX_FRAMES_PER_S);
      expect(world.last.closed).toBeUndefined();
      client.destroy();
    });
  });

  test('a handler that throws disturbs nobody, and is reported', async () => {
    const kinds = new Set(['message', 'pong', 'close']);
    world.answer = (_, recorder) => {
      recorder.act = ({ kind }) => {
        if (kinds.has(kind)) throw new Error(kind);
      };
      return { accept: recorder };
    };
    const [bad, good] = [await open(), await open()];
    bad.send(FRAME.TEXT, 'x');
    bad.send(FRAME.PONG, 'x');
    bad.send(FRAME.TEXT, 'y');
    const recorder = world.recorders[0] as (typeof world.recorders)[0];
    await recorder.until(() => recorder.of('message').length === 2);
    bad.destroy();
    await recorder.until(() => recorder.closed !== undefined);
    expect(world.errors.map((error) => (error as Error).message).sort()).toEqual(
      ['message', 'message', 'pong', 'close'].sort(),
    );
    expect(world.lastPeer.send('fine')).toBe(SEND.SENT);
    await good.until(() => good.frames.length === 1);
  });

  test('a handler that cannot open its socket leaves none behind: the socket is closed with 1011', async () => {
    world.answer = (_, recorder) => {
      recorder.act = ({ kind }) => {
        if (kind === 'open') throw new Error('open');
      };
      return { accept: recorder };
    };
    const client = await open();
    await client.until(() => client.frames.length === 1);
    expect(client.frames[0]?.payload.readUInt16BE()).toBe(1011);
    client.send(FRAME.TEXT, 'x');
    client.send(FRAME.CLOSE, closePayload(1011));
    await world.last.until(() => world.last.closed !== undefined);
    expect([world.last.events.map(({ kind }) => kind), world.errors]).toEqual([['open', 'close'], [new Error('open')]]);
  });

  test('messages in a row whose handlers throw are counted, until one is handled', async () => {
    const client = await open();
    world.last.act = (event) => {
      if (event.kind === 'message' && event.data.toString() === 'bad') throw new Error('bad');
    };
    const failed: number[] = [];
    for (const [at, text] of ['bad', 'bad', 'good', 'bad'].entries()) {
      client.send(FRAME.TEXT, text);
      await world.last.until(() => world.last.of('message').length === at + 1);
      await sleep(1);
      failed.push(world.transport.failedMessages);
    }
    expect(failed).toEqual([1, 2, 0, 1]);
  });

  test('cork sends what is in it together, in order, and lets an exception through', async () => {
    const client = await open();
    let packets = 0;
    client.socket.on('data', () => packets++);
    world.lastPeer.cork(() => {
      for (let index = 0; index < 20; index++) expect(world.lastPeer.send(`m${index}`)).not.toBe(SEND.DROPPED);
      world.lastPeer.cork(() => world.lastPeer.send('inner'));
    });
    expect(() =>
      world.lastPeer.cork(() => {
        world.lastPeer.send('before');
        throw new Error('inside');
      }),
    ).toThrow('inside');
    await client.until(() => client.frames.length === 22);
    const texts = client.frames.map(({ payload }) => payload.toString());
    expect(texts).toEqual([...Array.from({ length: 20 }, (_, index) => `m${index}`), 'inner', 'before']);
    expect(packets).toBeLessThanOrEqual(3);
  });

  test('stopListening refuses newcomers and keeps the others; destroy ends those too', async () => {
    const client = await open();
    world.transport.stopListening();
    await expect(fetch(world.url('/'))).rejects.toThrow();
    client.send(FRAME.TEXT, 'still here');
    await world.last.until(() => world.last.of('message').length === 1);
    expect(world.lastPeer.send('you too')).toBe(SEND.SENT);
    await client.until(() => client.frames.length === 1);
    world.transport.destroy();
    await client.until(() => client.isEnded);
    await world.last.until(() => world.last.closed !== undefined);
    expect([world.last.closed?.code, client.frames.length]).toEqual([1006, 1]);
  });
}
