import { CLOSE_GRACE_MS, SEND, type StartTransport } from '@auralis/server/transport/transport';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { closePayload, FRAME, type RawOptions, RawSocket } from './raw-socket.js';
import { sleep, World } from './transport-world.js';

/** The end of a socket: who closes it, with what code, and what is still possible afterwards. */
export function closingContract(start: StartTransport): void {
  let world: World;
  const open = (path = '/rooms/a/join', options?: RawOptions) => RawSocket.open(world.port, path, options);
  beforeEach(async () => {
    world = await World.start(start);
  });
  afterEach(() => world.transport.destroy());

  test('by the peer: its code comes, 1005 without one, 1006 without a close frame', async () => {
    const codes: (number | undefined)[] = [];
    for (const end of [
      (client: RawSocket) => client.send(FRAME.CLOSE, closePayload(4123, 'why')),
      (client: RawSocket) => client.send(FRAME.CLOSE, ''),
      (client: RawSocket) => client.destroy(),
      (client: RawSocket) => client.socket.end(),
    ]) {
      const client = await open();
      const recorder = world.last;
      end(client);
      await recorder.until(() => recorder.closed !== undefined);
      codes.push(recorder.closed?.code);
    }
    expect(codes).toEqual([4123, 1005, 1006, 1006]);
  });

  test('by us: code and reason reach the peer, behind what was sent', async () => {
    const client = await open();
    world.lastPeer.send('last words');
    expect(world.lastPeer.isClosing).toBe(false);
    world.lastPeer.close(4001, 'ü'.repeat(100));
    expect(world.lastPeer.isClosing).toBe(true);
    world.lastPeer.close(4002, 'again');
    await client.until(() => client.frames.length === 2);
    expect(client.frames[0]?.payload.toString()).toBe('last words');
    const close = client.frames[1]?.payload as Buffer;
    expect([close.readUInt16BE(), close.toString('utf8', 2)]).toEqual([4001, 'ü'.repeat(61)]);
    client.send(FRAME.CLOSE, close.subarray(0, 2));
    await client.until(() => client.isEnded);
    await world.last.until(() => world.last.closed !== undefined);
    expect(world.last.closed).toEqual({ kind: 'close', code: 4001, oversize: false });
  });

  test('by us is told once, and never from within `close`', async () => {
    const client = await open();
    const seen: number[] = [];
    world.last.act = (event, peer) => {
      if (event.kind !== 'message') return;
      peer.close(4000, 'bye');
      seen.push(world.last.of('close').length);
    };
    client.send(FRAME.TEXT, 'a');
    client.send(FRAME.TEXT, 'b');
    await client.until(() => client.frames.length === 1);
    client.send(FRAME.CLOSE, closePayload(4000));
    await client.until(() => client.isEnded);
    await sleep(50);
    expect([seen, world.last.of('close').length, world.last.of('message').length]).toEqual([[0], 1, 1]);
  });

  test('a watcher is told that a socket is there and that it is gone, once each, however it ends', async () => {
    const told: string[] = [];
    world.answer = (_, accept) => ({
      accept,
      watcher: {
        opened: (peer) =>
          told.push(`opened, ${accept.peer === null ? 'before' : 'after'} its handler; ${peer.backlog()}`),
        closed: () => told.push('closed'),
      },
    });
    const ends: readonly ((client: RawSocket) => void)[] = [
      (client) => client.send(FRAME.CLOSE, closePayload(4123)),
      (client) => client.destroy(),
      () => world.lastPeer.close(4003, 'ended'),
    ];
    for (const end of ends) {
      const client = await open();
      end(client);
      if (end.length === 0) {
        await client.until(() => client.frames.length === 1);
        client.send(FRAME.CLOSE, closePayload(4003));
      }
      await world.last.until(() => world.last.closed !== undefined);
      client.destroy();
    }
    await sleep(20);
    expect(told).toEqual(ends.flatMap(() => ['opened, before its handler; 0', 'closed']));
  });

  test('a watcher learns of the end of a socket that its handler closes at once', async () => {
    const told: string[] = [];
    world.answer = (_, accept) => {
      accept.act = (event, peer) => event.kind === 'open' && peer.close(4104, 'taken');
      return { accept, watcher: { opened: () => told.push('opened'), closed: () => told.push('closed') } };
    };
    const client = await open();
    await client.until(() => client.frames.length === 1);
    client.send(FRAME.CLOSE, closePayload(4104));
    await world.last.until(() => world.last.closed !== undefined);
    expect(told).toEqual(['opened', 'closed']);
  });

  test('a socket that its handler closes at once reaches no handler, whatever waits before the close frame', async () => {
    world.fetch = () => new Response(new Uint8Array(3_000_000));
    world.answer = (_, accept) => {
      accept.act = (event, peer) => event.kind === 'open' && peer.close(4101, 'no');
      return { accept };
    };
    const client = RawSocket.connect(world.port);
    client.pause();
    for (let request = 0; request < 4; request++) {
      client.get('/big');
      await sleep(20);
    }
    client.upgrade('/lobby');
    await sleep(20);
    for (let sent = 0; sent < 50; sent++) client.send(FRAME.TEXT, '{}');
    client.send(FRAME.PONG, '');
    await sleep(100);
    client.resume();
    // A transport may also end a connection that asks on while an answer waits.
    const isSettled = () => client.isEnded || world.recorders[0]?.closed !== undefined;
    for (let tries = 0; !isSettled() && tries < 1_000; tries++) await sleep(5);
    client.destroy();
    const told = world.recorders.flatMap(({ events }) => events.map(({ kind }) => kind));
    expect([[], ['open', 'close']]).toContainEqual(told);
    expect([isSettled(), world.errors]).toEqual([true, []]);
  });

  test('a watcher that throws disturbs nobody, and is reported', async () => {
    const fail = () => {
      throw new Error('watcher');
    };
    world.answer = (_, accept) => ({ accept, watcher: { opened: fail, closed: fail } });
    const client = await open();
    await client.until(() => client.frames.length === 1);
    expect(client.frames[0]?.payload.readUInt16BE()).toBe(1011);
    client.destroy();
    for (let tries = 0; world.errors.length < 2 && tries < 1_000; tries++) await sleep(5);
    expect(world.errors).toEqual([new Error('watcher'), new Error('watcher')]);
  });

  test('a peer that never answers the close frame is cut off', async () => {
    const client = await open('/lobby', { allowHalfOpen: true });
    const began = performance.now();
    world.lastPeer.close(4001, 'go');
    await client.until(() => client.frames.length === 1);
    const closed = new Promise((resolve) => client.socket.once('close', resolve));
    // Writing is how one notices that the other side is gone.
    const writing = setInterval(() => client.send(FRAME.TEXT, 'still here'), 100);
    await closed;
    clearInterval(writing);
    const tookMs = performance.now() - began;
    expect(tookMs).toBeLessThan(CLOSE_GRACE_MS + 5_000);
    expect([world.last.of('message'), world.last.closed?.code]).toEqual([[], 4001]);
  });

  test('a peer that does not even read is cut off', async () => {
    const client = await open();
    client.pause();
    for (let sent = 0; sent < 1_000 && world.lastPeer.send(new Uint8Array(60_000)) !== SEND.DROPPED; ) sent++;
    world.lastPeer.close(4002, 'stalled');
    expect(world.lastPeer.send('more')).toBe(SEND.DROPPED);
    const began = performance.now();
    await world.last.until(() => world.last.closed !== undefined);
    expect(performance.now() - began).toBeLessThan(CLOSE_GRACE_MS + 3_000);
    expect([world.last.closed?.code, world.lastPeer.backlog()]).toEqual([1006, 0]);
    client.destroy();
  });

  test('everything is harmless on a peer that has closed', async () => {
    const client = await open();
    const peer = world.lastPeer;
    client.destroy();
    await world.last.until(() => world.last.closed !== undefined);
    peer.ping();
    peer.close(1000, '');
    peer.cork(() => {
      throw new Error('must not run');
    });
    expect([peer.send('x'), peer.send(new Uint8Array(1)), peer.backlog()]).toEqual([SEND.DROPPED, SEND.DROPPED, 0]);
    expect(world.errors).toEqual([]);
  });
}
